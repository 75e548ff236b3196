"""The layout of a campaign's directory, and what in it is ours."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from nhb2_plugins.campaign_directory import CampaignDirectory, CampaignFile, recorded_files
from nhb2_plugins.errors import CampaignError, TrajectoryError, TrajectoryNotFoundError

FILE = CampaignFile(
    {"name": "x", "optimizers": [{"label": "", "algorithm": "a"}, {"label": "B", "algorithm": "a"}]}, {}
)


def header(run_id: str) -> str:
    return json.dumps({"type": "run", "run_id": run_id}) + "\n"


@pytest.fixture
def campaign(tmp_path: Path) -> CampaignDirectory:
    """A directory with a campaign's file, two runs and a failure."""
    made = CampaignDirectory(tmp_path / "out")
    made.make()
    made.write_file(FILE)
    for run_id in ("a/seed-0000", "b/seed-0001"):
        made.run_file(run_id).parent.mkdir()
        made.run_file(run_id).write_text(header(run_id))
    made.write_failure("a/seed-0001", "Traceback (most recent call last):\nValueError: no\n")
    return made


def names(directory: Path) -> list[str]:
    return sorted(path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file())


def test_what_is_written_is_read_back(campaign: CampaignDirectory) -> None:
    assert campaign.read_file() == FILE
    assert campaign.order() == ("a", "B")
    assert [path.name for path in campaign.run_files()] == ["seed-0000.jsonl", "seed-0001.jsonl"]
    assert campaign.read_failures() == {"a/seed-0001": "Traceback (most recent call last):\nValueError: no\n"}


def test_only_what_is_ours_is_removed(campaign: CampaignDirectory) -> None:
    strangers = {
        "runs/seed-0000.jsonl": header("seed-0000"),
        "runs/b/notes.txt": "mine",
        "runs/b/seed-0000.jsonl": header("c/seed-0000"),
        "runs/c/seed-0000.jsonl": "mine",
        "runs/c/seed-0001.jsonl": "[]",
        "failures/a/seed-0002.txt": "mine",
        "failures/notes.txt": "Traceback (most recent call last):",
        "report/index.html": "mine",
        "letter.txt": "mine",
    }
    for name, text in strangers.items():
        (campaign.path / name).parent.mkdir(parents=True, exist_ok=True)
        (campaign.path / name).write_text(text)
    (campaign.runs / "b" / ".seed-0002.jsonl.nhb2-17-0a").touch()
    campaign.remove_runs()
    assert names(campaign.path) == sorted([*strangers, "campaign.json"])
    assert not (campaign.runs / "a").exists()
    assert {name: (campaign.path / name).read_text() for name in strangers} == strangers


def test_a_pipe_among_the_runs_is_not_waited_for(campaign: CampaignDirectory) -> None:
    os.mkfifo(campaign.run_file("a/seed-0007"))
    os.mkfifo(campaign.failures / "a" / "seed-0007.txt")
    campaign.remove_runs()
    assert campaign.run_file("a/seed-0007").exists()
    with pytest.raises(TrajectoryError, match=r"cannot read .*seed-0007\.txt: not a regular file"):
        campaign.read_failures()


def test_failures_are_forgotten_one_by_one(campaign: CampaignDirectory) -> None:
    campaign.write_failure("b/seed-0001", "Traceback (most recent call last):\nKeyError: 1\n")
    campaign.forget_failures(["a/seed-0001", "a/seed-0099"])
    assert list(campaign.read_failures()) == ["b/seed-0001"]
    assert not (campaign.failures / "a").exists()


def test_a_very_long_failure_keeps_its_beginning_and_its_end(campaign: CampaignDirectory) -> None:
    campaign.write_failure("a/seed-0005", "Traceback (most recent call last):\n" + "x" * 3_000_000 + "\nthe end")
    text = campaign.read_failures()["a/seed-0005"]
    assert (text.startswith("Traceback ("), text.endswith("the end"), len(text) < 1_001_000) == (True, True, True)
    campaign.forget_failures(["a/seed-0005"])
    assert "a/seed-0005" not in campaign.read_failures()


def test_a_directory_that_was_removed_is_not_made_again(campaign: CampaignDirectory) -> None:
    shutil.rmtree(campaign.path)
    with pytest.raises(FileNotFoundError):
        campaign.write_failure("a/seed-0000", "Traceback")
    assert not campaign.path.exists()


@pytest.mark.parametrize(
    "content",
    ["", "[]", "null", "{}", '{"spec": 3, "table": {}}', '{"spec": {"optimizers": []}, "table": {}}', "[" * 9999],
)
def test_a_file_that_is_no_campaigns_is_refused(campaign: CampaignDirectory, content: str) -> None:
    (campaign.path / "campaign.json").write_text(content)
    with pytest.raises(CampaignError, match=r"campaign\.json is damaged, or not of a campaign"):
        campaign.read_file()


def test_other_files_without_a_campaign_are_refused(tmp_path: Path) -> None:
    directory = CampaignDirectory(tmp_path)
    (tmp_path / "runs").mkdir()
    (tmp_path / ".lock").touch()
    directory.refuse_other_files()
    CampaignDirectory(tmp_path / "nowhere").refuse_other_files()
    (tmp_path / "letter.txt").touch()
    with pytest.raises(CampaignError, match=r"holds other files, for example 'letter\.txt', and no campaign"):
        directory.refuse_other_files()
    with pytest.raises(CampaignError, match=r"letter\.txt is a file"):
        CampaignDirectory(tmp_path / "letter.txt").refuse_other_files()


def test_runs_are_found_alike_wherever_one_looks(campaign: CampaignDirectory, tmp_path: Path) -> None:
    """What another package's export left beside them is none."""
    export = campaign.path / "export" / "a"
    export.mkdir(parents=True)
    (export / "trial_logs.jsonl").write_text("{}\n")
    runs = campaign.run_files()
    assert recorded_files(campaign.path) == recorded_files(tmp_path) == recorded_files(campaign.runs) == runs
    assert recorded_files(runs[0]) == [runs[0]]
    (tmp_path / "alone.jsonl").touch()
    (tmp_path / "directory.jsonl").mkdir()
    assert recorded_files(tmp_path) == sorted([tmp_path / "alone.jsonl", *runs])
    assert recorded_files(export) == [export / "trial_logs.jsonl"]


def test_nothing_is_refused_in_the_same_words(tmp_path: Path) -> None:
    wanted = ": a campaign's directory, a .jsonl file or a directory of them is needed"
    for path, words in ((tmp_path / "nowhere", "there is no "), (tmp_path, "there is no recorded run in ")):
        with pytest.raises(TrajectoryNotFoundError) as log:
            recorded_files(path)
        with pytest.raises(CampaignError) as report:
            CampaignDirectory(path).order()
        assert str(log.value) == str(report.value) == f"{words}{path}{wanted}"
