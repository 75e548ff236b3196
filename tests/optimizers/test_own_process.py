"""What code of other packages would do to this process, seen in another one."""

from __future__ import annotations

import subprocess
from typing import NoReturn

import pytest

from nhb2_plugins.optimizers.own_process import ending_of


@pytest.mark.parametrize(
    ("code", "ending"),
    [
        ("pass", ""),
        ("raise ValueError", ""),
        ("sys.exit(3)", ""),  # an exception, which whoever calls may catch
        ("os._exit(0)", "it ends the process, with status 0"),
        ("os._exit(5)", "it ends the process, with status 5"),
        ("os.kill(os.getpid(), 9)", "it ends the process, with status -9"),
    ],
)
def test_only_what_ends_the_process_is_told(code: str, ending: str) -> None:
    assert ending_of(code) == ending


def test_the_code_has_arguments_an_input_and_the_modules_that_are_found_here() -> None:
    code = "import nhb2_plugins.space; os._exit(len(sys.argv[1]) + len(sys.stdin.read()))"
    assert ending_of(code, "abc", given=b"four") == "it ends the process, with status 7"


def test_where_no_process_can_be_had_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> NoReturn:
        raise BlockingIOError

    monkeypatch.setattr(subprocess, "run", refuse)
    assert ending_of("os._exit(0)") == ""
