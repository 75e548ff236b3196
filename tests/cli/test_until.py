"""Seeds in rounds, until every pair is decided: what runs, what is recorded, and what the report says of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from nhb2_plugins.analysis.analyse import analyse
from nhb2_plugins.analysis.results import read_results
from nhb2_plugins.analysis.stopping import read_stopping
from nhb2_plugins.campaign.engine import CampaignOutcome
from nhb2_plugins.campaign.plan import RunPlan, plan_runs
from nhb2_plugins.campaign.spec import CampaignSpec
from nhb2_plugins.campaign_directory import CampaignDirectory
from nhb2_plugins.cli.main import main
from nhb2_plugins.cli.until import Rule, run_until_decided
from nhb2_plugins.errors import CampaignError
from tests.analysis.runs import OPTIMUM_PCT, make_run, write_run

REGRETS = {"good": 1.0, "bad": 5.0, "same": 5.0}


def plans(seeds: int | list[int], *names: str) -> list[RunPlan]:
    optimizers = [{"label": name, "algorithm": "random_search", "seeds": seeds} for name in names]
    return plan_runs(CampaignSpec.model_validate({"name": "x", "budget_s": 100, "optimizers": optimizers}))


class Campaign:
    """Writes runs made by hand in the place of running them; a run of the seed that fails is left out."""

    def __init__(self, directory: Path, failing: str = "") -> None:
        self.place = CampaignDirectory(directory)
        self.rounds: list[list[str]] = []
        self._failing = failing

    def run(self, only: Sequence[str]) -> CampaignOutcome:
        new = [run_id for run_id in only if not self.place.run_file(run_id).exists()]
        self.rounds.append(new)
        for run_id in new:
            name, seed = run_id.split("/seed-")
            noise = (int(seed) * 7 % 10) / 10 * (-1 if name == "same" and int(seed) % 2 else 1)
            run = make_run([(10, OPTIMUM_PCT - REGRETS[name] - noise)], seed=int(seed), optimizer=name)
            if run_id != self._failing:
                write_run(self.place.path, run)
        failed = tuple(run_id for run_id in new if run_id == self._failing)
        return CampaignOutcome(len(only) - len(new), len(new) - len(failed), failed)


def test_an_optimizer_whose_pairs_are_decided_gets_no_further_seeds(tmp_path: Path) -> None:
    campaign = Campaign(tmp_path)
    outcome = run_until_decided(plans(40, "good", "bad", "same"), campaign.place, Rule(), campaign.run)
    stopping = read_stopping(campaign.place.stopping_file)
    good_bad, good_same, bad_same = stopping.pairs
    assert (good_bad.verdict, good_same.verdict) == ("first", "first")
    assert stopping.stopped in ("limit", "decided")
    assert (good_bad.decided_at or 99) <= 15
    seeds = {name: len(list(campaign.place.runs.glob(f"{name}/*.jsonl"))) for name in REGRETS}
    assert seeds["good"] <= 15 < seeds["bad"] == seeds["same"] == bad_same.n_seeds
    assert [len(new) for new in campaign.rounds[:2]] == [15, 15]
    assert outcome.n_run == sum(seeds.values())
    assert outcome.n_kept == 0


def test_a_difference_that_does_not_matter_ends_it_too_and_it_resumes(tmp_path: Path) -> None:
    campaign = Campaign(tmp_path)
    run_until_decided(plans(60, "bad", "same"), campaign.place, Rule(difference=3.0), campaign.run)
    stopping = read_stopping(campaign.place.stopping_file)
    assert (stopping.stopped, stopping.pairs[0].verdict) == ("decided", "alike")
    again = Campaign(tmp_path)
    outcome = run_until_decided(plans(60, "bad", "same"), again.place, Rule(difference=3.0), again.run)
    assert not any(again.rounds)
    assert outcome.n_run == 0
    assert read_stopping(again.place.stopping_file) == stopping


def test_it_ends_where_a_pair_has_no_further_seeds_in_common(tmp_path: Path) -> None:
    campaign = Campaign(tmp_path)
    overlapping = [*plans(list(range(10)), "bad"), *plans(list(range(4, 20)), "same")]
    run_until_decided(overlapping, campaign.place, Rule(), campaign.run)
    stopping = read_stopping(campaign.place.stopping_file)
    assert (stopping.stopped, stopping.n_seeds, stopping.most_seeds) == ("limit", 6, 6)


def test_seeds_are_added_in_ascending_order_whatever_their_list_says(tmp_path: Path) -> None:
    """A look must add to what an earlier one saw, not put something before it."""
    campaign = Campaign(tmp_path)
    run_until_decided(plans(list(range(19, -1, -1)), "same", "bad"), campaign.place, Rule(), campaign.run)
    assert campaign.rounds[0] == [f"{name}/seed-{seed:04d}" for name in ("same", "bad") for seed in range(5)]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (plans(10, "good"), "a pair of optimizers is needed, not good alone"),
        ([*plans(3, "good"), *plans([5, 6], "bad")], "good and bad have no seed in common"),
    ],
)
def test_without_pairs_nothing_is_run(asked: list[RunPlan], message: str, tmp_path: Path) -> None:
    campaign = Campaign(tmp_path)
    with pytest.raises(CampaignError, match=message):
        run_until_decided(asked, campaign.place, Rule(), campaign.run)
    assert not campaign.rounds


def test_a_failed_run_ends_it(tmp_path: Path) -> None:
    campaign = Campaign(tmp_path, failing="bad/seed-0007")
    outcome = run_until_decided(plans(40, "bad", "same"), campaign.place, Rule(), campaign.run)
    assert outcome.failed == ("bad/seed-0007",)
    assert len(campaign.rounds) == 2
    assert read_stopping(campaign.place.stopping_file).stopped == ""


def test_the_report_says_that_it_was_sequential_and_when_it_stopped(tmp_path: Path) -> None:
    campaign = Campaign(tmp_path)
    run_until_decided(plans(15, "good", "bad", "same"), campaign.place, Rule(), campaign.run)
    analysis = analyse(read_results(tmp_path, ("good", "bad", "same")))
    _, sequential, decided, open_, *others = [*analysis.sentences, ""]
    assert sequential == (
        "Sequential: seeds were added until every pair was decided, 5 at a time and at most 15; it stands at 15 seeds "
        "at the limit. Its verdicts hold under looking after every seed: any of them is wrong with probability at most "
        "0.05."
    )
    assert decided.startswith("Decided: good is better than bad (after ")
    assert open_ == "Not decided: bad and same (15 seeds)."
    assert not any("Holm" in sentence or "Friedman" in sentence for sentence in others)
    assert [row.refused != "" for row in analysis.ahead] == [True] * len(analysis.ahead)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--difference", "0.5"], "need --until decided"),
        (["--until", "decided", "--overwrite"], "do not go together"),
        (["--until", "decided", "--difference", "-1"], "'-1' is not a number above 0"),
    ],
)
def test_wrong_options_are_refused(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        status = main(["run", "smoke", "--out", str(tmp_path / "x"), *arguments])
    except SystemExit as exit_:
        status = exit_.code  # type: ignore[assignment]
    assert status == 2
    assert message in capsys.readouterr().err
