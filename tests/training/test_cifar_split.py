"""The index lists: what NAS-Bench-201 published, bit for bit."""

from __future__ import annotations

import numpy as np

from nhb2_plugins.training.cifar import split_indices
from tests.training.published import SPLIT_DIGESTS, index_digest


def test_the_lists_part_all_images_in_halves_and_have_the_published_digests() -> None:
    train, valid = split_indices()
    assert len(train) == len(valid) == 25_000
    assert np.array_equal(np.sort(np.concatenate([train, valid])), np.arange(50_000))
    assert train[:8].tolist() == [0, 5, 7, 11, 13, 15, 16, 17]
    assert index_digest(train) == SPLIT_DIGESTS["train"]
    assert index_digest(valid) == SPLIT_DIGESTS["valid"]


def test_a_list_that_is_not_it_has_another_digest() -> None:
    assert index_digest(split_indices()[0][:-1]) != SPLIT_DIGESTS["train"]
