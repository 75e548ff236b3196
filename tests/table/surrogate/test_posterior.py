"""Draws of a table against what they must be: as wide as what is not known, sure where records are, and rough."""

from __future__ import annotations

import numpy as np
import pytest

from nhb2_plugins.space import N_HYPERPARAMETERS
from nhb2_plugins.table.surrogate.features import rows_of
from nhb2_plugins.table.surrogate.fit import Surrogate, fit_surrogate
from nhb2_plugins.table.surrogate.gaussian_process import _covariance, _root
from nhb2_plugins.table.surrogate.model import Structure, connected_classes, cost_structure, error_structure, grid
from nhb2_plugins.table.surrogate.records import Records
from nhb2_plugins.table.surrogate.validation import uniformity
from nhb2_plugins.table.synthesis import TableModel, synthesize
from tests.table.surrogate.test_fit import CONNECTED

N_DRAWS = 20
N_FITTED = 400
UNSEEN = slice(N_FITTED, N_FITTED + 400)
"""Records that decide whether draws are as wide as they must be. (A fit to 400 records knows its parameters only so
well: a thousand more would show that it is a little too sure.)"""
NOISE = 0.03


def drawn_function(structure: Structure, generator: np.random.Generator) -> np.ndarray:
    """A function of the prior, at every row: a truth of which the structure is right."""
    kernel = structure.kernel()
    total = np.zeros((1011, N_HYPERPARAMETERS))
    for product in kernel.products(grid(), kernel.first_guess()):
        normal = generator.standard_normal(total.shape)
        total += np.sqrt(product.amplitude) * (
            _root(product.cell.covariance) @ normal @ _root(product.hyper.covariance).T
        )
    return total.ravel()


@pytest.fixture(scope="module")
def records() -> Records:
    """Of every connected row that is drawn, one record; the first ``N_FITTED`` are fitted to."""
    generator = np.random.default_rng(0)
    n = 1_600
    index = generator.choice(CONNECTED, n) * N_HYPERPARAMETERS + generator.integers(N_HYPERPARAMETERS, size=n)
    _, first = np.unique(rows_of(index), return_index=True)
    index = index[np.sort(first)]
    rows, n = rows_of(index), len(index)
    errors, costs = (drawn_function(structure, generator)[rows] for structure in (error_structure(), cost_structure()))
    scale = error_structure().scale
    return Records(
        index=index,
        error_pct=scale.inverse(np.log(35.0) + 0.4 * errors + NOISE * generator.standard_t(4, size=n)),
        cost_s=np.exp(np.log(150.0) + 0.5 * costs + NOISE * generator.standard_t(4, size=n)),
        epoch=np.full(n, 12),
        split=np.full(n, "valid"),
        seed=np.full(n, -1),
    )


@pytest.fixture(scope="module")
def surrogate(records: Records) -> Surrogate:
    fields = ("index", "error_pct", "cost_s", "epoch", "split", "seed")
    return fit_surrogate(Records(**{name: getattr(records, name)[:N_FITTED] for name in fields}))


@pytest.fixture(scope="module")
def mean(surrogate: Surrogate) -> TableModel:
    return surrogate.to_model(created="2026-01-01")


@pytest.fixture(scope="module")
def drawn(surrogate: Surrogate, mean: TableModel) -> list[TableModel]:
    draws = surrogate.to_draws(mean, N_DRAWS)
    return [draws.model_of(mean, draw) for draw in range(N_DRAWS)]


@pytest.fixture(scope="module")
def tables(drawn: list[TableModel]) -> dict[str, np.ndarray]:
    """Logarithms of the first seed's errors and costs in every draw, (n_draws, n_rows)."""
    columns = [synthesize(model) for model in drawn]
    return {
        "error_pct": np.log([100.0 - one["valid_acc"][-1, 0] for one in columns]),
        "cost_s": np.log([one["total_trainval_time"][0] for one in columns]),
    }


@pytest.mark.parametrize("quantity", ["error_pct", "cost_s"])
@pytest.mark.parametrize(("width", "uniform"), [(0.6, False), (1.0, True), (1.7, False)])
def test_unseen_records_have_uniform_ranks_among_draws(
    records: Records, tables: dict[str, np.ndarray], quantity: str, width: float, uniform: bool
) -> None:
    rows = rows_of(records.index[UNSEEN])
    draws = tables[quantity][:, rows]
    middle = np.median(draws, axis=0)
    ranks = (middle + width * (draws - middle) < np.log(getattr(records, quantity)[UNSEEN])).sum(axis=0)
    assert (uniformity(ranks, N_DRAWS) > 0.005) == uniform


@pytest.mark.parametrize("quantity", ["error_pct", "cost_s"])
def test_fitted_records_are_reproduced_within_their_noise(
    records: Records, surrogate: Surrogate, tables: dict[str, np.ndarray], quantity: str
) -> None:
    """A seed's value differs from the record's by the noise of both, whatever the draw."""
    off = tables[quantity][:, rows_of(records.index[:N_FITTED])] - np.log(getattr(records, quantity)[:N_FITTED])
    assert np.median(np.abs(off), axis=1).max() < 2.5 * NOISE
    fields = {"error_pct": surrogate.predict_error, "cost_s": surrogate.predict_cost}
    prior = np.log(getattr(records, quantity)).std()
    assert np.median(np.abs(off)) < 0.2 * prior
    assert fields[quantity](records.index[:1]).value > 0.0


def test_draws_agree_where_records_are_and_differ_where_there_are_none(
    records: Records, surrogate: Surrogate, drawn: list[TableModel]
) -> None:
    errors = np.log([model.error_mean for model in drawn])
    spread = errors.std(axis=0)
    fitted = rows_of(records.index[:N_FITTED])
    deviation = surrogate.error.row_deviations
    connected = np.isin(np.arange(len(spread)) // N_HYPERPARAMETERS, connected_classes())
    unsure = connected & (deviation > np.quantile(deviation, 0.9))
    assert np.median(spread[unsure]) > 2.0 * np.median(spread[fitted])


def test_neighbours_in_a_draw_go_together_as_in_the_posterior(surrogate: Surrogate, drawn: list[TableModel]) -> None:
    """Correlations between a row and the next learning rate's, against those of a dense computation."""
    process = surrogate.error.process
    generator = np.random.default_rng(1)
    one = generator.choice(connected_classes(), 300) * N_HYPERPARAMETERS + generator.integers(0, 42, size=300)
    rows = np.concatenate([one, one + 6])
    prior = _covariance(process._products, process.grid, rows, rows)
    with_records = _covariance(process._products, process.grid, rows, process.rows)
    noise = process._noise[process.rows] * process.extra
    among = _covariance(process._products, process.grid, process.rows, process.rows) + np.diag(noise)
    posterior = prior - with_records @ np.linalg.solve(among, with_records.T)
    expected = np.diag(posterior[:300, 300:]) / np.sqrt(np.diag(posterior)[:300] * np.diag(posterior)[300:])
    errors = np.log([model.error_mean for model in drawn])
    off = (errors - errors.mean(axis=0)) / errors.std(axis=0)
    found = (off[:, one] * off[:, one + 6]).mean(axis=0)
    assert found.mean() == pytest.approx(expected.mean(), abs=0.1)
    assert expected.mean() > 0.3
