from __future__ import annotations

from itertools import product
from math import prod

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nhb2_plugins.benchmark import Benchmark
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.exact import ranks
from nhb2_plugins.landscape.rank_correlation import kendall_tau_b
from nhb2_plugins.landscape.seed_noise import seed_noise, winner_changes
from nhb2_plugins.landscape.view import View
from nhb2_plugins.space import BATCH_SIZES, CELLCODES, LEARNING_RATES, Configuration
from nhb2_plugins.table.writer import table_in_memory
from tests.core_fixtures import mini_benchmark, mini_columns, mini_provenance, needs
from tests.landscape.tables import coarse_benchmark

rows = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(1, 3)), min_size=1, max_size=5)


@given(rows, st.integers(1, 4))
def test_the_winner_changes_as_often_as_every_possible_draw_says(row: list[tuple[int, int, int]], n: int) -> None:
    total = sum(size for *_, size in row)
    kept = 0.0
    for outcome in product(range(len(row)), repeat=n):
        drawn = set(outcome)
        wins = [i for i in drawn if all(row[i][0] < row[j][0] and row[i][1] < row[j][1] for j in drawn if j != i)]
        kept += prod(row[i][2] / total for i in outcome) * bool(wins)
    first, second, size = (np.array(column) for column in zip(*row, strict=True))
    changes = winner_changes(first.astype(float), second.astype(float), size, [n])
    assert changes[0] == pytest.approx(1 - kept)


def test_the_spread_of_the_mini_table_by_hand() -> None:
    # The second seed is a tenth of a percentage point better, in every row.
    noise = seed_noise(mini_benchmark())
    assert noise.row_deviation_pct == pytest.approx(np.full(96, 0.1 / np.sqrt(2)))
    of_rows = np.repeat(np.arange(96) / 1000, noise.row_size).var()
    assert noise.noise_share == pytest.approx(0.05**2 / (0.05**2 + of_rows))


@needs("pandas")
def test_regions_are_over_the_cells_of_each_pair() -> None:
    bench = coarse_benchmark()
    noise = seed_noise(bench, 9, "test")
    frame = noise.regions_frame()
    row = 17
    lr, batch_size = LEARNING_RATES[row // 6], BATCH_SIZES[row % 6]
    assert (frame["lr"][row], frame["batch_size"][row]) == (lr, batch_size)
    pair = [Configuration(code, lr, batch_size).index for code in CELLCODES]
    errors = np.array([100 - bench.evaluate_many(pair, 9, "test", seed)[0] for seed in bench.seeds])
    deviations = errors.std(axis=0, ddof=1)
    assert frame["mean_deviation_pct"][row] == pytest.approx(deviations.mean())
    assert frame["median_deviation_pct"][row] == pytest.approx(np.median(deviations))
    assert frame["max_deviation_pct"][row] == pytest.approx(deviations.max())
    assert frame["mean_error_pct"][row] == pytest.approx(errors.mean())
    assert frame.attrs == {
        "table": bench.provenance.label,
        "measure": f"test error after 9 epochs, seeds {', '.join(map(str, bench.seeds))}",
    }


@needs("pandas")
def test_winners_are_judged_by_every_seed_and_their_mean() -> None:
    bench = coarse_benchmark()
    frame = seed_noise(bench).winners_frame()
    assert len(frame) == 3 * 4
    for row in frame.to_dict("records"):
        judge = row["judged_by"] if row["judged_by"] == "mean" else int(row["judged_by"])
        winner = bench.oracle(seed=int(row["winner_of"]))[0]
        assert (row["cellcode"], row["lr"], row["batch_size"]) == (winner.cellcode, winner.lr, winner.batch_size)
        accuracy = bench.evaluate(winner, seed=judge).accuracy_pct
        assert row["error_pct"] == 100 - accuracy
        assert row["regret_pct"] == pytest.approx(bench.oracle(seed=judge)[1] - accuracy)
        assert row["rank"] == ranks(bench, seed=judge)[winner.index]
        assert (row["rank"] == 1) == (row["regret_pct"] == 0)


@needs("pandas")
def test_agreement_of_pairs_of_seeds() -> None:
    bench = coarse_benchmark()
    frame = seed_noise(bench).agreement_frame([1, 50])
    assert list(zip(frame["first"], frame["second"], strict=True)) == [(222, 555), (222, 888), (555, 888)]
    x, y = (View.of(bench, seed=seed).error_pct for seed in (222, 888))
    assert frame["tau_b"][1] == pytest.approx(kendall_tau_b(x, y), abs=1e-12)
    best = (x <= np.sort(x)[19_660]) | (y <= np.sort(y)[19_660])
    assert frame["tau_b_best"][1] == pytest.approx(kendall_tau_b(x[best], y[best]), abs=1e-12)
    assert frame["winner_changes_1"].tolist() == pytest.approx([0, 0, 0])  # one draw wins under any seed
    assert frame["winner_changes_50"].tolist() == pytest.approx(
        [_simulated_changes(bench, *pair, 50) for pair in [(222, 555), (222, 888), (555, 888)]], abs=0.04
    )


def _simulated_changes(bench: Benchmark, first: int, second: int, n: int) -> float:
    """By drawing: how often the strict winners of n draws differ, or there is none."""
    rng = np.random.default_rng(first + second)
    x, y = (View.of(bench, seed=seed).error_pct for seed in (first, second))
    changed = 0
    n_runs = 3000
    for indices in rng.integers(0, len(x), (n_runs, n)):
        distinct = indices[np.unique(bench.rows[indices], return_index=True)[1]]
        i, j = distinct[np.argmin(x[distinct])], distinct[np.argmin(y[distinct])]
        alone = (x[distinct] == x[i]).sum() == 1 and (y[distinct] == y[j]).sum() == 1
        changed += not (i == j and alone)
    return changed / n_runs


def test_what_has_no_repetitions_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="epoch 200 has no seeds"):
        seed_noise(mini_benchmark(), 200)
    columns = mini_columns()
    one_seed = {
        name: column[:, :1] if column.ndim == 3 else column[:1] if name.startswith("total") else column
        for name, column in columns.items()
    }
    bench = Benchmark(table_in_memory(one_seed, mini_provenance(seeds=(222,))))
    with pytest.raises(InvalidValueError, match="has one seed, 222"):
        seed_noise(bench)


@needs("pandas")
def test_every_frame_says_its_table_and_its_measure_and_for_which_numbers_of_draws() -> None:
    noise = seed_noise(mini_benchmark(), 7, "test")
    for frame in (noise.regions_frame(), noise.winners_frame(), noise.agreement_frame()):
        assert frame.attrs["table"] == mini_benchmark().provenance.label
        assert "test error after 7 epochs" in frame.attrs["measure"]
    numbers = [f"winner_changes_{n}" for n in (10, 100, 1000, 10_000)]
    assert list(noise.agreement_frame()) == ["first", "second", "tau_b", "tau_b_best", *numbers]
