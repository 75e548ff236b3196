"""``nhb2 data surrogate``: from a file of records to a table that answers."""

from __future__ import annotations

import csv
import random
from pathlib import Path

import pytest
from scipy.stats import kendalltau

from nhb2_plugins.benchmark import open_benchmark
from nhb2_plugins.cells import Cell
from nhb2_plugins.optimizers.draws import draw_configuration
from nhb2_plugins.space import N_CONFIGURATIONS, Configuration
from tests.support.command_line import assert_one_line_error, nhb2


def write_records(path: Path, n: int) -> Path:
    """Records drawn from the embedded table."""
    bench = open_benchmark()
    generator = random.Random(0)
    lines = ["cellcode,lr,batch_size,valid_error_pct,cost_s"]
    while len(lines) <= n:
        configuration = draw_configuration(generator)
        if Cell(configuration.cellcode).is_connected:
            seen = bench.evaluate(configuration)
            values = (configuration.cellcode, configuration.lr, configuration.batch_size, seen.error_pct, seen.cost_s)
            lines.append(",".join(str(value) for value in values))
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_table_is_fitted_and_says_what_it_is(tmp_path: Path) -> None:
    records = write_records(tmp_path / "records.csv", 80)
    to = ("--to", str(tmp_path / "table"), "--draws", "1", "--intervals", str(tmp_path / "intervals.csv"))
    done = nhb2("data", "surrogate", "--records", str(records), *to)
    assert done.status == 0, done.err
    assert f"intervals written to {tmp_path / 'intervals.csv'}" in done.out
    assert_intervals_hold_the_records(tmp_path / "intervals.csv", records)
    assert "surrogate table (" in done.out
    assert "surrogate table, draw 0 of 1 (" in done.out
    draw = open_benchmark(tmp_path / "table-draw-0")
    assert draw.provenance.label.startswith("surrogate table, draw 0 of 1 (")
    assert draw.provenance.digest != open_benchmark(tmp_path / "table").provenance.digest
    bench = open_benchmark(tmp_path / "table")
    assert bench.provenance.kind == "surrogate"
    assert "records.csv" in bench.provenance.source
    best, accuracy = bench.oracle()
    assert 50 < accuracy < 100
    assert bench.evaluate(best).accuracy_pct == accuracy


def assert_intervals_hold_the_records(intervals: Path, records: Path) -> None:
    """Most of them, by class and setting; and a class without a path is at chance, for certain."""
    with intervals.open(newline="") as file:
        lines = {(row["cellcode"], row["lr"], row["batch_size"]): row for row in csv.DictReader(file)}
    assert len(lines) == 1_011 * 48
    with records.open(newline="") as file:
        seen = list(csv.DictReader(file))
    inside = {"error_pct": 0, "cost_s": 0}
    for row in seen:
        line = lines[Cell(row["cellcode"]).canonical_code, row["lr"], row["batch_size"]]
        for name, value in (("error_pct", row["valid_error_pct"]), ("cost_s", row["cost_s"])):
            low, expected, high = (float(line[column]) for column in (f"{name}_low", name, f"{name}_high"))
            assert low < expected < high
            inside[name] += low <= float(value) <= high
    assert min(inside.values()) >= 0.8 * len(seen)
    apart = lines[Cell("3|33|333").canonical_code, "0.1", "256"]
    assert [apart[f"error_pct{end}"] for end in ("_low", "", "_high")] == ["90.000"] * 3


@pytest.mark.parametrize(
    ("name", "message"), [("mine.csv", "already exists"), ("none/intervals.csv", "there is no directory")]
)
def test_a_place_that_intervals_cannot_go_to_is_named_before_anything_is_fitted(
    tmp_path: Path, name: str, message: str
) -> None:
    records = write_records(tmp_path / "records.csv", 30)
    (tmp_path / "mine.csv").touch()
    where = ("--to", str(tmp_path / "table"), "--intervals", str(tmp_path / name))
    assert_one_line_error(nhb2("data", "surrogate", "--records", str(records), *where), message, Path(name).name)
    assert not (tmp_path / "table").exists()


def test_a_wrong_line_is_named(tmp_path: Path) -> None:
    records = write_records(tmp_path / "records.csv", 30)
    records.write_text(records.read_text().replace(",16,", ",17,", 1))
    done = nhb2("data", "surrogate", "--records", str(records), "--to", str(tmp_path / "table"))
    assert_one_line_error(done, "records.csv", "17")
    assert not (tmp_path / "table").exists()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    done = nhb2("data", "surrogate", "--records", str(tmp_path / "none.csv"), "--to", str(tmp_path / "table"))
    assert_one_line_error(done, f"there are no records {tmp_path / 'none.csv'}")


def test_an_occupied_directory_is_named_before_anything_is_fitted(tmp_path: Path) -> None:
    records = write_records(tmp_path / "records.csv", 30)
    done = nhb2("data", "surrogate", "--records", str(records), "--to", str(tmp_path))
    assert_one_line_error(done, f"{tmp_path} already exists and is not empty; name another directory")


def test_an_occupied_directory_of_a_draw_is_named_before_anything_is_fitted(tmp_path: Path) -> None:
    records = write_records(tmp_path / "records.csv", 30)
    (tmp_path / "table-draw-1").mkdir()
    (tmp_path / "table-draw-1" / "mine.txt").touch()
    to = ("--to", str(tmp_path / "table"), "--draws", "2")
    done = nhb2("data", "surrogate", "--records", str(records), *to)
    assert_one_line_error(done, f"{tmp_path / 'table-draw-1'} already exists and is not empty")
    assert not (tmp_path / "table").exists()


def test_a_table_that_was_trained_in_part_is_completed(tmp_path: Path) -> None:
    """The digits of scikit-learn: ten cells were trained for each setting, and the table answers for all 4,096."""
    records = Path(__file__).parents[2] / "data" / "digits" / "records.csv"
    done = nhb2("data", "surrogate", "--records", str(records), "--to", str(tmp_path / "digits"))
    assert done.status == 0, done.err
    bench = open_benchmark(tmp_path / "digits")
    with records.open(newline="") as file:
        trained = [row for row in csv.DictReader(file) if (row["epoch"], row["split"]) == ("12", "valid")]
    assert len(trained) == 480
    connected = [row for row in trained if Cell(row["cellcode"]).is_connected]
    measured = [float(row["error_pct"]) for row in connected]
    answered = [
        bench.evaluate(Configuration(row["cellcode"], float(row["lr"]), int(row["batch_size"])), seed="mean").error_pct
        for row in connected
    ]
    assert kendalltau(measured, answered).statistic > 0.85
    assert bench.evaluate_many(range(N_CONFIGURATIONS))[0].size == N_CONFIGURATIONS
