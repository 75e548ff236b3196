"""The comparison as text, CSV and figure; what stands on each of them."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from nhb2_plugins.analysis.comparison import compare, to_csv
from nhb2_plugins.analysis.report import comparison_text, write_report
from nhb2_plugins.analysis.results import CampaignResults, OptimizerRuns, read_results
from nhb2_plugins.errors import CampaignError, TrajectoryError
from nhb2_plugins.trajectory.run_file import RunFile, line_of
from nhb2_plugins.trajectory.sinks import JsonLinesSink
from tests.analysis.runs import TABLE, make_run

RESULTS = CampaignResults(
    (
        OptimizerRuns(
            "first",
            (make_run([(10, 80.0), (30, 85.0)], optimizer="first"), make_run([(20, 83.0)], seed=1, optimizer="first")),
        ),
        OptimizerRuns("second", (make_run([(5, 89.5)], optimizer="second", epoch=200),)),
    )
)


def write_run(directory: Path, run: RunFile, *, finish: bool = True) -> Path:
    path = directory / "runs" / f"{run.header.run_id}.jsonl"
    with JsonLinesSink(path) as sink:
        sink.write_line(line_of(run.header))
        for record in run.records:
            sink.write(record)
        for incumbent in run.incumbents:
            sink.write_line(line_of(incumbent))
        if finish and run.end is not None:
            sink.write_line(line_of(run.end))
    return path


def test_a_row_holds_means_and_standard_errors_of_the_final_incumbents() -> None:
    first, second = compare(RESULTS)
    assert (first.n_runs, first.evaluations, first.simulated_h) == (2, 1.5, pytest.approx(25 / 3600))
    assert (first.valid_error.mean, first.valid_error.standard_error) == pytest.approx((16.0, 1.0))
    assert first.regret.mean == pytest.approx(6.0)
    assert first.test_error_12.mean == pytest.approx(15.0)
    assert first.test_error_200.mean == pytest.approx(11.0)
    assert (second.n_runs, second.valid_error.standard_error) == (1, 0.0)


def test_the_text_names_the_table_and_the_conditions() -> None:
    text = comparison_text(RESULTS)
    for words in ("embedded table (01234567): made by hand (for a test)", "100 simulated seconds", "from_scratch"):
        assert words in text


def test_a_search_on_expected_test_accuracy_is_marked() -> None:
    text = comparison_text(RESULTS)
    assert "second *" in text
    assert "first *" not in text
    assert "* searched on expected test accuracy" in text


def test_the_csv_holds_the_numbers_of_the_text() -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(compare(RESULTS), "embedded table"))))
    assert [row["optimizer"] for row in rows] == ["first", "second *"]
    assert float(rows[0]["valid_error_mean"]) == compare(RESULTS)[0].valid_error.mean
    assert {row["table"] for row in rows} == {"embedded table"}


def test_what_was_written_is_read_back_equal(tmp_path: Path) -> None:
    for each in RESULTS.optimizers:
        for run in each.runs:
            write_run(tmp_path, run)
    assert read_results(tmp_path, ("first", "second")) == RESULTS
    names = [each.name for each in read_results(tmp_path, ("second",)).optimizers]
    assert names == ["second", "first"]


def test_a_run_that_did_not_finish_does_not_count(tmp_path: Path) -> None:
    write_run(tmp_path, make_run([(10, 80.0)]))
    write_run(tmp_path, make_run([(10, 88.0)], seed=1), finish=False)
    ((only,),) = (each.runs for each in read_results(tmp_path).optimizers)
    assert only.header.seed == 0


def test_runs_of_two_tables_are_not_compared(tmp_path: Path) -> None:
    write_run(tmp_path, make_run([(10, 80.0)]))
    write_run(tmp_path, make_run([(10, 80.0)], seed=1, table={**TABLE, "digest": "f" * 16}))
    with pytest.raises(CampaignError, match="cannot be compared"):
        read_results(tmp_path)


def test_no_run_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(CampaignError, match="no finished runs"):
        read_results(tmp_path)


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    path = write_run(tmp_path, make_run([(10, 80.0), (20, 81.0)]))
    lines = path.read_text().splitlines()
    lines[1] = lines[1][:20]
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(TrajectoryError, match=r"seed-0000\.jsonl:2: not JSON"):
        read_results(tmp_path)


def test_the_report_writes_its_three_files(tmp_path: Path) -> None:
    text, table, figure = write_report(RESULTS, tmp_path)
    assert text.read_text() == comparison_text(RESULTS)
    assert table.read_text().startswith("optimizer,runs,")
    assert figure.read_bytes().startswith(b"\x89PNG")


def test_the_figure_carries_the_table_and_every_optimizer(tmp_path: Path) -> None:
    from nhb2_plugins.analysis.plots import plot_anytime_regret

    path = tmp_path / "regret.svg"
    import matplotlib as mpl

    with mpl.rc_context({"svg.fonttype": "none"}):
        plot_anytime_regret(RESULTS, path)
    svg = path.read_text()
    for words in ("embedded table (01234567)", "first (2 runs)", "second * (1 run)", "simulated time (hours)"):
        assert words in svg


def test_runs_without_a_result_are_named(tmp_path: Path) -> None:
    empty = make_run([], seed=1, optimizer="first")
    results = CampaignResults((OptimizerRuns("first", (make_run([(10, 80.0)], optimizer="first"), empty)),))
    assert "No result within the budget, and not counted: first (1 of 2 runs)." in comparison_text(results)
    assert "No result" not in comparison_text(RESULTS)


@pytest.mark.parametrize("incumbents", [[], [(10, 90.0)]], ids=["no result", "the optimum at once"])
def test_the_report_is_written_where_no_regret_is_positive(
    incumbents: list[tuple[float, float]], tmp_path: Path
) -> None:
    results = CampaignResults((OptimizerRuns("first", (make_run(incumbents, optimizer="first"),)),))
    _, _, figure = write_report(results, tmp_path)
    assert figure.read_bytes().startswith(b"\x89PNG")
