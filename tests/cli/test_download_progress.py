"""How far a download is, on a terminal and in a log."""

from __future__ import annotations

import sys

import pytest

from nhb2_plugins.cli.download_progress import DownloadProgress


class _Terminal:
    def __init__(self) -> None:
        self.text = ""

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.text += text
        return len(text)

    def flush(self) -> None: ...


def test_progress_on_a_terminal_is_one_line_a_file() -> None:
    terminal = _Terminal()
    progress = DownloadProgress(terminal)  # type: ignore[arg-type]
    for name in ("a", "b"):
        for received in range(0, 101, 5):
            progress(name, received * 10_000, 1_000_000)
    progress("c", 5_000_000, None)
    assert terminal.text.count("\n") == 2
    assert terminal.text.count("\r") < 10
    assert "a: 100 %, 1.0 of 1.0 MB\n" in terminal.text


def test_progress_of_unknown_length_is_shown_in_logs(capsys: pytest.CaptureFixture[str]) -> None:
    progress = DownloadProgress(sys.stderr)
    for received in range(0, 25_000_000, 1_000_000):
        progress("x", received, None)
    assert capsys.readouterr().err.splitlines() == ["x: 0.0 MB", "x: 10.0 MB", "x: 20.0 MB"]
