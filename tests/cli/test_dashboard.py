"""``nhb2 dashboard`` as a process. What a browser shows of it is tested in :mod:`tests.browser`."""

from __future__ import annotations

import json
import signal
import socket
import urllib.request
from dataclasses import replace
from pathlib import Path

import pytest

from nhb2_plugins.benchmark import open_benchmark
from nhb2_plugins.cli.dashboard import _by_optimizer
from tests.analysis.runs import make_run
from tests.support.command_line import assert_one_line_error, nhb2
from tests.support.dashboard_process import dashboard
from tests.trajectory.test_selection import write_runs


@pytest.fixture
def campaign(tmp_path: Path) -> Path:
    write_runs(tmp_path / "campaign")
    return tmp_path / "campaign"


def study_names(url: str) -> list[str]:
    with urllib.request.urlopen(f"{url}api/studies") as answer:
        return [each["study_name"] for each in json.load(answer)["study_summaries"]]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_the_runs_until_it_is_stopped(campaign: Path, number: signal.Signals) -> None:
    with dashboard(campaign, "--runs", "2", "--by-run") as process:
        assert process.url.startswith("http://127.0.0.1:")
        assert study_names(process.url) == ["a/seed-0000", "a/seed-0001", "b/seed-0000", "b/seed-0001"]
        assert process.stop(number) == 0
    assert "4 of 6 runs in 4 studies" in process.err
    assert "Numbers from the table embedded:01234567." in process.err
    assert "Traceback" not in process.err
    assert "Warning" not in process.err


def test_an_optimizer_s_runs_are_one_study_and_a_storage_stays(campaign: Path, tmp_path: Path) -> None:
    arguments = ("--runs", "all", "--storage", str(tmp_path / "studies.log"))
    for expected in ("6 of 6 runs in 2 studies. ", "2 of them were in the storage already"):
        with dashboard(campaign, *arguments) as process:
            assert study_names(process.url) == ["a", "b"]
            assert process.stop() == 0
        assert expected in process.err


def test_only_some_on_a_port_of_ones_own(campaign: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with dashboard(campaign, "--only", "b/seed-0002", "--port", str(port)) as process:
        assert process.url == f"http://127.0.0.1:{port}/"
        assert study_names(process.url) == ["b/seed-0002"]
        assert_one_line_port_error(campaign, port)
        assert process.stop() == 0
    assert "1 of 6 runs in 1 study" in process.err


def assert_one_line_port_error(campaign: Path, port: int) -> None:
    outcome = nhb2("dashboard", campaign, "--port", str(port))
    assert outcome.status == 2
    assert f"cannot listen on port {port}" in outcome.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nowhere",), "there is no nowhere: a campaign's directory, a .jsonl file or a directory of them is needed"),
        (("CAMPAIGN", "--only", "c"), "run 'c' is not one of 'a', 'b', nor a run such as a/seed-0000"),
        (("CAMPAIGN", "--runs", "0"), "--runs '0' is neither a number of runs (1, 2, …) nor 'all'"),
        (("CAMPAIGN", "--port", "65536"), "port 65536 is not in 0..65535"),
        (("CAMPAIGN", "--storage", "unknown://x"), "cannot open the storage 'unknown://x'"),
    ],
)
def test_wrong_input_is_named(campaign: Path, arguments: tuple[str, ...], said: str) -> None:
    outcome = nhb2("dashboard", *(str(campaign) if each == "CAMPAIGN" else each for each in arguments))
    assert_one_line_error(outcome, said)


def test_runs_on_several_draws_are_a_study_for_each() -> None:
    keys = [open_benchmark(draw=draw).provenance.key for draw in (0, 1)]
    records = make_run([(10, 80.0)]).records
    runs = {f"a/seed-{seed}": [replace(records[0], run_id=f"a/seed-{seed}", table=keys[seed % 2])] for seed in range(4)}
    runs["b/seed-0"] = [replace(records[0], run_id="b/seed-0", table=keys[0])]
    studies = _by_optimizer(runs)
    assert list(studies) == [f"a on {keys[0]}, draw 0 of 27", f"a on {keys[1]}, draw 1 of 27", "b/seed-0"]
    assert [record.run_id for record in studies[f"a on {keys[1]}, draw 1 of 27"]] == ["a/seed-1", "a/seed-3"]
