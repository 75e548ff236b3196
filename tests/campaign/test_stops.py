"""A campaign that is stopped by a signal, or whose directory was changed by hand, goes on where it was."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import nhb2_plugins
from tests.support.disks import small_disk

ROOT = Path(nhb2_plugins.__file__).parent.parent
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
FEW = {"algorithm": "random_search", "seeds": 3}


def command(directory: Path, *options: str, **changes: Any) -> list[str]:
    spec = directory / "spec.yaml"
    spec.write_text(json.dumps({"name": "stopped", "budget_s": 3000, "optimizers": [FEW], **changes}))
    run = [sys.executable, "-m", "nhb2_plugins.cli", "run", str(spec), "--out", str(directory / "out")]
    return [*run, "--processes", "1", *options]


def run(directory: Path, *options: str, **changes: Any) -> subprocess.CompletedProcess[str]:
    told = command(directory, *options, **changes)
    return subprocess.run(told, capture_output=True, text=True, env=ENVIRONMENT, check=False)


def files(directory: Path) -> list[Path]:
    return sorted((directory / "out" / "runs").glob("*/seed-*.jsonl"))


# -- signals


@pytest.mark.parametrize(("numbers", "status"), [([2], 130), ([2, 2], 130), ([15], 143), ([15, 2], 143)])
def test_a_signal_ends_the_workers_too_and_says_how_to_go_on(tmp_path: Path, numbers: list[int], status: int) -> None:
    many = [{"algorithm": "regularized_evolution", "seeds": 400}]
    process = subprocess.Popen(
        command(tmp_path, budget_s=20_000, optimizers=many),
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
        start_new_session=True,  # a group of its own, as a terminal's job has
    )
    wait_until(lambda: bool(files(tmp_path)))
    for number in numbers:
        os.killpg(process.pid, number) if number == signal.SIGINT else process.send_signal(number)
        time.sleep(0.2)
    _, told = process.communicate(timeout=60)
    assert process.returncode == status
    assert f"stopped; what has finished is kept in {tmp_path / 'out'}, and 'nhb2 run' again does the rest" in told
    assert "Traceback" not in told
    wait_until(lambda: not is_there(process.pid))
    done = len(files(tmp_path))
    assert 0 < done < 400
    assert list((tmp_path / "out" / "runs").glob("*/.*")) == []
    again = run(tmp_path, "--dry-run", budget_s=20_000, optimizers=many)
    assert again.stdout.splitlines()[2].split()[1:4] == ["400", str(done), str(400 - done)]


def is_there(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until(is_so: Callable[[], bool]) -> None:
    for _ in range(600):
        if is_so():
            return
        time.sleep(0.1)
    raise TimeoutError


def test_a_campaign_goes_on_when_nobody_reads_its_progress_any_more(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    told = command(tmp_path)
    completed = subprocess.run(told, stdout=subprocess.PIPE, stderr=writing, text=True, env=ENVIRONMENT, check=False)
    os.close(writing)
    assert len(files(tmp_path)) == 3
    assert "Report: " in completed.stdout


@pytest.mark.parametrize("options", [{"read_only": True}, {}])
def test_a_disk_that_refuses_is_named(tmp_path: Path, options: dict[str, bool]) -> None:
    disk = tmp_path / "disk"
    with small_disk(disk, **options) as mounted:
        if not mounted:
            disk = Path("/proc")
        told = [each.replace(str(tmp_path / "out"), str(disk / "out")) for each in command(tmp_path)]
        if mounted and not options:
            (disk / "filling").write_bytes(bytes(disk_space(disk) - 4096))
        completed = subprocess.run(told, capture_output=True, text=True, env=ENVIRONMENT, check=False)
    assert (completed.returncode, completed.stdout) == (1, "")
    assert f"error: cannot write to {disk / 'out'}: " in completed.stderr
    assert "Traceback" not in completed.stderr


def disk_space(directory: Path) -> int:
    return shutil.disk_usage(directory).free


def test_a_directory_that_is_removed_in_the_middle_stops_the_campaign_and_can_be_begun_again(tmp_path: Path) -> None:
    many = [{"algorithm": "regularized_evolution", "seeds": 200}]
    told = command(tmp_path, budget_s=20_000, optimizers=many)
    process = subprocess.Popen(told, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT)
    wait_until(lambda: bool(files(tmp_path)))
    while (tmp_path / "out").exists():  # a run may be written into it meanwhile
        shutil.rmtree(tmp_path / "out", ignore_errors=True)
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (1, "")
    assert f"cannot write to {tmp_path / 'out'}: " in err
    assert "Traceback" not in err
    again = run(tmp_path, "--only", "*/seed-0000", "--only", "*/seed-0199", budget_s=20_000, optimizers=many)
    assert again.returncode == 0, again.stderr


# -- directories changed by hand


def test_a_run_under_other_conditions_does_not_count_as_done(tmp_path: Path) -> None:
    run(tmp_path)
    short = files(tmp_path)[0].read_bytes()
    assert run(tmp_path, "--overwrite", budget_s=9000).returncode == 0
    files(tmp_path)[0].write_bytes(short)
    for options in ((), ("--dry-run",)):
        completed = run(tmp_path, *options, budget_s=9000)
        assert (completed.returncode, completed.stdout) == (2, "")
        assert f"{files(tmp_path)[0]} is of a run with budget_s 3000.0, not 9000.0" in completed.stderr
    files(tmp_path)[0].write_text("somebody's notes")
    assert f"{files(tmp_path)[0]} is no run's file" in run(tmp_path, budget_s=9000).stderr
    assert files(tmp_path)[0].read_text() == "somebody's notes"


def test_overwriting_leaves_what_is_not_the_campaigns(tmp_path: Path) -> None:
    run(tmp_path, "--only", "random_search/seed-0000")
    (tmp_path / "out" / "runs" / "notes").mkdir()
    strangers = [tmp_path / "out" / name for name in ("runs/notes/data.jsonl", "failures/notes.txt", "thesis.tex")]
    strangers[1].parent.mkdir()
    for path in strangers:
        path.write_text("years of work")
    assert run(tmp_path, "--overwrite", "--only", "random_search/seed-0001", budget_s=2000).returncode == 0
    assert [path.read_text() for path in strangers] == ["years of work"] * 3
    assert [path.name for path in files(tmp_path)] == ["seed-0001.jsonl"]


def test_a_traceback_stays_until_its_run_is_tried_again(tmp_path: Path) -> None:
    kept = tmp_path / "out" / "failures" / "random_search" / "seed-0002.txt"
    run(tmp_path, "--only", "random_search/seed-0000")
    kept.parent.mkdir(parents=True)
    kept.write_text("Traceback (most recent call last):\nValueError: no\n")
    run(tmp_path, "--only", "random_search/seed-0001")
    assert kept.exists()
    run(tmp_path)
    assert not kept.exists()


def test_a_run_in_the_place_of_another_is_done_again(tmp_path: Path) -> None:
    run(tmp_path)
    first, second, third = files(tmp_path)
    shutil.copy(first, second)
    third.write_text(third.read_text()[:1000])
    completed = run(tmp_path)
    assert "2 runs to do, 1 are there already" in completed.stderr
    headers = [json.loads(file.read_text().splitlines()[0]) for file in files(tmp_path)]
    assert [header["seed"] for header in headers] == [0, 1, 2]


def test_runs_without_their_specification_are_not_taken_for_this_ones(tmp_path: Path) -> None:
    run(tmp_path)
    shutil.rmtree(tmp_path / "out" / "report")
    for name in ("campaign.json", "random_search.json"):
        (tmp_path / "out" / name).unlink()
    completed = run(tmp_path, budget_s=4000)
    assert completed.returncode == 2
    assert "seed-0000.jsonl is of a run with budget_s 3000.0, not 4000.0" in completed.stderr
    assert not (tmp_path / "out" / "campaign.json").exists()
    assert run(tmp_path, "--dry-run").stdout.splitlines()[2].split()[1:4] == ["3", "3", "0"]


@pytest.mark.parametrize("content", ["[]", "null", "{}", '{"spec": 3, "table": {}}', "{", "\\ud800"])
def test_a_damaged_specification_is_named(tmp_path: Path, content: str) -> None:
    run(tmp_path, "--only", "random_search/seed-0000")
    (tmp_path / "out" / "campaign.json").write_text(content)
    completed = run(tmp_path)
    assert (completed.returncode, completed.stdout) == (2, "")
    assert "campaign.json is damaged, or not of a campaign" in completed.stderr
    assert run(tmp_path, "--overwrite").stderr == completed.stderr  # it may be somebody else's
    (tmp_path / "out" / "campaign.json").unlink()
    completed = run(tmp_path)
    assert (completed.returncode, "2 runs to do, 1 are there already" in completed.stderr) == (0, True)
