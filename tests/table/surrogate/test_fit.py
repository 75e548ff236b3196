"""The surrogate: it recovers a made-up truth, states its spread, and fills a table of its own kind."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import t

from nhb2_plugins.cells import Cell
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.space import CELLCODES, N_HYPERPARAMETERS, Configuration
from nhb2_plugins.table.surrogate.build import SEED_SHARE
from nhb2_plugins.table.surrogate.features import row_features, rows_of
from nhb2_plugins.table.surrogate.fit import Surrogate, fit_surrogate
from nhb2_plugins.table.surrogate.form import TableForm
from nhb2_plugins.table.surrogate.model import all_rows, expected_row_errors
from nhb2_plugins.table.surrogate.noise import Noise, NoiseShape
from nhb2_plugins.table.surrogate.records import Records
from nhb2_plugins.table.synthesis import SCALE, synthesize

CONNECTED = np.array([index for index, code in enumerate(CELLCODES) if Cell(code).is_connected])
NOISE = 0.02


def true_error(index):
    rows = row_features()
    values = rows.values[rows_of(index)]
    nas, convolutions, lr, batch_size = (
        values[:, rows.columns((name,))[0]]
        for name in ("log NAS-Bench-201 error, 200 epochs, CIFAR-10", "live convolutions", "lr", "batch_size")
    )
    return np.exp(2.2 + 0.4 * nas - 0.05 * convolutions + 0.02 * (lr - batch_size - 1.0) ** 2)


def true_cost(index):
    rows = row_features()
    values = rows.values[rows_of(index)]
    convolutions, batch_size = (values[:, rows.columns((name,))[0]] for name in ("trained conv3x3", "batch_size"))
    return (60.0 + 30.0 * convolutions) * (1.0 + 6.0 / 2.0**batch_size)


def made_records(n, seed=0, **changes):
    generator = np.random.default_rng(seed)
    index = generator.choice(CONNECTED, n) * N_HYPERPARAMETERS + generator.integers(N_HYPERPARAMETERS, size=n)
    values = {
        "index": index,
        "error_pct": true_error(index) * np.exp(NOISE * generator.normal(size=n)),
        "cost_s": true_cost(index) * np.exp(NOISE * generator.normal(size=n)),
        "epoch": np.full(n, 12),
        "split": np.full(n, "valid"),
        "seed": np.full(n, -1),
        **changes,
    }
    return Records(**values)


@pytest.fixture(scope="module")
def surrogate() -> Surrogate:
    return fit_surrogate(made_records(250))


@pytest.fixture(scope="module")
def unseen():
    return made_records(400, seed=1).index


def test_it_recovers_the_truth_on_cells_it_has_not_seen(surrogate, unseen):
    error, cost = surrogate.predict_error(unseen), surrogate.predict_cost(unseen)
    assert np.median(np.abs(error.value / true_error(unseen) - 1.0)) < 0.04
    assert np.median(np.abs(cost.value / true_cost(unseen) - 1.0)) < 0.04


def test_its_intervals_cover_new_records(surrogate, unseen):
    generator = np.random.default_rng(2)
    record = true_error(unseen) * np.exp(NOISE * generator.normal(size=len(unseen)))
    low, high = surrogate.predict_error(unseen).interval()
    assert (low < high).all()
    assert 0.8 < ((low <= record) & (record <= high)).mean() <= 1.0


def test_its_noise_is_that_of_the_records(surrogate, unseen):
    assert np.median(surrogate.predict_error(unseen).log_noise) == pytest.approx(NOISE, rel=0.6)


def test_isomorphic_cells_share_their_prediction(surrogate):
    codes = Cell("0|33|330").isomorphic_codes
    indices = [Configuration(code, 0.1, 64).index for code in codes]
    assert len(set(surrogate.predict_error(indices).value.tolist())) == 1


def test_a_cell_without_a_path_is_at_chance_and_certain(surrogate):
    prediction = surrogate.predict_error([Configuration("3|33|333", 0.1, 64).index])
    assert prediction.value.tolist() == [90.0]
    assert prediction.interval()[0].tolist() == [90.0]


def test_too_few_records_are_refused():
    with pytest.raises(InvalidValueError, match="at least 20 are needed"):
        fit_surrogate(made_records(10))


def test_identical_records_of_isomorphic_cells_count_once():
    records = made_records(60)
    twice = Records.concatenate([records, records])
    assert fit_surrogate(twice).n_records == fit_surrogate(records).n_records


def test_the_models_means_are_the_predictions(surrogate):
    model = surrogate.to_model(created="2026-01-01")
    np.testing.assert_array_equal(model.error_mean, np.rint(expected_row_errors(surrogate.error) * 250.0))
    np.testing.assert_array_equal(model.cost_mean, np.rint(surrogate.cost.expected_rows * 1000.0))
    asked = made_records(50, seed=7).index
    np.testing.assert_array_equal(
        expected_row_errors(surrogate.error)[rows_of(asked)], surrogate.predict_error(asked).value
    )


def test_a_table_of_its_own_kind_is_written(surrogate, tmp_path):
    table = surrogate.to_table(tmp_path / "table", created="2026-01-01", source="made-up records")
    assert table.provenance.kind == "surrogate"
    assert table.provenance.source == "made-up records"
    assert "not the published" in table.provenance.note
    columns = synthesize(surrogate.to_model(created="2026-01-01"))
    np.testing.assert_array_equal(table.column("valid_acc"), columns["valid_acc"])


def test_draws_are_as_far_from_the_mean_as_the_model_is_unsure(surrogate):
    model = surrogate.to_model(created="2026-01-01")
    draws = surrogate.to_draws(model, 9)
    rows = rows_of(made_records(300, seed=8).index)
    models = [draws.model_of(model, draw) for draw in range(9)]
    errors = np.array([one.error_mean[rows] for one in models])
    prediction = surrogate.error.predict(rows)
    certainty = surrogate.error.shape.certainty(surrogate.error.row_regions[rows])
    noise = surrogate.error.shape.regions[0].quantiles((np.arange(4096) + 0.5) / 4096).std()
    own = np.sqrt(1.0 - SEED_SHARE) * noise * prediction.log_noise
    expected = prediction.value * np.hypot(certainty * prediction.log_deviation, own) * 250.0
    assert np.median(errors.std(axis=0, ddof=1) / expected) == pytest.approx(1.0, abs=0.25)
    costs = np.log(np.array([one.cost_mean[rows] for one in models]))
    unsure = surrogate.cost.predict(rows)
    certainty = surrogate.cost.shape.certainty(surrogate.cost.row_regions[rows])
    assert np.median(costs.std(axis=0, ddof=1) / (certainty * unsure.log_deviation)) == pytest.approx(1.0, abs=0.25)
    assert len({tuple(pair) for pair in draws.variant.tolist()}) == 9
    assert len({one.noise_seed for one in (model, *models)}) == 10


def test_noise_of_costs_is_that_of_their_region_in_intervals_tables_and_draws(surrogate):
    rows = all_rows()
    prediction = surrogate.cost.predict(rows)
    region = surrogate.cost.structure.regions.of(prediction.value, prediction.deviation)
    assert len(set(region.tolist())) >= 6
    narrow = Noise(certainty=0.0, degrees_below=30.0, degrees_above=30.0, lowest=-99.0, highest=99.0)
    shape = NoiseShape(tuple(replace(narrow, factor_below=1.0 + n, factor_above=1.0 + n) for n in range(8)))
    cost = replace(surrogate.cost, shape=shape)
    low, high = cost.predict(rows).interval()
    np.testing.assert_allclose(
        np.log(high / low), 2.0 * t.ppf(0.95, 30.0) * (1.0 + region) * prediction.noise, rtol=1e-3
    )
    changed = replace(surrogate, cost=cost)
    model = changed.to_model(created="2026-01-01")
    drawn = changed.to_draws(model, 1).model_of(model, 0)
    assert np.unique(model.cost_kind - region).size == 1
    np.testing.assert_array_equal(drawn.cost_kind, model.cost_kind + 8)
    for one in (model, drawn):
        np.testing.assert_allclose(one.cost_spread / SCALE, (1.0 + region) * prediction.noise, rtol=0.2)


def test_a_draw_leaves_cells_without_a_path_at_chance(surrogate):
    model = surrogate.to_model(created="2026-01-01")
    drawn = surrogate.to_draws(model, 2).model_of(model, 1)
    row = rows_of([Configuration("3|33|333", 0.1, 64).index])
    assert (synthesize(drawn)["valid_acc"][:, :, row] == 10.0).all()


def test_what_records_determine_is_the_same_in_every_draw(surrogate):
    form = replace(surrogate.form, exponents=(1.1, 1.2), fitted=frozenset({"exponents", "damping_200"}))
    fitted = replace(surrogate, form=form)
    draws = fitted.to_draws(fitted.to_model(created="2026-01-01"), 2)
    assert draws.variant.tolist() == [[0, 0], [0, 0]]


def test_without_other_records_the_form_is_the_assumed_one(surrogate):
    assert surrogate.form == TableForm()


def test_records_of_200_epochs_replace_the_assumption(surrogate):
    truth = TableForm(damping_200=0.6, offset_200=0.1)
    expected = truth.expected_error_200_pct(expected_row_errors(surrogate.error))
    late = made_records(60, seed=3)
    late = replace(late, epoch=np.full(60, 200), error_pct=expected[rows_of(late.index)])
    form = fit_surrogate(Records.concatenate([made_records(250), late])).form
    assert form.fitted == {"damping_200", "offset_200"}
    assert form.damping_200 == pytest.approx(0.6, abs=0.02)
    assert form.offset_200 == pytest.approx(0.1, abs=0.02)


def test_records_of_other_splits_replace_the_assumption(surrogate):
    other = made_records(60, seed=4)
    expected = surrogate.predict_error(other.index).value
    test = replace(other, split=np.full(60, "test"), error_pct=0.8 * expected)
    train = replace(other, split=np.full(60, "train"), error_pct=0.7 * expected)
    form = fit_surrogate(Records.concatenate([made_records(250), test, train])).form
    assert form.fitted == {"test_ratio", "train_gap"}
    assert form.test_ratio == pytest.approx(0.8)
    assert form.train_gap == pytest.approx(0.3)


def test_records_of_other_epochs_replace_the_assumption(surrogate):
    truth = TableForm(exponents=(2.0, 3.4), cosine_weight=0.5)
    model = replace(surrogate, form=truth).to_model(created="2026-01-01")
    quiet = replace(model, curve_noise=np.zeros_like(model.curve_noise), error_spread=np.zeros_like(model.error_spread))
    curves = synthesize(quiet)["valid_acc"][:, 0]
    early = made_records(120, seed=5)
    epochs = np.random.default_rng(6).integers(1, 12, size=120)
    early = replace(early, epoch=epochs, error_pct=100.0 - curves[epochs - 1, rows_of(early.index)])
    form = fit_surrogate(Records.concatenate([made_records(250), early])).form
    assert form.fitted == {"exponents", "cosine_weight"}
    assert form.cosine_weight == pytest.approx(0.5, abs=0.11)
    assert form.exponents[0] == pytest.approx(2.0, rel=0.3)
