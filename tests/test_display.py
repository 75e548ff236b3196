"""What a notebook shows, and what ``.plot()`` draws: the right values, escaped, and nothing loaded before."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib import pyplot

import nhb2_plugins as nhb2
from nhb2_plugins.analysis.analyse import analyse
from nhb2_plugins.analysis.gate import judge
from nhb2_plugins.campaign.plan import plan_runs
from nhb2_plugins.campaign.run import execute_run
from nhb2_plugins.campaign.spec import CampaignSpec
from nhb2_plugins.campaign_directory import CampaignDirectory
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.figure_theme import COLOURS
from nhb2_plugins.landscape.anova import functional_anova
from nhb2_plugins.landscape.fidelity_correlation import fidelity_correlation
from nhb2_plugins.landscape.fitness_distance import fitness_distance
from nhb2_plugins.landscape.hyperparameter_map import hyperparameter_map
from nhb2_plugins.landscape.joint import joint_search
from nhb2_plugins.landscape.neighbourhood import landscape
from nhb2_plugins.landscape.seed_noise import seed_noise
from nhb2_plugins.landscape.view import Measured
from nhb2_plugins.landscape.walk import walk_autocorrelation
from nhb2_plugins.optimizers.random_search import RandomSearch
from nhb2_plugins.trajectory.reader import read_run
from nhb2_plugins.trajectory.run_file import RunFile
from tests.analysis.runs import campaign_of
from tests.analysis.worked import worked_campaign

CODE = "<script>alert(1)</script>"
CONFIGURATION = nhb2.Configuration("0|10|210", lr=0.1, batch_size=256)


class Cells(HTMLParser):
    """The tags of a fragment, and its texts."""

    def __init__(self, html: str | None) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []
        assert html is not None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.fixture(scope="module")
def logger(bench: nhb2.Benchmark) -> nhb2.TrajectoryLogger:
    return nhb2.simulate(RandomSearch(0), bench, budget_s=20_000)


@pytest.fixture(scope="module")
def run(bench: nhb2.Benchmark, tmp_path_factory: pytest.TempPathFactory) -> RunFile:
    directory: Path = tmp_path_factory.mktemp("runs")
    spec = {"name": "shown", "budget_s": 8000, "optimizers": [{"algorithm": "random_search", "seeds": 1}]}
    (plan,) = plan_runs(CampaignSpec.model_validate(spec))
    execute_run(plan, bench, str(directory))
    return read_run(CampaignDirectory(directory).run_file(plan.run_id))


@pytest.fixture(autouse=True)
def _closed_figures() -> Any:
    yield
    pyplot.close("all")


def test_a_configuration_is_shown_with_its_cell_and_its_answers(bench: nhb2.Benchmark) -> None:
    shown = Cells(CONFIGURATION._repr_html_())
    expected = bench.evaluate(CONFIGURATION, 12, "valid", "mean")
    assert f"{expected.error_pct:.2f} % ({expected.cost_s:,.0f} s)" in shown.texts
    long = bench.evaluate(CONFIGURATION, 200, seed="mean")
    assert f"{long.error_pct:.2f} % (estimated {long.cost_s:,.0f} s)" in shown.texts
    assert shown.tags.count("svg") == 1
    assert any(bench.provenance.label in text for text in shown.texts)


def test_a_configuration_is_shown_where_no_table_opens(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from nhb2_plugins import display

    display._bench_in_use.cache_clear()
    monkeypatch.setenv("NHB2_DATA", str(tmp_path / "none"))
    texts = Cells(CONFIGURATION._repr_html_()).texts
    assert "14,050" in texts
    assert not [text for text in texts if "error" in text]


def test_a_cell_is_shown_and_drawn() -> None:
    cell = nhb2.Cell("3|33|230")
    shown = Cells(cell._repr_html_())
    assert {"svg", "table"} <= set(shown.tags)
    assert f"{cell.params_live:,}" in shown.texts
    assert cell.to_svg().startswith("<svg ")
    assert "svg.cell .node{" in cell.to_svg().replace(" {", "{")


def test_a_benchmark_says_its_table_and_its_best(bench: nhb2.Benchmark) -> None:
    best, accuracy_pct = bench.oracle()
    text = " ".join(Cells(bench._repr_html_()).texts)
    assert f"{100 - accuracy_pct:.2f} %" in text
    assert best.cellcode in text
    assert bench.provenance.label in text


def test_text_of_a_table_is_no_markup(bench: nhb2.Benchmark) -> None:
    shown = Cells(replace(bench.provenance, source=CODE, note=CODE)._repr_html_())
    assert "script" not in shown.tags
    assert shown.texts.count(CODE) == 2


def test_a_run_s_name_is_no_markup(bench: nhb2.Benchmark) -> None:
    shown = Cells(nhb2.TrajectoryLogger(run_id=CODE)._repr_html_())
    assert "script" not in shown.tags
    assert f"Run {CODE}: 0 records, 0 s charged" in shown.texts


def test_a_logger_shows_its_last_incumbents(logger: nhb2.TrajectoryLogger) -> None:
    shown = Cells(logger._repr_html_())
    best = logger.incumbents()[-1].record
    assert shown.texts[-1] == f"{best.error_pct:.2f}"
    assert shown.tags.count("tr") == 1 + min(5, len(logger.incumbents()))


def test_a_recorded_run_shows_its_regrets(run: RunFile) -> None:
    shown = Cells(run._repr_html_())
    assert shown.texts[-1] == f"{run.regrets[-1][1]:.2f}"


def test_a_map_is_shown_and_drawn_with_its_numbers(bench: nhb2.Benchmark) -> None:
    found = hyperparameter_map(bench)
    texts = Cells(found._repr_html_()).texts
    assert [f"{each:.1f}" for each in found.error_pct[0]] == texts[texts.index("0.003125") + 1 :][:6]
    axes = found.plot()
    assert [each.get_text() for each in axes.texts] == [f"{each:.1f}" for each in found.error_pct.ravel()]


def test_a_curve_is_shown_and_drawn_on_given_axes(bench: nhb2.Benchmark) -> None:
    curve = bench.curve(CONFIGURATION)
    assert Cells(curve._repr_html_()).texts[-1] == f"{curve.cost_s[-1]:,.0f}"
    axes = curve.plot(label="one")
    assert curve.plot(axes, label="two") is axes
    assert [line.get_label() for line in axes.lines] == ["one", "two"]
    assert axes.get_title(loc="right") == bench.provenance.label  # once
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), curve.accuracy_pct)
    accuracy_pct, cost_s = curve  # it is a tuple of two arrays, as ever
    assert accuracy_pct.shape == cost_s.shape == (12,)
    sent = pickle.loads(pickle.dumps(curve))
    assert sent.table == curve.table
    np.testing.assert_array_equal(sent.cost_s, cost_s)


def test_a_search_is_drawn_as_a_step_to_its_end(logger: nhb2.TrajectoryLogger) -> None:
    axes = logger.plot()
    (line,) = axes.lines
    assert axes.get_title(loc="right") == logger.records[0].table
    changes = logger.incumbents()
    assert line.get_drawstyle() == "steps-post"
    assert list(line.get_xdata()) == [*(each.time_s for each in changes), logger.clock_s]
    assert list(line.get_ydata())[-2:] == [changes[-1].record.error_pct] * 2
    assert len(nhb2.TrajectoryLogger().plot().lines) == 1  # nothing yet: empty axes, no error


def test_a_recorded_run_is_drawn(run: RunFile) -> None:
    (line,) = run.plot().lines
    assert list(zip(line.get_xdata(), line.get_ydata(), strict=True)) == list(run.regrets)


def test_a_landscape_and_a_decomposition_are_drawn(bench: nhb2.Benchmark) -> None:
    hills = landscape(bench)
    (points,) = hills.plot().collections
    assert len(points.get_offsets()) == len(hills.optimal_plateaus)
    anova = functional_anova(bench)
    assert anova.plot().texts[0].get_text().strip() == f"{100 * anova.to_frame()['share'].iloc[0]:.1f}"


def test_an_answer_about_a_landscape_is_shown_as_its_frame(bench: nhb2.Benchmark) -> None:
    anova = functional_anova(bench)
    shown = Cells(anova._repr_html_())
    assert shown.texts[0] == f"{anova.measure}; {anova.table}; the first 20 of 36 rows"
    assert shown.texts[1:5] == ["coordinates", "order", "share", "total_share"]
    first = anova.to_frame().iloc[0]
    assert shown.texts[5:9] == [first["coordinates"], "1", f"{first['share']:.4f}", f"{first['total_share']:.4f}"]
    assert shown.tags.count("tr") == 1 + 20
    walk = walk_autocorrelation(bench)
    shown = Cells(walk._repr_html_())
    assert shown.texts[:2] == [f"{walk.measure}; {walk.table}", "change"]
    assert shown.texts[-1] == f"{walk.by_coordinate['batch_size']:.4f}"
    assert shown.tags.count("tr") == 1 + 18  # ten lags, eight coordinates


def test_an_answer_about_a_landscape_is_named_where_there_is_no_pandas(
    bench: nhb2.Benchmark, monkeypatch: pytest.MonkeyPatch
) -> None:
    walk = walk_autocorrelation(bench)
    monkeypatch.setitem(sys.modules, "pandas", None)
    assert Cells(walk._repr_html_()).texts == [f"{walk.measure}; {walk.table} (its numbers need pandas)"]


def test_every_answer_about_a_landscape_is_shown_and_drawn(bench: nhb2.Benchmark) -> None:
    makers: list[Callable[[nhb2.Benchmark], Measured]] = [
        hyperparameter_map,
        functional_anova,
        fidelity_correlation,
        landscape,
        fitness_distance,
        walk_autocorrelation,
        seed_noise,
        joint_search,
    ]
    answers = [make(bench) for make in makers]
    assert {type(found) for found in answers} == set(Measured.__subclasses__())
    for found in answers:
        assert found.table in Cells(found._repr_html_()).texts[0]
        own = pyplot.figure().add_subplot()
        assert found.plot(own) is own
        assert own.get_title(loc="right") == found.table


def test_walks_distances_noise_fidelities_and_searches_are_drawn_with_their_numbers(bench: nhb2.Benchmark) -> None:
    walk, distance = walk_autocorrelation(bench), fitness_distance(bench)
    np.testing.assert_array_equal(walk.plot().lines[0].get_ydata(), walk.correlation)
    best = distance.plot().lines[1]
    np.testing.assert_array_equal(best.get_ydata(), distance.to_frame()["best_error_pct"])
    noise = seed_noise(bench)
    deviations = noise.regions_frame()["mean_deviation_pct"]
    assert [each.get_text() for each in noise.plot().texts] == [f"{each:.2f}" for each in deviations]
    assert f"{noise.noise_share:.4f}" == Cells(noise._repr_html_()).texts[-1]
    epochs = fidelity_correlation(bench)
    matrix = epochs.plot().images[0].get_array()
    assert matrix is not None
    np.testing.assert_array_equal(matrix, epochs.tau_b)
    joint = joint_search(bench)
    medians = [float(line.get_xdata()[0]) for line in joint.plot().lines if line.get_color() == COLOURS[1]]
    frame = joint.to_frame()
    expected = frame["median_regret_pct"].iloc[1:].to_list()  # all but the joint search
    assert [each for each in medians if each in expected] == expected


def test_a_prior_is_shown_with_its_rank(bench: nhb2.Benchmark) -> None:
    found = nhb2.prior("medium", bench, seed=3)
    texts = Cells(found._repr_html_()).texts
    assert texts[0] == f"A medium prior of the {bench.provenance.label}"
    assert texts[texts.index("its error") + 1] == f"{found.error_pct:.2f} % after 12 epochs"
    assert texts[texts.index("better configurations") + 1] == f"{100 * found.quantile:.3g} %"
    assert found.configuration.cellcode in texts[texts.index("believed optimum") + 1]


def test_a_gate_s_outcome_is_shown_with_its_interval() -> None:
    before = np.arange(1.0, 11.0)
    changed = Cells(judge(before, before + 1 + np.array([0.1, -0.1] * 5), margin=0.5)._repr_html_())
    assert changed.texts[0] == "Gate: worse, over 10 paired seeds; percentage points"
    # Student's t of nine degrees of freedom, 2.262; the deviation of 0.1 up and down is 0.1054.
    assert dict(zip(changed.texts[1::2], changed.texts[2::2], strict=True)) == {
        "mean regret before": "5.50",
        "mean regret after": "6.50",
        "change": "+1.00 [+0.92, +1.08]",
        "margin": "0.5",
    }
    undecided = judge(before, before + np.array([3.0, -3.0] * 5), margin=0.5)
    assert Cells(undecided._repr_html_()).texts[-2:] == ["seeds that would decide it", str(undecided.seeds_needed)]


def test_a_campaign_s_analysis_draws_its_regrets() -> None:
    analysis = analyse(worked_campaign())
    axes = analysis.plot()
    names = [line.get_label() for line in axes.lines]
    assert [name.split(" (")[0] for name in names if "exact" not in name] == [
        "first",
        "second, a <b>",
        "third *",
        "few",
    ]
    curve = analysis.anytime.over_time[0]
    assert axes.lines[0].get_ydata()[-1] == curve.mean[-1]
    assert axes.lines[0].get_xdata()[-1] == curve.x[-1] / 3600
    assert axes.get_title(loc="right") == analysis.table_label
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == names
    own = pyplot.figure().add_subplot()
    assert analysis.plot(own) is own


def test_an_analysis_without_results_is_not_drawn() -> None:
    with pytest.raises(InvalidValueError, match=r"no run of campaign .* has a result"):
        analyse(campaign_of({"a": [None]})).plot()
