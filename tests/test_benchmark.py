"""Lookups on a table written by hand: see :func:`tests.core_fixtures.mini_columns` for how to read its numbers."""

from __future__ import annotations

import math
import multiprocessing
import pickle
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from nhb2_plugins.benchmark import Benchmark, Observation, open_benchmark, sum_in_order
from nhb2_plugins.errors import InvalidValueError, TableError, TableNotFoundError
from nhb2_plugins.exact import final_report
from nhb2_plugins.fidelity import FIDELITIES
from nhb2_plugins.space import CELLCODES, N_CONFIGURATIONS, Configuration
from nhb2_plugins.table.writer import table_in_memory, write_table
from tests.core_fixtures import (
    N_ROWS,
    configurations,
    mini_benchmark,
    mini_columns,
    mini_provenance,
    needs,
)

BENCH = mini_benchmark()
FIRST = Configuration("0|00|000", 0.003125, 16)
"""Row 0: 10 s of training, 2 s of validation and 1 s of test an epoch with the first seed."""
ROW_53 = Configuration("1|00|000", 0.003125, 512)
"""Class 1 begins at row 48, and this is the last of the six batch sizes of its first learning rate."""

questions = st.sampled_from(
    [(epoch, split) for epoch in FIDELITIES[:-1] for split in (None, "train", "valid", "test")]
    + [(200, None), (200, "test")]
)
seeds = st.sampled_from([None, 222, 555, "mean"])


@pytest.mark.parametrize(
    ("configuration", "epoch", "split", "seed", "accuracy_pct", "cost_s"),
    [
        # Below 12 epochs a cost is the sum of the parts.
        (FIRST, 1, "train", 222, 61.1, 10),
        (FIRST, 1, "valid", 222, 41.1, 12),
        (FIRST, 1, "test", 222, 21.1, 13),
        (FIRST, 3, "train", 222, 63.1, 30),
        (FIRST, 3, "valid", 222, 43.1, 36),
        (FIRST, 3, "test", 222, 23.1, 39),
        (FIRST, 11, "valid", 222, 51.1, 132),
        # At 12 it is the published total, half a second more than the parts; test has half a second of its own.
        (FIRST, 12, "train", 222, 72.1, 120.5),
        (FIRST, 12, "valid", 222, 52.1, 144.5),
        (FIRST, 12, "test", 222, 32.1, 157),
        # The second seed takes twice as long, row 53 fifty-four times as long.
        (FIRST, 3, "valid", 555, 43.2, 72),
        (FIRST, 12, "valid", 555, 52.2, 288.5),
        (ROW_53, 7, "valid", 555, 47.253, 2 * 54 * 7 * 12),
        (ROW_53, 12, "test", 222, 32.153, 54 * 12 * 13 + 1),
        # 200 epochs: one expected accuracy; the estimated cost is 200/12 of training and validation.
        (FIRST, 200, "test", 222, 90.0, 144.5 * 200 / 12),
        (FIRST, 200, "test", 555, 90.0, 288.5 * 200 / 12),
        (ROW_53, 200, "test", 222, 90.053, (54 * 144 + 0.5) * 200 / 12),
        # The mean over the seeds.
        (FIRST, 3, "valid", "mean", 43.15, 54),
        (FIRST, 12, "test", "mean", 32.15, (157 + 313) / 2),
        (FIRST, 200, "test", "mean", 90.0, 216.5 * 200 / 12),
    ],
)
def test_answers_by_eye(
    configuration: Configuration, epoch: int, split: str, seed: Any, accuracy_pct: float, cost_s: float
) -> None:
    observation = BENCH.evaluate(configuration, epoch, split, seed)
    assert observation.accuracy_pct == pytest.approx(accuracy_pct, rel=1e-12)
    assert observation.cost_s == pytest.approx(cost_s, rel=1e-12)
    assert (observation.epoch, observation.split, observation.seed) == (epoch, split, seed)
    assert observation.error_pct == 100 - observation.accuracy_pct
    assert observation.cost_is_estimated is (epoch == 200)


def test_defaults_are_twelve_epochs_validation_and_the_first_seed() -> None:
    assert BENCH.evaluate(FIRST) == BENCH.evaluate(FIRST, epoch=12, split="valid", seed=222)
    assert BENCH.evaluate(FIRST, 200) == BENCH.evaluate(FIRST, epoch=200, split="test", seed=222)
    assert BENCH.oracle() == BENCH.oracle(epoch=12, split="valid", seed=222)
    assert BENCH.by_row() is BENCH.by_row(epoch=12, split="valid", seed=222)
    for answers, same in zip(BENCH.evaluate_many([0]), BENCH.evaluate_many([0], 12, "valid", 222), strict=True):
        assert answers.tolist() == same.tolist()


def test_a_table_by_another_of_its_training_seeds_answers_by_that_one_where_none_is_named(tmp_path: Path) -> None:
    first, second, *_ = BENCH.seeds
    other = BENCH.with_seed(second)
    assert other.evaluate(FIRST) == BENCH.evaluate(FIRST, seed=second) != BENCH.evaluate(FIRST)
    assert other.evaluate(FIRST, seed=first) == BENCH.evaluate(FIRST)
    assert other.oracle(12) == BENCH.oracle(12, seed=second)
    assert (other.seeds, other.provenance) == (BENCH.seeds, BENCH.provenance)
    assert (other.default_seed, other.with_seed(None).default_seed) == (second, None)
    write_table(tmp_path / "table", mini_columns(), mini_provenance())
    kept = open_benchmark(tmp_path / "table")
    for made in (other, kept.with_seed(second)):
        assert pickle.loads(pickle.dumps(made)).evaluate(FIRST) == other.evaluate(FIRST)
    with pytest.raises(InvalidValueError, match="seed 5 is not one of"):
        BENCH.with_seed(5)


@given(configurations, questions, seeds)
def test_evaluate_and_evaluate_many_agree_to_the_bit(
    configuration: Configuration, question: tuple[int, str | None], seed: Any
) -> None:
    observation = BENCH.evaluate(configuration, *question, seed)
    accuracies, costs = BENCH.evaluate_many([configuration.index], *question, seed)
    assert (accuracies.tolist(), costs.tolist()) == ([observation.accuracy_pct], [observation.cost_s])
    assert {type(value) for value in observation[:2]} == {float}


@given(configurations, st.sampled_from(["train", "valid", "test"]), seeds)
def test_evaluate_and_curve_agree_to_the_bit(configuration: Configuration, split: str, seed: Any) -> None:
    curve = BENCH.curve(configuration, split, seed)
    observations = [BENCH.evaluate(configuration, epoch, split, seed) for epoch in range(1, 13)]
    assert curve.accuracy_pct.tolist() == [each.accuracy_pct for each in observations]
    assert curve.cost_s.tolist() == [each.cost_s for each in observations]
    assert (np.diff(curve.cost_s) > 0).all()


@given(configurations, questions, seeds)
def test_lookups_are_pure_and_isomorphic_cells_agree(
    configuration: Configuration, question: tuple[int, str | None], seed: Any
) -> None:
    """An earlier question with another seed or split leaves nothing behind."""
    fresh = mini_benchmark().evaluate(configuration, *question, seed)
    assert BENCH.evaluate(configuration, *question, seed) == fresh
    twin_code = configuration.cellcode[0] + "|33|333"
    if configuration.cellcode[0] in "01":
        twin = Configuration(twin_code, configuration.lr, configuration.batch_size)
        assert BENCH.evaluate(twin, *question, seed) == fresh


def test_costs_below_12_epochs_are_summed_in_the_references_order() -> None:
    """Training epochs first, then validation, then test, from left to right: other orders differ in the last bits."""
    columns = mini_columns()
    generator = np.random.default_rng(0)
    for split in ("train", "valid", "test"):
        columns[f"{split}_time"] = generator.uniform(1, 50, (12, 2, N_ROWS))
    bench = mini_benchmark(**columns)
    for split, timed in (("train", ["train"]), ("valid", ["train", "valid"]), ("test", ["train", "valid", "test"])):
        total = 0.0
        for part in timed:
            for epoch in range(7):
                total = total + columns[f"{part}_time"][epoch, 1, 0]
        assert bench.evaluate(FIRST, 7, split, 555).cost_s == total


def test_every_index_reaches_its_row() -> None:
    accuracies, _ = BENCH.evaluate_many(np.arange(N_CONFIGURATIONS), epoch=200)
    classes = np.array([0 if code.startswith("0") else 1 for code in CELLCODES])
    rows = (classes[:, np.newaxis] * 48 + np.arange(48)).ravel()
    assert np.array_equal(accuracies, 90 + rows / 1000)


@pytest.mark.parametrize("dtype", ["int8", "int16", "uint16", "int32", "uint64", ">i4"])
def test_any_integer_dtype_is_an_index(dtype: str) -> None:
    accuracies, costs = BENCH.evaluate_many(np.array([0, 53, 100], dtype=dtype))
    expected = [BENCH.evaluate(Configuration.from_index(index)) for index in (0, 53, 100)]
    assert list(zip(accuracies.tolist(), costs.tolist(), strict=True)) == [each[:2] for each in expected]
    assert accuracies.dtype == costs.dtype == np.float64


def test_no_indices_give_no_answers_and_the_answers_are_the_callers_own() -> None:
    accuracies, costs = BENCH.evaluate_many([])
    assert accuracies.shape == costs.shape == (0,)
    accuracies, costs = BENCH.evaluate_many([0, 0])
    accuracies[:] = costs[:] = -1
    assert BENCH.evaluate(FIRST)[:2] == pytest.approx((52.1, 144.5))


@pytest.mark.parametrize(
    ("indices", "message"),
    [
        ([0, -1], "index -1 is not in 0..196607"),
        ([196_608], "index 196608 is not in 0..196607"),
        (np.array([2**63], dtype=np.uint64), "index 9223372036854775808 is not in"),
        ([0.0], "indices have dtype float64, expected integers in 0..196607"),
        ([True, False], "indices have dtype bool"),
        (["0"], "indices have dtype <U1"),
        ([None], "indices have dtype object"),
        ([10**30], "indices have dtype object"),
        ([math.nan], "indices have dtype float64"),
        ([FIRST], "indices are Configurations, expected their indices"),
        ([[1, 2], [3]], r"indices \[\[1, 2\], \[3\]\] are not an array of integers"),
    ],
)
def test_what_is_no_index_is_refused(indices: Any, message: str) -> None:
    with pytest.raises(InvalidValueError, match=message):
        BENCH.evaluate_many(indices)


@pytest.mark.parametrize("thing", ["0|00|000", 0, ("0|00|000", 0.1, 16), None, [0], {"cellcode": "0|00|000"}])
def test_what_is_no_configuration_is_refused(thing: Any) -> None:
    with pytest.raises(InvalidValueError, match="is not a Configuration") as refusal:
        BENCH.evaluate(thing)
    assert repr(thing) in str(refusal.value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"epoch": 13}, r"epoch 13 is not one of 1\.\.12 or 200"),
        ({"epoch": 0}, "epoch 0 is not one of"),
        ({"epoch": np.array([1, 2])}, "is not one of 1"),
        ({"epoch": True}, r"epoch True is not one of 1\.\.12 or 200"),
        ({"epoch": np.True_}, r"epoch .*True.* is not one of 1\.\.12 or 200"),
        ({"epoch": np.array([True])[0]}, r"epoch .*True.* is not one of 1\.\.12 or 200"),
        ({"split": "vaild"}, r"split 'vaild' is not one of 'train', 'valid', 'test' \(did you mean 'valid'\?\)"),
        ({"epoch": 200, "split": "valid"}, "split 'valid' does not exist at 200 epochs"),
        ({"epoch": 200, "split": "train"}, "split 'train' does not exist at 200 epochs"),
        ({"seed": 0}, "seed 0 is not one of 222, 555, 'mean'"),
        ({"seed": 888}, "seed 888 is not one of 222, 555, 'mean'"),
        ({"seed": "222"}, "seed '222' is not one of 222, 555, 'mean'"),
        ({"seed": "Mean"}, r"seed 'Mean' is not one of .* \(did you mean 'mean'\?\)"),
        ({"seed": [222]}, r"seed \[222\] is not one of"),
        ({"seed": np.array([222, 555])}, "is not one of 222, 555, 'mean'"),
        ({"seed": np.array(222)}, "is not one of 222, 555, 'mean'"),
        ({"seed": 10**30, "epoch": 200}, "seed 1000000000000000000000000000000 is not one of"),
    ],
)
def test_every_way_to_ask_refuses_the_same_things(arguments: dict[str, Any], message: str) -> None:
    for ask in (
        lambda **arguments: BENCH.evaluate(FIRST, **arguments),
        lambda **arguments: BENCH.evaluate_many([0], **arguments),
        lambda **arguments: BENCH.oracle(**arguments),
    ):
        for _ in range(2):  # a refused question is not remembered as a good one
            with pytest.raises(InvalidValueError, match=message):
                ask(**arguments)


def test_a_truth_value_is_neither_an_epoch_nor_a_seed_though_it_equals_one_that_was_asked_for() -> None:
    bench = Benchmark(table_in_memory(mini_columns(), mini_provenance(seeds=(0, 1))))
    for seed in (0, 1):
        bench.evaluate(FIRST, 1, seed=seed)
        bench.curve(FIRST, seed=seed)
    for ask in (
        lambda **arguments: bench.evaluate(FIRST, **arguments),
        lambda **arguments: bench.evaluate_many([0], **arguments),
        lambda **arguments: bench.oracle(**arguments),
    ):
        for epoch in (True, np.True_):
            with pytest.raises(InvalidValueError, match=r"epoch .*True.* is not one of"):
                ask(epoch=epoch)
        for seed in (True, False):
            with pytest.raises(InvalidValueError, match=f"seed {seed} is not one of 0, 1, 'mean'"):
                ask(epoch=1, seed=seed)
    for seed in (True, False):
        with pytest.raises(InvalidValueError, match=f"seed {seed} is not one of 0, 1, 'mean'"):
            bench.curve(FIRST, seed=seed)


def test_a_curve_refuses_a_wrong_split_or_seed() -> None:
    with pytest.raises(InvalidValueError, match="split 'x'"):
        BENCH.curve(FIRST, "x")
    with pytest.raises(InvalidValueError, match="seed 1 is not one of"):
        BENCH.curve(FIRST, seed=1)


def test_numbers_of_other_types_ask_the_same_question_and_leave_built_in_labels() -> None:
    asked_first = mini_benchmark().evaluate(FIRST, np.int64(3), np.str_("valid"), np.int32(555))  # type: ignore[arg-type]
    assert asked_first == BENCH.evaluate(FIRST, 3, "valid", 555)
    assert [type(value) for value in asked_first] == [float, float, int, str, int]
    assert mini_benchmark().evaluate(FIRST, 12.0, seed=222.0).epoch == 12  # type: ignore[arg-type]


# -- the oracle


@given(questions, seeds)
def test_the_oracle_is_the_best_of_all(question: tuple[int, str | None], seed: Any) -> None:
    configuration, accuracy_pct = BENCH.oracle(*question, seed)
    accuracies, _ = BENCH.evaluate_many(np.arange(N_CONFIGURATIONS), *question, seed)
    assert accuracy_pct == accuracies.max()
    assert configuration.index == accuracies.argmax(), "the first of equals in index order"
    assert type(accuracy_pct) is float


def _first_seed_at_12(valid_acc: NDArray[Any], **columns: NDArray[Any]) -> Benchmark:
    changed = mini_columns()["valid_acc"]
    changed[11, 0] = valid_acc
    return mini_benchmark(valid_acc=changed, **columns)


def test_of_equals_the_oracle_names_the_first_in_index_order() -> None:
    accuracies = np.full(N_ROWS, 50.0)
    assert _first_seed_at_12(accuracies).oracle() == (Configuration.from_index(0), 50.0)
    accuracies[[50, 60, 95]] = 70.0
    assert _first_seed_at_12(accuracies).oracle() == (Configuration("1|00|000", 0.003125, 64), 70.0)


def test_equals_in_classes_that_begin_later_but_are_numbered_earlier() -> None:
    """Nothing says that classes are numbered in the order of their cells: an import keeps the published hash."""
    swapped = 1 - mini_columns()["class_of_cell"]
    accuracies = np.full(N_ROWS, 50.0)
    assert _first_seed_at_12(accuracies, class_of_cell=swapped).oracle() == (Configuration.from_index(0), 50.0)
    accuracies[3] = 60.0  # row 3 is of class 0, which here holds the cells 1|…, 2|…, 3|…
    best = _first_seed_at_12(accuracies, class_of_cell=swapped).oracle()
    assert best == (Configuration("1|00|000", 0.003125, 128), 60.0)


# -- values and processes


def test_an_observation_is_a_frozen_value() -> None:
    observation = BENCH.evaluate(FIRST, 3)
    assert observation == Observation(*observation) == pickle.loads(pickle.dumps(observation))
    with pytest.raises(AttributeError):
        observation.accuracy_pct = 100.0  # type: ignore[misc]


def test_the_benchmark_says_what_it_is() -> None:
    assert BENCH.seeds == (222, 555)
    assert repr(BENCH) == f"<Benchmark of the imported table ({BENCH.provenance.digest[:8]}), seeds (222, 555)>"


def _answer(bench: Benchmark) -> Observation:
    return bench.evaluate(ROW_53, 7, "valid", 555)


def test_a_benchmark_answers_the_same_in_another_process(tmp_path: Path) -> None:
    write_table(tmp_path / "table", mini_columns(), mini_provenance())
    on_disk = open_benchmark(tmp_path / "table")
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.map(_answer, [BENCH, on_disk]) == [_answer(BENCH)] * 2


# -- which table is opened


def test_open_benchmark_prefers_argument_then_variable_then_the_users_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = {}
    for name in ("argument", "variable", "home/nhb2-plugins/table"):
        tables[name] = write_table(tmp_path / name, mini_columns(), mini_provenance(source=name)).directory
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NHB2_DATA", str(tmp_path / "variable"))
    assert open_benchmark(tables["argument"]).provenance.source == "argument"
    assert open_benchmark(str(tables["argument"])).provenance.source == "argument"
    assert open_benchmark().provenance.source == "variable"
    monkeypatch.setenv("NHB2_DATA", "")
    assert open_benchmark().provenance.source == "home/nhb2-plugins/table"


def test_a_tilde_is_the_home_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_table(tmp_path / "table", mini_columns(), mini_provenance(source="at home"))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert open_benchmark("~/table").provenance.source == "at home"
    monkeypatch.setenv("NHB2_DATA", "~/table")
    assert open_benchmark().provenance.source == "at home"


def test_a_table_that_was_asked_for_is_never_replaced_by_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NHB2_DATA", str(tmp_path / "gone"))
    with pytest.raises(TableNotFoundError, match=r"there is no directory .*gone \(named by \$NHB2_DATA\)"):
        open_benchmark()
    with pytest.raises(TableNotFoundError, match="there is no directory"):
        open_benchmark(tmp_path / "also-gone")
    write_table(tmp_path / "home/nhb2-plugins/table", mini_columns(), mini_provenance())
    (tmp_path / "home/nhb2-plugins/table/valid_acc.bin").unlink()
    monkeypatch.delenv("NHB2_DATA")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    with pytest.raises(TableError, match="column 'valid_acc' is missing"):
        open_benchmark()


@pytest.mark.parametrize("table", [3, True, b"", b"table", "", 1.5, ["table"]])
def test_what_is_no_path_of_a_table_is_named(table: Any) -> None:
    with pytest.raises(
        InvalidValueError, match="is not the path of a table's directory; None for the one in use"
    ) as no:
        open_benchmark(table)
    assert str(no.value).startswith(f"table {table!r} ")


def test_sums_are_plain_and_from_the_left() -> None:
    assert sum_in_order([1e16, 1.0, 1.0]) == 1e16
    assert sum_in_order(iter([0.1, 0.2, 0.3])) == (0.1 + 0.2) + 0.3
    assert sum_in_order([5.0]) == 5.0


def test_an_observation_is_shown_with_the_digits_that_its_data_have() -> None:
    shown = repr(Observation(85.13199999999999, 129.75300000000004, 12, "valid", 222))
    assert shown == "Observation(accuracy_pct=85.132, cost_s=129.753, epoch=12, split='valid', seed=222)"


@needs("pandas")
def test_a_row_of_a_frame_is_no_configuration() -> None:
    """Its index is its position in the frame, which would answer for another configuration."""
    row = next(BENCH.to_frame().itertuples())
    assert row.Index == 0
    for look_up in (BENCH.evaluate, BENCH.curve, partial(final_report, BENCH)):
        with pytest.raises(InvalidValueError, match=r"is not a Configuration; Configuration.from_index\(…\) makes one"):
            look_up(row)


@pytest.mark.parametrize("other", [-1, 10**6, 14050, np.int64(3), "0|10|210", None, SimpleNamespace(index=5)])
def test_what_has_an_index_or_is_one_is_no_configuration(other: Any) -> None:
    for look_up in (BENCH.evaluate, BENCH.curve, partial(final_report, BENCH)):
        with pytest.raises(InvalidValueError, match=r"is not a Configuration; Configuration.from_index"):
            look_up(other)


def test_a_mapping_is_pointed_to_what_reads_it() -> None:
    values = Configuration.from_index(5).to_hyperparameters()
    for look_up in (BENCH.evaluate, BENCH.curve, partial(final_report, BENCH)):
        with pytest.raises(InvalidValueError, match=r"Configuration.from_hyperparameters\(…\) makes one"):
            look_up(values)


def test_configurations_are_no_indices() -> None:
    with pytest.raises(InvalidValueError, match=r"indices are Configurations, expected their indices: \[each.index "):
        BENCH.evaluate_many([Configuration.from_index(0), Configuration.from_index(1)])  # type: ignore[arg-type]
