"""The surrogate: it recovers a made-up truth, states its spread, and fills a table of its own kind."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from nhb2_plugins.cells import Cell
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.space import CELLCODES, N_HYPERPARAMETERS, Configuration
from nhb2_plugins.table.surrogate.features import row_features, rows_of
from nhb2_plugins.table.surrogate.fit import Surrogate, fit_surrogate
from nhb2_plugins.table.surrogate.form import TableForm
from nhb2_plugins.table.surrogate.gaussian_process import KernelSum, _negative_log_posterior, fit_gaussian_process
from nhb2_plugins.table.surrogate.records import Records
from nhb2_plugins.table.surrogate.validation import cross_validate, fit_error
from nhb2_plugins.table.synthesis import synthesize

CONNECTED = np.array([index for index, code in enumerate(CELLCODES) if Cell(code).is_connected])
NOISE = 0.02


def true_error(index):
    rows = row_features()
    values = rows.values[rows_of(index)]
    nas, convolutions, lr, batch_size = (
        values[:, rows.columns((name,))[0]]
        for name in ("log NAS-Bench-201 error, CIFAR-10", "live convolutions", "lr", "batch_size")
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
    np.testing.assert_array_equal(model.error_mean, np.rint(surrogate.row_errors.value * 250.0))
    np.testing.assert_array_equal(model.cost_mean, np.rint(surrogate.row_costs.value * 1000.0))


def test_a_table_of_its_own_kind_is_written(surrogate, tmp_path):
    table = surrogate.to_table(tmp_path / "table", created="2026-01-01", source="made-up records")
    assert table.provenance.kind == "surrogate"
    assert table.provenance.source == "made-up records"
    assert "not the published" in table.provenance.note
    columns = synthesize(surrogate.to_model(created="2026-01-01"))
    np.testing.assert_array_equal(table.column("valid_acc"), columns["valid_acc"])


def test_the_fit_does_not_depend_on_the_number_of_threads():
    generator = np.random.default_rng(0)
    x, y = generator.normal(size=(400, 3)), generator.normal(size=400)
    kernel = KernelSum(terms=((0, 1, 2),), noise=())
    fits = []
    for n_threads in (1, 2):
        with threadpool_limits(limits=n_threads):
            process = fit_gaussian_process(x, y, kernel)
            fits.append((process.parameters, *process.predict(x[:50])))
    for one, other in zip(*fits, strict=True):
        np.testing.assert_array_equal(one, other)


def test_without_other_records_the_form_is_the_assumed_one(surrogate):
    assert surrogate.form == TableForm()


def test_records_of_200_epochs_replace_the_assumption(surrogate):
    truth = TableForm(damping_200=0.6, offset_200=0.1)
    expected = truth.expected_error_200_pct(surrogate.row_errors.value)
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
    truth = TableForm(exponents=(1.2, 4.2), cosine_weight=0.5)
    model = replace(surrogate, form=truth).to_model(created="2026-01-01")
    quiet = replace(model, curve_noise=np.zeros_like(model.curve_noise), error_spread=np.zeros_like(model.error_spread))
    curves = synthesize(quiet)["valid_acc"][:, 0]
    early = made_records(120, seed=5)
    epochs = np.random.default_rng(6).integers(1, 12, size=120)
    early = replace(early, epoch=epochs, error_pct=100.0 - curves[epochs - 1, rows_of(early.index)])
    form = fit_surrogate(Records.concatenate([made_records(250), early])).form
    assert form.fitted == {"exponents", "cosine_weight"}
    assert form.cosine_weight == pytest.approx(0.5, abs=0.11)
    assert form.exponents[0] == pytest.approx(1.2, rel=0.4)


def test_the_gradient_of_the_fit_is_right():
    generator = np.random.default_rng(0)
    x, y = generator.normal(size=(30, 4)), generator.normal(size=30)
    kernel = KernelSum(terms=((0, 1, 2), (1, 3)), noise=(0, 3))
    parameters = kernel.first_guess() + 0.3 * generator.normal(size=len(kernel.first_guess()))
    _, gradient = _negative_log_posterior(parameters, kernel, x, y)
    for i in range(len(parameters)):
        step = np.zeros_like(parameters)
        step[i] = 1e-5
        above, below = (_negative_log_posterior(parameters + sign * step, kernel, x, y)[0] for sign in (1, -1))
        assert gradient[i] == pytest.approx((above - below) / 2e-5, rel=1e-4, abs=1e-5)


def test_noise_that_depends_on_an_input_is_found():
    generator = np.random.default_rng(0)
    x = np.column_stack([generator.uniform(-2, 2, size=400), generator.choice([-1.0, 1.0], size=400)])
    y = np.sin(x[:, 0]) + np.where(x[:, 1] > 0, 0.4, 0.05) * generator.normal(size=400)
    process = fit_gaussian_process(x, y, KernelSum(terms=((0,),), noise=(1,)))
    quiet, loud = process.predict(np.array([[0.0, -1.0], [0.0, 1.0]]))[2]
    assert quiet == pytest.approx(0.05, rel=0.3)
    assert loud == pytest.approx(0.4, rel=0.3)


def test_no_fold_is_fitted_to_a_class_it_is_scored_on():
    scored, extra = made_records(80), made_records(200, seed=9)
    fitted = []

    def spy(rows, values):
        assert len(rows) == len(values)
        model = fit_error(rows, values)
        seen = set((rows // N_HYPERPARAMETERS).tolist())

        def predict(asked):
            assert not seen & set((asked // N_HYPERPARAMETERS).tolist())
            fitted.append(len(rows))
            return model(asked)

        return predict

    result = cross_validate(scored, extra=[extra], fit=spy, seeds=(0,))
    assert len(fitted) == 5
    assert max(fitted) > 80  # the extra records took part
    assert len(result.rows) == len(np.unique(rows_of(scored.index)))
    scores = result.scores()
    assert scores.tau > 0.7
    assert scores.absolute_error < 3.0
