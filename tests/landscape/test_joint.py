from __future__ import annotations

import numpy as np
import pytest

from nhb2_plugins.benchmark import Benchmark
from nhb2_plugins.landscape.joint import DEFAULT_BATCH_SIZE, DEFAULT_LR, JointSearch, joint_search
from nhb2_plugins.landscape.view import Floats, View
from nhb2_plugins.space import BATCH_SIZES, CELLCODES, LEARNING_RATES, Configuration
from nhb2_plugins.table.schema import Provenance
from nhb2_plugins.table.writer import table_in_memory
from tests.core_fixtures import mini_benchmark, mini_columns, needs
from tests.landscape.tables import coarse_benchmark
from tests.support.published_format import generated_table

SETTINGS = [(lr, batch_size) for lr in LEARNING_RATES for batch_size in BATCH_SIZES]


@pytest.fixture(scope="module")
def searched() -> JointSearch:
    return joint_search(coarse_benchmark())


def _errors_of_cell(bench: Benchmark, code: str) -> list[float]:
    return [bench.evaluate(Configuration(code, *setting)).error_pct for setting in SETTINGS]


def _errors_of_setting(bench: Benchmark, setting: tuple[float, int]) -> list[float]:
    errors: list[float] = (
        100 - bench.evaluate_many([Configuration(code, *setting).index for code in CELLCODES])[0]
    ).tolist()
    return errors


def test_one_sided_and_two_stage_searches_step_by_step(searched: JointSearch) -> None:
    bench = coarse_benchmark()
    for cell in (0, 77, 1234, 4000):
        tuned = _errors_of_cell(bench, CELLCODES[cell])
        assert searched.hyperparameters_only[cell] == min(tuned)
        setting = SETTINGS[tuned.index(min(tuned))]
        assert searched.hyperparameters_first[cell] == min(_errors_of_setting(bench, setting))
    for position in (0, 20, 47):
        of_cells = _errors_of_setting(bench, SETTINGS[position])
        assert searched.architecture_only[position] == min(of_cells)
        code = CELLCODES[of_cells.index(min(of_cells))]
        assert searched.architecture_first[position] == min(_errors_of_cell(bench, code))
    assert SETTINGS[searched.default] == (DEFAULT_LR, DEFAULT_BATCH_SIZE)
    assert searched.optimum_error_pct == bench_error(bench).min()


def bench_error(bench: Benchmark) -> Floats:
    return View.of(bench).error_pct


def test_alternating_goes_on_until_nothing_changes() -> None:
    # A staircase: class k is best under setting k + 1, and there class k + 1 is a little better.
    table = generated_table(random_seed=0)
    accuracy = np.full((table.n_classes, 48), 5.0)
    for step in range(48):
        accuracy[step, step] = 10 + 1.5 * step
        accuracy[step, min(step + 1, 47)] = 10.75 + 1.5 * step
    table.columns["valid_acc"][11] = accuracy.ravel()
    provenance = Provenance(kind="surrogate", source="a staircase", created="2026-01-01", seeds=table.seeds)
    bench = Benchmark(table_in_memory(table.columns, provenance))
    searched = joint_search(bench)
    on_stairs = np.flatnonzero(bench.rows[::48] // 48 < 48)
    assert np.unique(searched.alternating[on_stairs]).tolist() == [searched.optimum_error_pct]
    assert len(np.unique(searched.hyperparameters_first[on_stairs])) == 47  # two stages climb one step


def test_nobody_beats_the_joint_search_and_more_stages_never_hurt(searched: JointSearch) -> None:
    for errors in (searched.architecture_only, searched.hyperparameters_only, searched.alternating):
        assert errors.min() >= searched.optimum_error_pct
    assert (searched.hyperparameters_first <= searched.hyperparameters_only).all()
    assert (searched.architecture_first <= searched.architecture_only).all()
    assert (searched.alternating <= searched.hyperparameters_first).all()


@needs("pandas")
def test_the_frames_sum_up(searched: JointSearch) -> None:
    frame = searched.to_frame().set_index(["strategy", "start"])
    assert frame.loc[("joint", "nothing fixed"), "mean_regret_pct"] == 0
    random_cell = frame.loc[("hyperparameters only", "each of 4,096 cells")]
    regret = searched.hyperparameters_only - searched.optimum_error_pct
    assert random_cell["mean_regret_pct"] == pytest.approx(regret.mean())
    assert random_cell["median_regret_pct"] == pytest.approx(np.median(regret))
    assert random_cell["worst_regret_pct"] == regret.max()
    assert random_cell["optimum_share"] == (regret == 0).mean()
    default = frame.loc[("architecture only", "lr 0.1, batch size 256")]
    assert default["mean_error_pct"] == default["worst_regret_pct"] + searched.optimum_error_pct
    assert frame.index[-1] == ("alternating until nothing changes", "each of 4,096 cells")
    of_default = searched.architecture_first[[searched.default]] - searched.optimum_error_pct
    first = frame.loc[("architecture, then hyperparameters", "lr 0.1, batch size 256")]
    assert [first["mean_regret_pct"], first["worst_regret_pct"]] == [*of_default, *of_default]
    assert frame["n_configurations"].tolist()[:-1] == [196_608, 4096, 4096, 48, 4144, 4144, 4144]
    assert np.isnan(frame["n_configurations"].iloc[-1])  # as many as it takes
    shares = searched.shares_frame()
    assert shares[["error_share", "cost_share"]].sum().tolist() == pytest.approx([1, 1])
    assert shares["error_share"][2] == searched.interaction_share
    assert shares.attrs["table"] == coarse_benchmark().provenance.label


def test_where_nothing_interacts_two_stages_are_enough() -> None:
    found = joint_search(mini_benchmark())  # a cell's part plus a setting's part
    assert found.interaction_share == pytest.approx(0, abs=1e-9)
    for errors in (found.hyperparameters_first, found.architecture_first, found.alternating):
        assert set(errors.tolist()) == {found.optimum_error_pct}
    assert found.architecture_only.min() < found.architecture_only.max()


def test_where_all_is_interaction_alternating_gets_stuck() -> None:
    # The cells of class 0 want the first setting (60 %), those of class 1 the last (80 %); all else is 40 %.
    accuracy = 0 * mini_columns()["valid_acc"] + 40
    accuracy[..., 0], accuracy[..., 95] = 60, 80
    found = joint_search(mini_benchmark(valid_acc=accuracy))
    class_1 = np.array([not code.startswith("0") for code in CELLCODES])
    assert found.optimum_error_pct == 20
    assert np.unique(found.alternating[class_1]).tolist() == [20]
    assert np.unique(found.alternating[~class_1]).tolist() == [40]
    # Accuracies above 40 %: 20 in a quarter of the cells under the first setting, 40 in the others under the last.
    total = (400 / 4 + 1600 * 3 / 4) / 48 - (35 / 48) ** 2
    architecture = 3 / 16 * (20 / 48) ** 2  # means 20/48 and 40/48
    settings = (5**2 + 30**2) / 48 - (35 / 48) ** 2  # means 5 and 30 of the two, else 0
    assert found.interaction_share == pytest.approx(1 - (architecture + settings) / total)
