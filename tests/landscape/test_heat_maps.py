"""Heat maps of values that a reader sees in them."""

from __future__ import annotations

import numpy as np
import pytest

from nhb2_plugins.landscape.fidelity_correlation import FidelityCorrelation
from nhb2_plugins.landscape.hyperparameter_map import HyperparameterMap
from nhb2_plugins.landscape.seed_noise import seed_noise
from nhb2_plugins.space import BATCH_SIZES, LEARNING_RATES
from tests.core_fixtures import mini_benchmark, needs

pytestmark = needs("matplotlib")
ERRORS = 10.0 + np.arange(48).reshape(8, 6)
ERRORS[3, 2] = 5.25  # the best learning rate of batch size 64; of the others the first


def test_a_map_has_its_numbers_and_frames_the_best_learning_rates() -> None:
    from nhb2_plugins.landscape.heat_maps import plot_map
    from tests.support.figures import drawn, names, notes, texts

    figure = drawn(plot_map, HyperparameterMap(ERRORS, "mean over cells", table="a table (0123)", measure="error"))
    assert figure.get_size_inches().tolist() == [7, 5.4]
    axes, bar = figure.axes
    assert [tick for tick in bar.get_yticks() if 5.25 <= tick <= 57] == [7, 10, 20, 30, 40, 50]
    assert texts(axes)[:7] == ["10.0", "11.0", "12.0", "13.0", "14.0", "15.0", "16.0"]
    assert texts(axes)[3 * 6 + 2] == "5.2"
    assert [each.get_position() for each in axes.texts[:7]] == [*((i, 0) for i in range(6)), (0, 1)]
    assert [each.get_xy() for each in axes.patches] == [(i - 0.5, 2.5 if i == 2 else -0.5) for i in range(6)]
    assert {(each.get_width(), each.get_height(), each.get_fill()) for each in axes.patches} == {(1, 1, False)}
    assert names(axes, "x") == [str(size) for size in BATCH_SIZES]
    assert names(axes, "y") == [f"{lr:g}" for lr in LEARNING_RATES]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("batch size", "learning rate")
    assert axes.get_title(loc="left") == "Error (%): mean over cells"
    (image,) = axes.images
    assert (image.origin, image.norm.vmin, image.norm.vmax) == ("lower", 5.25, 57.0)
    assert bar.get_ylabel() == "error (%), logarithmic colours"
    assert notes(figure) == (
        "error; mean over cells. Framed: the best learning rate of each batch size. a table (0123)"
    )


def test_numbers_can_be_read_on_dark_and_on_light() -> None:
    from nhb2_plugins.landscape.heat_maps import plot_map
    from tests.support.figures import drawn

    axes = drawn(plot_map, HyperparameterMap(ERRORS, "", table="", measure="")).axes[0]
    by_value = {each.get_text(): each.get_color() for each in axes.texts}
    assert (by_value["5.2"], by_value["57.0"]) == ("black", "white")  # viridis, reversed: the smallest is the lightest
    assert {each.get_fontsize() for each in axes.texts} == {9}


@pytest.mark.parametrize("errors", [np.full((8, 6), 10.0), np.zeros((8, 6))])
def test_a_map_of_one_value_has_linear_colours(errors: np.ndarray) -> None:
    from nhb2_plugins.landscape.heat_maps import plot_map
    from tests.support.figures import drawn

    axes, _ = drawn(plot_map, HyperparameterMap(errors, "", table="", measure="")).axes
    assert type(axes.images[0].norm).__name__ == "Normalize"
    assert (
        type(drawn(plot_map, HyperparameterMap(ERRORS, "", table="", measure="")).axes[0].images[0].norm).__name__
        == "LogNorm"
    )


def test_seed_noise_is_the_mean_over_cells() -> None:
    from nhb2_plugins.landscape.heat_maps import plot_noise
    from tests.support.figures import drawn, notes, texts

    figure = drawn(plot_noise, seed_noise(mini_benchmark()))
    axes, bar = figure.axes
    assert set(texts(axes)) == {f"{0.1 / np.sqrt(2):.2f}"}  # two seeds, a tenth of a point apart
    assert axes.get_title(loc="left") == "Seed noise (percentage points)"
    assert bar.get_ylabel() == "percentage points, logarithmic colours"
    assert notes(figure).startswith("Standard deviation over seeds, mean over cells; validation error after 12 epochs")
    assert notes(figure).endswith(mini_benchmark().provenance.label)


def test_fidelities_stand_side_by_side_on_one_scale() -> None:
    from nhb2_plugins.landscape.heat_maps import plot_fidelities
    from tests.support.figures import drawn, names, notes, texts

    tau = np.array([[1.0, -0.054, np.nan], [-0.054, 1.0, 0.874], [np.nan, 0.874, 1.0]])
    counts = np.ones((3, 3), dtype=np.int64)
    of_all = FidelityCorrelation((1, 12, 200), tau, counts, None, table="a table (0123)", measure="tau")
    of_best = FidelityCorrelation((1, 12, 200), np.full((3, 3), -0.001), counts, 0.1, table="another", measure="")
    figure = drawn(plot_fidelities, {"All": of_all, "Best": of_best})
    assert figure.get_size_inches().tolist() == [12, 6]
    first, second, bar = figure.axes
    assert texts(first) == ["1", "-.05", "-.05", "1", ".87", ".87", "1"]  # none where there is no correlation
    assert [each.get_position() for each in first.texts[:3]] == [(0, 0), (1, 0), (0, 1)]
    assert texts(second) == [".00"] * 9
    assert [each.get_title(loc="left") for each in (first, second)] == ["All", "Best"]
    assert names(first, "x") == names(second, "y") == ["1", "12", "200"]
    assert [each.images[0].get_clim() for each in (first, second)] == [(-1, 1)] * 2
    assert first.images[0].get_array()[0, 1] == -0.054
    assert (first.get_xlabel(), first.get_ylabel(), bar.get_ylabel()) == ("epochs", "epochs", "Kendall's tau-b")
    assert notes(figure) == (
        "tau. Of a pair's decile: the best tenth of configurations at its later epoch. a table (0123)"
    )
