"""The page on these frameworks is true: its examples run, in an environment that has them all."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.test_docs import ELSEWHERE, run_examples


@pytest.mark.parametrize("page", [page for page, environment in ELSEWHERE.items() if environment == "frameworks"])
def test_the_examples_of_a_page_run_one_after_the_other(page: str, tmp_path: Path) -> None:
    run_examples(page, tmp_path)
