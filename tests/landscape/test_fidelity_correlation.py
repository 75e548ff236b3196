from __future__ import annotations

import numpy as np
import pytest

from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.landscape.fidelity_correlation import fidelity_correlation
from nhb2_plugins.landscape.rank_correlation import kendall_tau_b
from nhb2_plugins.landscape.view import View
from tests.core_fixtures import mini_benchmark, mini_columns, needs
from tests.landscape.tables import coarse_benchmark


def test_it_is_tau_b_over_all_configurations() -> None:
    bench = coarse_benchmark()
    found = fidelity_correlation(bench)
    for earlier, later in [(1, 12), (3, 4), (12, 200)]:
        i, j = found.epochs.index(earlier), found.epochs.index(later)
        x, y = (View.of(bench, epoch).error_pct for epoch in (earlier, later))  # all 196,608, without weights
        assert found.tau_b[i, j] == pytest.approx(kendall_tau_b(x, y), abs=1e-12)
    assert np.array_equal(found.tau_b, found.tau_b.T)
    assert np.diag(found.tau_b).tolist() == [1] * 13
    assert np.unique(found.n_configurations).tolist() == [196_608]


def test_the_best_decile_is_that_of_the_later_epoch_with_its_ties() -> None:
    bench = coarse_benchmark()
    found = fidelity_correlation(bench, "valid", bench.seeds[2], best_share=0.1)
    x, y = (View.of(bench, epoch, "valid", bench.seeds[2]).error_pct for epoch in (5, 11))
    best = y <= np.sort(y)[19_660]  # the 19,661st: the first that makes a tenth full
    assert found.n_configurations[4, 10] == best.sum() > 19_661
    assert found.tau_b[4, 10] == found.tau_b[10, 4] == pytest.approx(kendall_tau_b(x[best], y[best]), abs=1e-12)
    assert np.array_equal(found.tau_b, found.tau_b.T)


def test_orders_that_agree_or_are_reversed() -> None:
    columns = mini_columns()
    columns["valid_acc"][3] = columns["valid_acc"][3, :, ::-1]  # epoch 4 the other way round
    columns["valid_acc"][4] = 50  # epoch 5 says nothing
    found = fidelity_correlation(mini_benchmark(valid_acc=columns["valid_acc"]))
    # All of the 96 rows are distinct, of 1,024 or 3,072 configurations; reversing ties nothing and reverses all pairs
    # but those within a row.
    assert found.tau_b[0, 1] == pytest.approx(1)
    assert found.tau_b[0, 3] == pytest.approx(-1)
    assert np.isnan(found.tau_b[4, :4]).all()


@needs("pandas")
def test_the_frame_is_the_matrix() -> None:
    bench = coarse_benchmark()
    found = fidelity_correlation(bench, best_share=0.1)
    frame = found.to_frame()
    assert frame["epoch_200"].tolist() == found.tau_b[:, 12].tolist()
    assert frame["epoch"].tolist() == [*range(1, 13), 200]
    assert frame.attrs["table"] == bench.provenance.label
    assert "best 10 %" in frame.attrs["measure"]


@pytest.mark.parametrize("share", [0, 1.1, float("nan")])
def test_a_share_outside_is_refused(share: float) -> None:
    with pytest.raises(InvalidValueError, match=r"is not in \(0, 1\]"):
        fidelity_correlation(mini_benchmark(), best_share=share)
