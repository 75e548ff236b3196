"""The comparison, the report's files, and what stands on each of them."""

from __future__ import annotations

import csv
import errno
import io
import os
import random
import shutil
from pathlib import Path

import matplotlib as mpl
import pytest
from matplotlib.figure import Figure

from nhb2_plugins.analysis.analyse import analyse, report_figures
from nhb2_plugins.analysis.model import CampaignAnalysis
from nhb2_plugins.analysis.questions.comparison import compare, comparison_table
from nhb2_plugins.analysis.report import DEFAULT_FORMATS, ReportWriteError, comparison_text, write_paper, write_report
from nhb2_plugins.analysis.results import CampaignResults, OptimizerRuns, read_results
from nhb2_plugins.analysis.table_files import to_csv
from nhb2_plugins.analysis.tables import ReportTable
from nhb2_plugins.analysis.wording import fidelity_of
from nhb2_plugins.errors import CampaignError, InvalidValueError, TrajectoryError
from nhb2_plugins.fidelity import FidelityLadder
from tests.analysis.runs import TABLE, campaign_of, make_run, optimizer_of, optimizer_with, write_run

FIRST = (make_run([(10, 80.0), (30, 85.0)], optimizer="first"), make_run([(20, 83.0)], seed=1, optimizer="first"))
SECOND = (make_run([(5, 89.5)], optimizer="second", epoch=200),)
RESULTS = CampaignResults((optimizer_of("first", *FIRST), optimizer_of("second", *SECOND)))


def _comparison(analysis: CampaignAnalysis) -> ReportTable:
    return comparison_table(analysis.comparison, analysis)


def test_a_row_holds_means_and_standard_errors_of_the_final_incumbents() -> None:
    first, second = compare(RESULTS)
    assert (first.n_runs, first.evaluations, first.simulated_h) == (2, 1.5, pytest.approx(25 / 3600))
    assert first.valid_error is not None
    assert (first.valid_error.mean, first.valid_error.standard_error) == pytest.approx((16.0, 1.0))
    assert first.regret is not None
    assert first.regret.mean == pytest.approx(6.0)
    assert first.test_error_12 is not None
    assert first.test_error_12.mean == pytest.approx(15.0)
    assert first.test_error_200 is not None
    assert first.test_error_200.mean == pytest.approx(11.0)
    assert second.valid_error is not None
    # The spread of one run is not zero, it is unknown.
    assert (second.n_runs, second.valid_error.standard_error, str(second.valid_error)) == (1, None, "10.50")
    assert "10.5,," in to_csv(_comparison(analyse(RESULTS)), analyse(RESULTS))


def test_the_text_names_the_table_and_the_conditions() -> None:
    text = comparison_text(analyse(RESULTS))
    for words in ("embedded table (01234567): made by hand (for a test)", "100 simulated seconds", "from_scratch"):
        assert words in text


def test_a_search_on_expected_test_accuracy_is_marked() -> None:
    text = comparison_text(analyse(RESULTS))
    assert "second *" in text
    assert "first *" not in text
    assert "* searched on expected test accuracy" in text


def test_the_csv_holds_the_numbers_of_the_text() -> None:
    analysis = analyse(RESULTS)
    rows = list(csv.DictReader(io.StringIO(to_csv(_comparison(analysis), analysis))))
    assert [row["optimizer"] for row in rows] == ["first", "second *"]
    assert float(rows[0]["valid_error_mean"]) == pytest.approx(16.0)
    assert float(rows[0]["valid_error_se"]) == pytest.approx(1.0)
    assert {row["table"] for row in rows} == {"embedded table (01234567)"}
    assert all("from_scratch" in row["conditions"] for row in rows)


def test_what_was_written_is_read_back_equal(tmp_path: Path) -> None:
    for run in (*FIRST, *SECOND):
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


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"spec": 1}', "[" * 100_000])
def test_a_damaged_campaign_file_is_named(text: str, tmp_path: Path) -> None:
    write_run(tmp_path, make_run([(10, 80.0)]))
    (tmp_path / "campaign.json").write_text(text)
    with pytest.raises(CampaignError, match=r"campaign\.json is damaged"):
        read_results(tmp_path)


def test_an_optimizer_without_any_result_has_a_row_with_dashes(tmp_path: Path) -> None:
    write_run(tmp_path, make_run([(10, 80.0)]))
    write_run(tmp_path, make_run([], optimizer="slow"))
    analysis = analyse(read_results(tmp_path, ("never started", "slow", "a")))
    never, slow, fine = _comparison(analysis).shown()
    assert never == ("never started", "0", *["–"] * 6)
    assert slow == ("slow", "0", *["–"] * 6)
    assert fine[:3] == ("a", "1", "1.0")
    assert "No finished run: never started." in comparison_text(analysis)
    assert "never started was not run." in analysis.sentences
    assert "slow has no result within the budget." in analysis.sentences


def test_failed_runs_are_told(tmp_path: Path) -> None:
    write_run(tmp_path, make_run([(10, 80.0)]))
    (tmp_path / "failures" / "b").mkdir(parents=True)
    (tmp_path / "failures" / "b" / "seed-0003.txt").write_text("Traceback:\n  somewhere\nValueError: no good\n")
    (failure,) = analyse(read_results(tmp_path)).failures
    assert (failure.run_id, failure.reason) == ("b/seed-0003", "ValueError: no good")
    assert "somewhere" in failure.traceback


def test_runs_without_a_result_are_named() -> None:
    results = CampaignResults((optimizer_with("first", [10.0, None]),))
    assert "No result within the budget, and not counted: first (1 of 2 runs)." in comparison_text(analyse(results))
    assert "No result" not in comparison_text(analyse(RESULTS))


# -- files


def test_the_report_is_written_in_every_format(tmp_path: Path) -> None:
    analysis = analyse(RESULTS)
    for name, suffix, beginning in (
        ("csv", ".csv", b"optimizer,runs,"),
        ("latex", ".tex", b"% needs"),
        ("png", ".png", b"\x89PNG"),
        ("svg", ".svg", b"<?xml"),
        ("pdf", ".pdf", b"%PDF"),
    ):
        files = write_report(analysis, tmp_path / name, [name])
        assert len(files) > 3
        assert sorted((tmp_path / name).iterdir()) == sorted(files)
        assert {file.suffix for file in files} == {suffix}
        assert files[0].read_bytes().startswith(beginning)


def test_without_a_format_the_page_comes_first() -> None:
    assert DEFAULT_FORMATS == ("html", "text", "csv", "png")


def test_several_formats_stand_beside_each_other(tmp_path: Path) -> None:
    files = write_report(analyse(RESULTS), tmp_path / "new" / "place", ["text", "csv", "text"])
    assert files[0].name == "comparison.txt"
    assert len(files) == len(set(files))
    assert {file.suffix for file in files} == {".txt", ".csv"}


def test_an_unknown_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidValueError, match=r"'latx' is not one of .* .did you mean 'latex'"):
        write_report(analyse(RESULTS), tmp_path, ["latx"])


@pytest.mark.parametrize("below", ["a-file", "a-file/report"])
def test_a_file_in_the_report_s_way_is_named(below: str, tmp_path: Path) -> None:
    (tmp_path / "a-file").write_text("")
    with pytest.raises(InvalidValueError, match=rf"cannot go to .*{below}"):
        write_report(analyse(RESULTS), tmp_path / below, ["text"])


def test_every_figure_carries_the_table_and_the_conditions(tmp_path: Path) -> None:
    with mpl.rc_context({"svg.fonttype": "none"}):
        files = write_report(analyse(RESULTS), tmp_path, ["svg"])
    for file in files:
        svg = " ".join(file.read_text().split())
        assert "embedded table (01234567)" in svg
        assert "100 simulated seconds" in svg
        assert "second *" in svg
    (curves,) = (file.read_text() for file in files if file.name == "regret_over_time.svg")
    for words in ("first (2 runs)", "second * (1 run)", "simulated time (hours)"):
        assert words in curves


@pytest.mark.parametrize("finals", [[None], [0.0], [None, 0.0], [3.0]], ids=str)
def test_the_report_is_written_where_there_is_little_to_show(finals: list[float | None], tmp_path: Path) -> None:
    results = CampaignResults((optimizer_with("first", finals), OptimizerRuns("never started", ())))
    for file in write_report(analyse(results), tmp_path, ["text", "csv", "latex", "png"]):
        assert file.stat().st_size > 50


def test_a_report_leaves_nothing_of_an_earlier_one_that_it_has_no_numbers_for(tmp_path: Path) -> None:
    formats = ["csv", "latex", "png"]
    generator = random.Random(1)
    before = {name: [1 + generator.random() for _ in range(12)] for name in "abc"}
    written = write_report(analyse(campaign_of(before)), tmp_path, formats)
    assert {"friedman.csv", "friedman.tex", "critical_difference.png"} <= {path.name for path in written}
    written = write_report(analyse(campaign_of({"a": [1.0]})), tmp_path, formats)
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in written}
    assert "friedman.csv" not in {path.name for path in written}


def test_a_curve_that_can_rise_is_explained() -> None:
    at_the_measure = analyse(campaign_of({"a": [1.0]}))
    below_it = analyse(campaign_of({"a": [1.0]}, ladder=FidelityLadder((4, 12))))
    told = [
        any("A curve can rise" in note for figure in report_figures(each) for note in figure.notes)
        for each in (at_the_measure, below_it)
    ]
    assert told == [False, True]


# -- a disk that refuses


def test_a_full_disk_leaves_what_was_there_and_names_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_report(analyse(RESULTS), tmp_path, ["html", "csv"])
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def half(self: Path, data: str, encoding: str) -> int:
        self.write_bytes(data.encode(encoding)[: len(data) // 2])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self))

    monkeypatch.setattr(Path, "write_text", half)
    for name, file in (("html", "report.html"), ("csv", "comparison.csv")):
        with pytest.raises(ReportWriteError, match=rf"cannot write .*/{file}: No space left on device; an earlier one"):
            write_report(analyse(campaign_of({"other": [1.0]})), tmp_path, [name])
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_figure_that_the_disk_refuses_leaves_the_last_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (path, *_) = write_report(analyse(RESULTS), tmp_path, ["png"])
    before = path.read_bytes()

    def fail(self: Figure, path: Path, format: str) -> None:
        path.write_bytes(b"half")
        raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))

    monkeypatch.setattr(Figure, "savefig", fail)
    with pytest.raises(ReportWriteError, match=f"cannot write .*{path.name}: Disk quota exceeded"):
        write_report(analyse(RESULTS), tmp_path, ["png"])
    assert path.read_bytes() == before
    assert not [each.name for each in tmp_path.iterdir() if each.name.startswith(".")]


def test_a_directory_that_is_taken_away_meanwhile_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "report"

    def taken_away(table: ReportTable, analysis: CampaignAnalysis) -> str:
        shutil.rmtree(place, ignore_errors=True)
        return to_csv(table, analysis)

    monkeypatch.setattr("nhb2_plugins.analysis.report.to_csv", taken_away)
    with pytest.raises(ReportWriteError, match=r"cannot write .*comparison\.csv: No such file or directory"):
        write_report(analyse(RESULTS), place, ["csv"])


def test_a_place_that_cannot_be_made_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, **_: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(self))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(ReportWriteError, match=r"cannot make .*new: Permission denied"):
        write_report(analyse(RESULTS), tmp_path / "new", ["csv"])


# -- epochs


@pytest.mark.parametrize(
    ("header", "served"),
    [
        ({"ladder": FidelityLadder((4 / 3, 4.0, 12.0))}, "1, 4, 12 epochs"),
        ({"ladder": FidelityLadder((12.0, 201.0))}, "12, 200 epochs"),
        ({"ladder": FidelityLadder((1.0,))}, "1 epoch"),
        ({"epoch": 1}, "1 epoch"),
        ({"epoch": 12}, "12 epochs"),
    ],
)
def test_the_epochs_that_served_are_printed_not_the_budgets(header: dict[str, object], served: str) -> None:
    analysis = analyse(campaign_of({"a": [1.0]}, **header))
    assert f"Searched at {served}. " in comparison_text(analysis)
    assert fidelity_of(analysis.optimizers[0]) == served


def test_another_width_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidValueError, match="width of a paper 'colum' is not one of 'column', 'page'"):
        write_paper(analyse(campaign_of({"a": [1.0]})), tmp_path, "colum")
