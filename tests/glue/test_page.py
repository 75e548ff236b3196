"""The pages on optimizers without an adapter are true: their examples run, in an environment that has them all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.test_docs import ELSEWHERE, run_examples

PAGES = [page for page, environment in ELSEWHERE.items() if environment == os.environ["NHB2_TEST_GLUE"]]


@pytest.mark.parametrize("page", PAGES)
def test_the_examples_of_a_page_run_one_after_the_other(page: str, tmp_path: Path) -> None:
    run_examples(page, tmp_path)
