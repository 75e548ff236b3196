"""The pages of these frameworks are true: their examples run, in an environment that has them all."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.test_docs import ELSEWHERE, compare_with_the_table, run_examples

PAGES = [page for page, environment in ELSEWHERE.items() if environment == "frameworks"]


@pytest.mark.parametrize("page", PAGES)
def test_the_table_of_frameworks_says_what_an_adapter_declares(page: str) -> None:
    compare_with_the_table(page)


@pytest.mark.parametrize("page", PAGES)
def test_the_examples_of_a_page_run_one_after_the_other(page: str, tmp_path: Path) -> None:
    run_examples(page, tmp_path)
