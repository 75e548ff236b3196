"""The suites of ``docs/optimizers.md``, as its reader would run them."""

from __future__ import annotations

import pytest

from tests.test_docs import python_blocks

pytest_plugins = "pytester"


def test_the_suites_of_the_page_pass(pytester: pytest.Pytester) -> None:
    page = "\n".join(python_blocks("docs/optimizers.md"))
    passed, _, failed = pytester.inline_run("-q", pytester.makepyfile(test_page=page)).listoutcomes()
    assert not failed
    suites = [report.nodeid.split("::")[1] for report in passed]
    assert (suites.count("TestBestNeighbour"), suites.count("TestOneFileARecord")) == (10, 7)
