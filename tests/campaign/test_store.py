"""A campaign goes on in its directory, whatever was changed there by hand, or says what is in its way."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from nhb2_plugins.campaign.store import CampaignStore
from tests.campaign.campaigns import Run, campaign, files, told
from tests.core_fixtures import mini_provenance
from tests.support.command_line import nhb2


def test_a_run_under_other_conditions_does_not_count_as_done(run: Run, tmp_path: Path) -> None:
    run(tmp_path)
    short = files(tmp_path)[0].read_bytes()
    assert run(tmp_path, "--overwrite", budget_s=9000).status == 0
    files(tmp_path)[0].write_bytes(short)
    for options in ((), ("--dry-run",)):
        completed = run(tmp_path, *options, budget_s=9000)
        assert (completed.status, completed.out) == (2, "")
        assert f"{files(tmp_path)[0]} is of a run with budget_s 3000.0, not 9000.0" in completed.err
    files(tmp_path)[0].write_text("somebody's notes")
    assert f"{files(tmp_path)[0]} is no run's file" in run(tmp_path, budget_s=9000).err
    assert files(tmp_path)[0].read_text() == "somebody's notes"


def test_overwriting_leaves_what_is_not_the_campaigns(run: Run, tmp_path: Path) -> None:
    run(tmp_path, "--only", "random_search/seed-0000")
    (tmp_path / "out" / "runs" / "notes").mkdir()
    strangers = [tmp_path / "out" / name for name in ("runs/notes/data.jsonl", "failures/notes.txt", "thesis.tex")]
    strangers[1].parent.mkdir()
    for path in strangers:
        path.write_text("years of work")
    assert run(tmp_path, "--overwrite", "--only", "random_search/seed-0001", budget_s=2000).status == 0
    assert [path.read_text() for path in strangers] == ["years of work"] * 3
    assert [path.name for path in files(tmp_path)] == ["seed-0001.jsonl"]


def test_a_traceback_stays_until_its_run_is_tried_again(run: Run, tmp_path: Path) -> None:
    kept = tmp_path / "out" / "failures" / "random_search" / "seed-0002.txt"
    run(tmp_path, "--only", "random_search/seed-0000")
    kept.parent.mkdir(parents=True)
    kept.write_text("Traceback (most recent call last):\nValueError: no\n")
    run(tmp_path, "--only", "random_search/seed-0001")
    assert kept.exists()
    run(tmp_path)
    assert not kept.exists()


def test_a_run_in_the_place_of_another_is_done_again(run: Run, tmp_path: Path) -> None:
    run(tmp_path)
    first, second, third = files(tmp_path)
    shutil.copy(first, second)
    whole = third.read_text()
    third.write_text(whole[: len(whole) // 2])
    completed = run(tmp_path)
    assert "2 runs to do, 1 are there already" in completed.err
    headers = [json.loads(file.read_text().splitlines()[0]) for file in files(tmp_path)]
    assert [header["seed"] for header in headers] == [0, 1, 2]


def test_runs_without_their_specification_are_not_taken_for_this_ones(run: Run, tmp_path: Path) -> None:
    run(tmp_path)
    shutil.rmtree(tmp_path / "out" / "report")
    for name in ("campaign.json", "random_search.json"):
        (tmp_path / "out" / name).unlink()
    completed = run(tmp_path, budget_s=4000)
    assert completed.status == 2
    assert "seed-0000.jsonl is of a run with budget_s 3000.0, not 4000.0" in completed.err
    assert not (tmp_path / "out" / "campaign.json").exists()
    assert run(tmp_path, "--dry-run").out.splitlines()[2].split()[1:4] == ["3", "3", "0"]


@pytest.fixture(scope="module")
def done(scheduler: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a specification whose first run of three is done."""
    directory = tmp_path_factory.mktemp("done")
    assert nhb2(*told(directory, "--scheduler", scheduler, "--only", "random_search/seed-0000")).status == 0
    return directory


@pytest.mark.parametrize("content", ["[]", "null", "{}", '{"spec": 3, "table": {}}', "{", "\\ud800"])
def test_a_damaged_specification_is_named(run: Run, done: Path, tmp_path: Path, content: str) -> None:
    shutil.copytree(done, tmp_path, dirs_exist_ok=True)
    (tmp_path / "out" / "campaign.json").write_text(content)
    completed = run(tmp_path)
    assert (completed.status, completed.out) == (2, "")
    assert "campaign.json is damaged, or not of a campaign" in completed.err
    assert run(tmp_path, "--overwrite").err == completed.err  # it may be somebody else's
    (tmp_path / "out" / "campaign.json").unlink()
    planned = run(tmp_path, "--dry-run")
    assert (planned.status, planned.out.splitlines()[2].split()[1:4]) == (0, ["3", "1", "2"])


def test_a_campaign_without_its_specification_goes_on(run: Run, done: Path, tmp_path: Path) -> None:
    shutil.copytree(done, tmp_path, dirs_exist_ok=True)
    (tmp_path / "out" / "campaign.json").unlink()
    completed = run(tmp_path)
    assert (completed.status, "2 runs to do, 1 are there already" in completed.err) == (0, True)


def test_a_table_without_draws_is_recorded_as_by_release_0_1(tmp_path: Path) -> None:
    """So that a directory of then goes on now: fields that came later stand there only where they say something."""
    spec, table = campaign(optimizers=[{"algorithm": "random_search", "seeds": 1}]), mini_provenance(digest="0" * 64)
    with CampaignStore(tmp_path / "out").opened(spec, table):
        recorded = json.loads((tmp_path / "out" / "campaign.json").read_text())["table"]
    assert set(recorded) == {"kind", "source", "created", "seeds", "note", "checksums", "digest"}
