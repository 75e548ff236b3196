"""The page on training is true: its examples run."""

from __future__ import annotations

from pathlib import Path

from tests.test_docs import run_examples


def test_the_examples_of_the_page_run_one_after_the_other(tmp_path: Path) -> None:
    run_examples("docs/training.md", tmp_path)
