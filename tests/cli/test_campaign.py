"""``nhb2 run`` and ``report`` as a user runs them; what its runs are is tested in ``tests/campaign``."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.analysis.runs import make_run, write_file, write_run
from tests.support.command_line import assert_one_line_error, nhb2


@pytest.mark.parametrize("processes", ["0", "-1", "two", "1.5", "²"])
def test_processes_are_a_whole_number_from_one(processes: str) -> None:
    answer = nhb2("run", "smoke", "--processes", processes)
    assert answer.status == 2
    assert f"argument --processes: {processes!r} is not a whole number from 1" in answer.err


def test_a_scheduler_has_its_own_processes() -> None:
    answer = nhb2("run", "smoke", "--processes", "2", "--scheduler", "tcp://127.0.0.1:8786")
    assert answer.status == 2
    assert "not allowed with argument" in answer.err


def test_a_paper_s_figures_and_tables_lie_beside_the_report(tmp_path: Path) -> None:
    for seed in range(3):
        write_run(tmp_path, make_run([(10.0, 80.0 + seed)], seed=seed))
    answer = nhb2("report", tmp_path, "--paper", "column")
    assert (answer.status, answer.err) == (0, "")
    written = {path.name for path in (tmp_path / "paper").iterdir()}
    assert {
        "regret_over_time.pdf",
        "regret_over_time_caption.tex",
        "comparison.tex",
        "references.bib",
        "sample.tex",
    } <= written
    assert answer.out.startswith(f"{tmp_path / 'paper'} ({len(written)} files): figures, captions, tables")
    assert_one_line_error(
        nhb2("report", tmp_path, "--paper", "page", "--format", "csv"), "--paper has formats of its own"
    )
    assert not (tmp_path / "report").exists()


def test_seeds_are_those_of_every_optimizer() -> None:
    answer = nhb2("run", "smoke", "--seeds", "7", "--dry-run")
    rows = [line.split() for line in answer.out.splitlines() if line.rstrip().endswith(tuple("0123456789"))]
    assert rows
    assert {row[-4] for row in rows} == {"7"}


def test_a_report_says_where_the_trajectories_are(tmp_path: Path) -> None:
    run = make_run([(10.0, 80.0)])
    write_run(tmp_path / "campaign", run)
    write_file(tmp_path / "alone" / "run.jsonl", run)
    for directory, runs in (("campaign", tmp_path / "campaign" / "runs"), ("alone", tmp_path / "alone")):
        answer = nhb2("report", tmp_path / directory, "--format", "text")
        assert answer.out.splitlines()[-1].startswith(f"Trajectories: {runs}. Report: ")
