"""Suites over implementations that each break a promise."""

from __future__ import annotations

from collections.abc import Mapping

import pytest


def assert_each_fails_its_test(pytester: pytest.Pytester, head: str, suite: str, broken: Mapping[type, str]) -> None:
    """Each broken implementation fails the test that says so; a sound one fails none, and passes all of those.

    Args:
        pytester: runs the suites.
        head: imports of the suites' module.
        suite: a suite, with ``{0}`` for the name of an implementation; ``Sound`` is one.
        broken: broken implementations, with the test that must fail. Only that one is run.
    """
    suites = head + "".join(suite.format(name) for name in ("Sound", *(each.__name__ for each in broken)))
    matters = " or ".join(["TestSound", *(f"(Test{each.__name__} and {test})" for each, test in broken.items())])
    result = pytester.inline_run("-q", "-k", matters, pytester.makepyfile(test_suites=suites))
    passed, skipped, failed = result.listoutcomes()
    failures = {report.nodeid.partition("[")[0].partition("::Test")[2] for report in failed}
    assert failures == {f"{each.__name__}::{test}" for each, test in broken.items()}
    assert not skipped
    kept = {report.nodeid.partition("[")[0].partition("::TestSound::")[2] for report in passed}
    assert kept >= set(broken.values())
