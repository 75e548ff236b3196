"""What a notebook shows, and what ``.plot()`` draws: the right values, escaped, and nothing loaded before."""

from __future__ import annotations

import pickle
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib import pyplot

import nhb2_plugins as nhb2
from nhb2_plugins.analysis.analyse import analyse
from nhb2_plugins.campaign.plan import plan_runs
from nhb2_plugins.campaign.run import execute_run
from nhb2_plugins.campaign.spec import CampaignSpec
from nhb2_plugins.campaign_directory import CampaignDirectory
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.landscape.anova import functional_anova
from nhb2_plugins.landscape.hyperparameter_map import hyperparameter_map
from nhb2_plugins.landscape.neighbourhood import landscape
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
def bench() -> nhb2.Benchmark:
    return nhb2.open_benchmark()


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
