"""``nhb2 run`` as a user runs it; what its runs are is tested in ``tests/campaign``."""

from __future__ import annotations

import pytest

from tests.support.command_line import nhb2


@pytest.mark.parametrize("processes", ["0", "-1", "two", "1.5", "²"])
def test_processes_are_a_whole_number_from_one(processes: str) -> None:
    answer = nhb2("run", "smoke", "--processes", processes)
    assert answer.status == 2
    assert f"argument --processes: {processes!r} is not a whole number from 1" in answer.err


def test_a_scheduler_has_its_own_processes() -> None:
    answer = nhb2("run", "smoke", "--processes", "2", "--scheduler", "tcp://127.0.0.1:8786")
    assert answer.status == 2
    assert "not allowed with argument" in answer.err
