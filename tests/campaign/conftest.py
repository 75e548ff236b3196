"""One table for all tests of campaigns, and a scheduler for those of a module that need some, whichever."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.campaign.campaigns import Run, told
from tests.support.command_line import Outcome, nhb2
from tests.support.threads_cluster import scheduler_of_threads


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    """Its address. What concerns a campaign's own cluster or its processes starts those.

    It ends with the module: its threads draw from :mod:`random`, whose state other tests compare.
    """
    with scheduler_of_threads() as address:
        yield address


@pytest.fixture
def run(scheduler: str) -> Run:
    def run_it(directory: Path, *options: str, **changes: Any) -> Outcome:
        return nhb2(*told(directory, "--scheduler", scheduler, *options, **changes))

    return run_it
