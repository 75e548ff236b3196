"""Tutorials, typed from top to bottom: every command and every block of Python."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.test_docs import ELSEWHERE, run_examples

# The gallery's examples have run when the site was built; its pictures would be missing otherwise.
PAGES = [page for page, environment in ELSEWHERE.items() if environment == "site" and page != "docs/gallery.md"]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_can_be_typed_from_top_to_bottom(page: str, tmp_path: Path) -> None:
    run_examples(page, tmp_path)
