"""A campaign that is stopped, by a signal, a disk or a directory that is gone, says so and goes on where it was."""

from __future__ import annotations

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
from tests.campaign.campaigns import Run, files, told
from tests.support.disks import small_disk

ROOT = Path(nhb2_plugins.__file__).parent.parent
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}


def command(directory: Path, **changes: Any) -> list[str]:
    return [sys.executable, "-m", "nhb2_plugins.cli", *told(directory, "--processes", "1", **changes)]


@pytest.mark.parametrize(("numbers", "status"), [([2], 130), ([2, 2], 130), ([15], 143), ([15, 2], 143)])
def test_a_signal_ends_the_workers_too_and_says_how_to_go_on(
    run: Run, tmp_path: Path, numbers: list[int], status: int
) -> None:
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
    _, said = process.communicate(timeout=60)
    assert process.returncode == status
    assert f"stopped; what has finished is kept in {tmp_path / 'out'}, and 'nhb2 run' again does the rest" in said
    assert "Traceback" not in said
    wait_until(lambda: not is_there(process.pid))
    done = len(files(tmp_path))
    assert 0 < done < 400
    assert list((tmp_path / "out" / "runs").glob("*/.*")) == []
    again = run(tmp_path, "--dry-run", budget_s=20_000, optimizers=many)
    assert again.out.splitlines()[2].split()[1:4] == ["400", str(done), str(400 - done)]


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
    completed = subprocess.run(
        command(tmp_path), stdout=subprocess.PIPE, stderr=writing, text=True, env=ENVIRONMENT, check=False
    )
    os.close(writing)
    assert len(files(tmp_path)) == 3
    assert "Report: " in completed.stdout


@pytest.mark.parametrize("options", [{"read_only": True}, {}])
def test_a_disk_that_refuses_is_named(tmp_path: Path, options: dict[str, bool]) -> None:
    disk = tmp_path / "disk"
    with small_disk(disk, **options) as mounted:
        if not mounted:
            disk = Path("/proc")
        there = [each.replace(str(tmp_path / "out"), str(disk / "out")) for each in command(tmp_path)]
        if mounted and not options:
            (disk / "filling").write_bytes(bytes(disk_space(disk) - 4096))
        completed = subprocess.run(there, capture_output=True, text=True, env=ENVIRONMENT, check=False)
    assert (completed.returncode, completed.stdout) == (1, "")
    assert f"error: cannot write to {disk / 'out'}: " in completed.stderr
    assert "Traceback" not in completed.stderr


def disk_space(directory: Path) -> int:
    return shutil.disk_usage(directory).free


def test_a_directory_that_is_removed_in_the_middle_stops_the_campaign_and_can_be_begun_again(
    run: Run, tmp_path: Path
) -> None:
    many = [{"algorithm": "regularized_evolution", "seeds": 200}]
    process = subprocess.Popen(
        command(tmp_path, budget_s=20_000, optimizers=many),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
    )
    wait_until(lambda: bool(files(tmp_path)))
    while (tmp_path / "out").exists():  # a run may be written into it meanwhile
        shutil.rmtree(tmp_path / "out", ignore_errors=True)
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (1, "")
    assert f"cannot write to {tmp_path / 'out'}: " in err
    assert "Traceback" not in err
    again = run(tmp_path, "--only", "*/seed-0000", "--only", "*/seed-0199", budget_s=20_000, optimizers=many)
    assert again.status == 0, again.err
