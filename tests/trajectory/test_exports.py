from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from nhb2_plugins.errors import InvalidValueError, TrajectoryError
from nhb2_plugins.trajectory.exports import DIRECTORY_FORMATS, export_directories, final_regrets, performance_arrays
from nhb2_plugins.trajectory.selection import select_runs
from nhb2_plugins.trajectory.sinks import JsonLinesSink
from nhb2_plugins.trajectory.sources import read_source, write_target
from tests.analysis.runs import make_run
from tests.core_fixtures import needs
from tests.support.command_line import assert_one_line_error, nhb2
from tests.support.disks import LIMITED
from tests.trajectory.exported import lines_of, rows

LONG = make_run([(30, 85.0), (10, 80.0), (20, 70.0)], seed=0)
SHORT = make_run([(5, 60.0), (7, 89.0)], seed=1)


def test_arrays_are_in_order_of_end_and_cut_to_the_shortest_run() -> None:
    end_s, error_pct = performance_arrays([LONG.records, SHORT.records])
    assert end_s.tolist() == [[10, 20], [5, 7]]
    assert error_pct.tolist() == [[20, 30], [40, 11]]


@pytest.mark.parametrize("runs", [[], [()], [LONG.records, ()]])
def test_arrays_of_nothing_are_an_error(runs: list[tuple[()]]) -> None:
    with pytest.raises(TrajectoryError, match="there is no run, or one of the runs has no records"):
        performance_arrays(runs)


@needs("pandas")
def test_final_regrets_by_seed_and_optimizer() -> None:
    runs = [make_run([(5, 60.0), (50, 80.0 + seed)], seed=seed, optimizer=name) for name in "ab" for seed in (1, 0)]
    frame = final_regrets(runs)
    assert list(frame) == ["a", "b"]
    assert frame["a"].to_dict() == {0: 10, 1: 9}
    assert final_regrets(runs, 49.9)["b"].to_dict() == {0: 30, 1: 30}
    assert final_regrets(runs, 50)["b"].to_dict() == {0: 10, 1: 9}
    with pytest.raises(InvalidValueError, match=r"run 'a/seed-0001' has no incumbent by 4\.9 s"):
        final_regrets(runs, 4.9)
    with pytest.raises(TrajectoryError, match="optimizer 'b' has no run of seed 0"):
        final_regrets(runs[:3])
    with pytest.raises(TrajectoryError, match="run 'a/seed-0001' is there twice"):
        final_regrets([runs[0], runs[0]])
    with pytest.raises(TrajectoryError, match="there is no run"):
        final_regrets([])


def test_a_mean_over_seeds_is_deepcaves_trial_without_a_seed(tmp_path: Path) -> None:
    with JsonLinesSink(tmp_path / "mean.jsonl") as sink:
        sink.write(replace(make_run([(10, 80.0)]).records[0], seed="mean", run_id="mean"))
    for name in DIRECTORY_FORMATS:
        export_directories(str(tmp_path / "mean.jsonl"), str(tmp_path / name), name)
    assert rows(tmp_path / "deepcave" / "mean" / "trials.csv")[0]["seed"] == "-1"
    assert lines_of(tmp_path / "carps" / "mean" / "trial_logs.jsonl")[0]["trial_info"]["seed"] is None


@needs("sqlalchemy")
def test_a_database_is_a_source_too(source: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'runs.db'}"
    assert nhb2("log", "merge", source, "--to", url).status == 0
    assert export_directories(url, str(tmp_path / "out"), "deepcave") == 2
    export_directories(str(source), str(tmp_path / "again"), "deepcave")
    for path in (tmp_path / "out").rglob("*.csv"):
        assert path.read_text() == (tmp_path / "again" / path.relative_to(tmp_path / "out")).read_text()


def test_paths_are_welcome_where_their_text_is(source: Path, tmp_path: Path) -> None:
    assert export_directories(source, tmp_path / "deepcave", "deepcave") == 2
    assert export_directories(str(source), str(tmp_path / "text"), "deepcave") == 2
    assert sorted(select_runs(source).runs) == sorted(select_runs(str(source)).runs) == ["ladder/seed-0", "single"]
    write_target(tmp_path / "all.jsonl", read_source(source))
    assert read_source(tmp_path / "all.jsonl") == read_source(str(source))


def test_what_cannot_be_exported_is_said(source: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidValueError, match=r"format 'carp' is not one of .*did you mean 'carps'"):
        export_directories(str(source), str(tmp_path / "out"), "carp")
    with pytest.raises(TrajectoryError, match="exists already"):
        export_directories(str(source), str(tmp_path), "carps")
    (tmp_path / "empty.jsonl").write_text("")
    with pytest.raises(TrajectoryError, match="there is no record in"):
        export_directories(str(tmp_path / "empty.jsonl"), str(tmp_path / "out"), "carps")
    (source / "copy.jsonl").write_bytes((source / "single.jsonl").read_bytes())
    with pytest.raises(TrajectoryError, match="two runs of the name 'single'"):
        export_directories(str(source), str(tmp_path / "out"), "carps")
    (tmp_path / "file").write_text("")
    with pytest.raises(TrajectoryError, match="cannot write"):
        export_directories(str(source / "single.jsonl"), str(tmp_path / "file" / "out"), "carps")


def test_the_command_line_exports_directories(source: Path, tmp_path: Path) -> None:
    done = nhb2("log", "export", source, tmp_path / "out", "--format", "deepcave")
    assert (done.status, done.err.strip()) == (0, f"Wrote 2 runs to {tmp_path / 'out'}.")
    again = nhb2("log", "export", source, tmp_path / "out", "--format", "deepcave")
    assert_one_line_error(again, "exists already")


@pytest.mark.parametrize("directory_format", DIRECTORY_FORMATS)
def test_a_full_disk_leaves_no_half_directory(source: Path, tmp_path: Path, directory_format: str) -> None:
    command = ["log", "export", str(source), str(tmp_path / "target"), "--format", directory_format]
    limited = f"{LIMITED}\nresource.setrlimit(resource.RLIMIT_FSIZE, (3000, resource.RLIM_INFINITY))"
    code = f"{limited}\nfrom nhb2_plugins.cli.main import main\nraise SystemExit(main({command}))"
    refused = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert f"cannot write {tmp_path / 'target'}: " in refused.stderr
    assert "File too large" in refused.stderr
    assert list(tmp_path.iterdir()) == [source]
