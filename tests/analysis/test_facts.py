"""What a campaign was: text that can be printed, numbers that can be."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pytest

from nhb2_plugins.analysis.analyse import analyse
from nhb2_plugins.analysis.facts import facts_of
from nhb2_plugins.analysis.model import FailedRun
from nhb2_plugins.analysis.report import comparison_text, conclusions_text, write_report
from nhb2_plugins.analysis.results import CampaignResults, OptimizerRuns
from nhb2_plugins.errors import CampaignError
from nhb2_plugins.fidelity import FidelityLadder
from nhb2_plugins.subspace import Subspace
from nhb2_plugins.trajectory.run_file import FrontPoint, Optimum
from nhb2_plugins.trajectory.summary import summarise
from tests.analysis.runs import TABLE, campaign_of, make_run, on_draws, optimizer_of, optimizer_with
from tests.analysis.worked import worked_campaign
from tests.core_fixtures import needs

HOSTILE = "=x\x1b[31m $^$ \ud800 \u202e\n<b>"
ESCAPED = r"=x\x1b[31m $^$ \ud800 \u202e\n<b>"
_RAW = re.compile("[\x1b\u202e\ud800]")


def _hostile_campaign() -> CampaignResults:
    # Of no kind and no charging that there is, a file is refused.
    table = {**TABLE, "source": HOSTILE, "note": HOSTILE, "created": HOSTILE}
    header: dict[str, Any] = {
        "table": table,
        "algorithm": HOSTILE,
        "settings": {HOSTILE: [HOSTILE]},
        "crossing": HOSTILE,
        "versions": {HOSTILE: HOSTILE},
    }
    runs = [make_run([(10, 80.0 + seed)], seed=seed, **header) for seed in range(6)]
    summaries = [summarise(run) for run in runs]
    hostile = [replace(each, header=replace(each.header, run_id=HOSTILE)) for each in summaries]
    return CampaignResults(
        (OptimizerRuns(HOSTILE, tuple(hostile)), optimizer_with("b", [1.0] * 6, table=table)),
        {"name": HOSTILE, HOSTILE: HOSTILE, "optimizers": [{"algorithm": HOSTILE, "settings": {HOSTILE: 1}}]},
        failures=(FailedRun(HOSTILE, HOSTILE, f"a\n\tb {HOSTILE}"),),
        unfinished=(HOSTILE,),
    )


def test_whatever_text_a_file_holds_every_output_can_be_written_and_read(tmp_path: Path) -> None:
    analysis = analyse(_hostile_campaign())
    said = comparison_text(analysis) + conclusions_text(analysis)
    assert not _RAW.search(said)
    assert ESCAPED in said
    with mpl.rc_context({"svg.fonttype": "none"}):
        files = write_report(analysis, tmp_path, ["html", "text", "csv", "latex", "svg", "png", "pdf"])
    for file in files:
        if file.suffix not in (".png", ".pdf"):
            text = file.read_text(encoding="utf-8")
            assert not _RAW.search(text), file
    assert "$^$" in (tmp_path / "final_regret.svg").read_text(encoding="utf-8")
    assert (analysis.failures[0].run_id, analysis.failures[0].traceback[:5]) == (ESCAPED, "a\n\tb ")
    assert analysis.unfinished == (ESCAPED,)


def test_a_formula_in_a_label_is_none_in_a_spreadsheet(tmp_path: Path) -> None:
    finals = {name: [1.0, 2.0, 3.0] for name in ("=1+1", "+1", "-1", "@SUM(A1)", "a=1")}
    write_report(analyse(campaign_of(finals)), tmp_path, ["csv"])
    firsts = [line.split(",")[0] for line in (tmp_path / "comparison.csv").read_text().splitlines()[1:]]
    assert firsts == ["'=1+1", "'+1", "'-1", "'@SUM(A1)", "a=1"]
    heads = (tmp_path / "ranks_time.csv").read_text().splitlines()[0].split(",")
    assert heads[1:6] == ["'=1+1", "'+1", "'-1", "'@SUM(A1)", "a=1"]
    assert ",-" not in (tmp_path / "pairs.csv").read_text().replace("'-1", "")  # but numbers are numbers


@pytest.mark.parametrize(("n", "shown"), [(300, 300), (301, 300), (100_000, 300)])
def test_of_a_name_that_no_specification_takes_the_middle_is_left_out(n: int, shown: int) -> None:
    runs = OptimizerRuns("a" * (n - 3) + "end", optimizer_with("a", [1.0]).runs)
    (card,) = facts_of(CampaignResults((runs,))).optimizers
    assert len(card.marked_name) == shown
    assert card.marked_name.endswith("end")
    assert ("…" in card.marked_name) == (n > 300)


@pytest.mark.parametrize("field", ["valid_accuracy_12_pct", "test_accuracy_12_pct", "expected_accuracy_200_pct"])
def test_an_accuracy_that_is_no_number_is_refused(field: str) -> None:
    run = summarise(make_run([(5, 70.0), (10, 80.0)], optimizer="x"))
    *earlier, known = run.incumbents
    wrong = replace(run, incumbents=(*earlier, replace(known, measured=replace(known.measured, **{field: math.nan}))))
    with pytest.raises(CampaignError, match="run x/seed-0000: an accuracy of its incumbents, or of its optimum, is no"):
        analyse(CampaignResults((OptimizerRuns("x", (wrong,)),)))


@pytest.mark.parametrize(
    ("optimum", "text"), [(math.nan, "is no number"), (85.0, "is better by 4.00 percentage points than what its file")]
)
def test_an_optimum_that_cannot_be_is_refused(optimum: float, text: str) -> None:
    run = make_run([(10, 80.0), (20, 89.0)], optimum=Optimum("0|00|000", 0.1, 256, optimum))
    with pytest.raises(CampaignError, match=text):
        analyse(CampaignResults((optimizer_of("a", run),)))


def test_a_regret_below_zero_by_float_error_alone_is_none() -> None:
    run = make_run([(10, 90.0 + 1e-9)])
    (card,) = facts_of(CampaignResults((optimizer_of("a", run),))).optimizers
    assert card.runs[0].regret_pp == pytest.approx(0, abs=1e-8)


def test_a_card_says_what_an_optimizer_was_and_averages_over_its_runs() -> None:
    first, second, _, few, gone = facts_of(worked_campaign()).optimizers
    assert (first.algorithm, first.budget_s, first.n_workers, first.charging) == (
        "random_search",
        100.0,
        1,
        "from_scratch",
    )
    assert (first.charging, first.crossing, first.epoch, first.ladder) == ("from_scratch", "drop", 12, ())
    assert first.versions == {"numpy": "2.0.0", "nhb2-plugins": "0.0"}
    assert first.evaluations_by_epoch == {12: 3.0}
    assert few.evaluations_by_epoch == {12: 1.5}
    assert second.settings == {"population_size": 50, "warm": [1, None]}
    assert (few.n_without_result, first.n_without_result) == (1, 0)
    assert (gone.algorithm, gone.runs, gone.budget_s, gone.n_workers, gone.overhead_s) == ("x", (), 100.0, 1, 0.0)
    assert (gone.epoch, gone.charging, gone.crossing, gone.ladder, gone.settings) == (
        12,
        "from_scratch",
        "drop",
        (),
        {},
    )


def test_an_optimizer_without_a_run_has_its_own_conditions_before_the_campaign_s() -> None:
    own = {"label": "gone", "algorithm": "x", "budget_s": 7, "n_workers": 3, "charging": "cached", "epoch": 4}
    specification = {"budget_s": 9, "n_workers": 2, "charging": "continued", "crossing": "count"}
    runs = (optimizer_with("a", [1.0]), OptimizerRuns("gone", ()), OptimizerRuns("y", ()))
    for specified, expected in (
        ({**specification, "optimizers": [own]}, (7.0, 3, "cached", 4, "count")),
        ({**specification, "optimizers": [{"algorithm": "gone"}]}, (9.0, 2, "continued", 12, "count")),
        ({}, (None, 1, "from_scratch", 12, "drop")),
    ):
        gone = facts_of(CampaignResults(runs, specified)).optimizers[1]
        assert (gone.budget_s, gone.n_workers, gone.charging, gone.epoch, gone.crossing) == expected


def test_a_run_s_row_holds_its_last_incumbent() -> None:
    run = facts_of(worked_campaign()).optimizers[0].runs[3]
    last = 0.25 + (3 * 7 % 10) / 4  # the last regret of seed 3
    assert (run.optimizer, run.seed, run.run_id) == ("first", 3, "first/seed-0003")
    assert (run.n_evaluations, run.simulated_s, run.charged_cost_s, run.overhead_s) == (3, 53.0, 3.0, 0.0)
    assert (run.cellcode, run.lr, run.batch_size, run.found_s, run.found_evaluations) == ("0|00|000", 0.1, 256, 53.0, 3)
    assert run.regret_pp == pytest.approx(last)
    assert run.valid_error_pct == pytest.approx(10 + last)
    assert run.test_error_12_pct == pytest.approx(9 + last)
    assert run.test_error_200_pct == pytest.approx(5 + last)
    assert [time for time, _ in run.regrets] == [7.0, 26.0, 53.0]


def test_standings_put_those_with_few_results_behind() -> None:
    facts = facts_of(campaign_of({"lucky": [0.1, None, None], "slow": [3.0, 5.0], "half": [2.0, None], "none": [None]}))
    assert [(each.card.name, each.often) for each in facts.standings] == [
        ("half", True),
        ("slow", True),
        ("lucky", False),
    ]
    assert [each.mean_pp for each in facts.standings] == pytest.approx([2.0, 4.0, 0.1])
    assert facts.position("half") == 2


@pytest.mark.parametrize(("better_pp", "is_refused"), [(0.0, False), (9e-7, False), (2e-6, True)])
def test_a_regret_is_below_zero_by_the_error_of_a_float_at_most(better_pp: float, is_refused: bool) -> None:
    results = campaign_of({"a": [-better_pp]})
    if is_refused:
        with pytest.raises(CampaignError, match=r"run a/seed-0000 is better by 0\.00 percentage points"):
            facts_of(results)
    else:
        assert facts_of(results).optimizers[0].runs[0].regret_pp == pytest.approx(-better_pp, abs=1e-12)


def _of(*headers: dict[str, object]) -> CampaignResults:
    return CampaignResults(tuple(optimizer_with(f"o{i}", [1.0], **header) for i, header in enumerate(headers)))


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ([{}], "100 simulated seconds, 1 simulated worker, charged from_scratch"),
        (
            [{"budget_s": 20_000.0}, {"budget_s": 300.0, "n_workers": 4}, {"budget_s": 30_000.0}],
            "300, 20,000 or 30,000 simulated seconds, 1 or 4 simulated workers, charged from_scratch",
        ),
        ([{"budget_s": None}], "no limit of simulated seconds, 1 simulated worker, charged from_scratch"),
        (
            [{"max_evaluations": 2}],
            "100 simulated seconds, 1 simulated worker, charged from_scratch; at most 2 evaluations",
        ),
        ([{"n_workers": 4}], "100 simulated seconds, 4 simulated workers, charged from_scratch"),
        (
            [{"crossing": "count"}, {}],
            "100 simulated seconds, 1 simulated worker, charged from_scratch; evaluations that cross the budget: count",
        ),
        (
            [{"overhead": "measured"}, {"charging": "cached"}],
            "100 simulated seconds, 1 simulated worker, charged cached or from_scratch; the optimizer's own time: "
            "measured",
        ),
        (
            [{"problem": Subspace(lr=0.1, one_per_class=True)}],
            "100 simulated seconds, 1 simulated worker, charged from_scratch; space restricted to lr 0.1, "
            "one_per_class True",
        ),
    ],
)
def test_conditions_in_a_line(headers: list[dict[str, object]], words: str) -> None:
    assert facts_of(_of(*headers)).conditions == words


def test_notes_name_the_table_the_conditions_the_epochs_and_the_versions() -> None:
    second = {"versions": {"numpy": "1"}, "ladder": FidelityLadder([1, 4])}
    facts = facts_of(_of({"versions": {"numpy": "2", "Zed": "1"}}, second))
    assert facts.versions == {"numpy": ("1", "2"), "Zed": ("1",)}
    assert facts.notes == (
        "Numbers from the embedded table (01234567): made by hand (for a test).",
        "100 simulated seconds, 1 simulated worker, charged from_scratch. Searched at 1, 4, 12 epochs. With numpy 1 or "
        "2, Zed 1.",
    )
    marked = facts_of(_of({"epoch": 200, "table": {**TABLE, "note": ""}}))
    assert marked.optimizers[0].marked_name == "o0 *"
    assert marked.table_line == "embedded table (01234567): made by hand"
    assert marked.notes[1].endswith(" Searched at 200 epochs. ")
    assert marked.notes[-1].startswith("* searched on expected test accuracy (200 epochs)")


def test_the_name_and_the_measure() -> None:
    results = campaign_of({"a": [1.0]})
    assert facts_of(results).name == "campaign"
    assert facts_of(replace(results, specification={"name": "n"})).name == "n"
    assert facts_of(results).measure == "validation error after 12 epochs"
    long = campaign_of({"a": [-5.0]}, measure_epoch=200)
    assert long.measure == "expected test error after 200 epochs"


def test_of_several_draws_the_table_is_what_they_share() -> None:
    two, one = (CampaignResults((on_draws("a", [1.0, 2.0], n),)) for n in (2, 1))
    assert (two.draws, one.draws) == ((0, 1), ())
    facts = facts_of(two)
    assert [*facts.table] == ["kind", "source", "note", "created", "seeds", "checksums", "digest"]
    assert facts.table["digest"] == "one for each of 2 draws; every run's file names its own"
    assert facts_of(one).table == one.header.table
    assert facts.table_label == "embedded table, 2 of its 27 draws"


@needs("moocore")
@pytest.mark.parametrize(("point", "said"), [((50.0, 40.0), "(50, 40)"), (None, "(40, 30), its nadir")])
def test_the_goal_of_an_archive_is_the_exact_front(point: tuple[float, ...] | None, said: str) -> None:
    values = ((10.0, 30.0), (20.0, 20.0), (40.0, 10.0))
    front = tuple(FrontPoint("0|00|220", 0.1, 32, each) for each in values)
    header = {"objectives": ("error_pct", "cost_s"), "front": front, "reference_point": point}
    facts = facts_of(CampaignResults((optimizer_of("a", make_run([], **header)),)))
    assert facts.goal == f"all that the exact front's 3 points dominate, up to {said}"
    assert facts.measure == "hypervolume of error_pct and cost_s"


def test_the_goal_is_the_table_s_best() -> None:
    assert facts_of(_of({})).goal == "the table's best: 0|00|000, lr 0.1, batch size 256, error 10.00 %"
