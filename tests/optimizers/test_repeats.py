"""A search with nothing left to pay for: no optimizer may go on for ever where repeats are free."""

from __future__ import annotations

import pytest

from nhb2_plugins.charging import Charging
from nhb2_plugins.errors import InvalidValueError, TrajectoryError
from nhb2_plugins.fidelity import FidelityLadder
from nhb2_plugins.optimizers.registry import OPTIMIZERS, make_optimizer
from nhb2_plugins.simulation import simulate
from nhb2_plugins.subspace import Subspace
from nhb2_plugins.testing import generated_benchmark

ONE = Subspace(cellcode="0|10|210", lr=0.1, batch_size=256)
ENDS_BY_ITSELF = {"sh_emoa", "smac"}
NOTHING_TO_SEARCH = {"regularized_evolution", "rs_then_rea", "bohb_then_rea"}
LADDER = FidelityLadder.hyperband(1, 12, eta=3)


@pytest.mark.parametrize("charging", ["cached", "continued"])
@pytest.mark.parametrize("n_workers", [1, 64])
@pytest.mark.parametrize("algorithm", OPTIMIZERS)
def test_one_configuration_that_has_been_paid_for(algorithm: str, n_workers: int, charging: Charging) -> None:
    bench = generated_benchmark()

    def search() -> None:
        ladder = LADDER if OPTIMIZERS[algorithm].ladder == "always" else None
        optimizer = make_optimizer(algorithm, seed=0, ladder=ladder, restriction=ONE)
        logger = simulate(optimizer, bench, budget_s=1e6, n_workers=n_workers, charging=charging)
        assert {record.configuration for record in logger.records} == {ONE.checked(logger.records[0].configuration)}

    if algorithm in ENDS_BY_ITSELF:
        search()
    elif algorithm in NOTHING_TO_SEARCH:
        with pytest.raises(InvalidValueError, match="nothing to"):
            search()
    else:
        with pytest.raises(TrajectoryError, match=r"free .*'from_scratch'"):
            search()


@pytest.mark.parametrize("facade", ["hpo", "blackbox", "random"])
def test_smac_with_more_workers_than_configurations_waits(facade: str) -> None:
    """SMAC itself looks for a configuration that is not running, for ever, until it has learnt a first result."""
    six = Subspace(cellcode="0|10|210", lr=0.1)
    optimizer = make_optimizer("smac", seed=0, settings={"facade": facade}, restriction=six)
    records = simulate(optimizer, generated_benchmark(), budget_s=1e6, n_workers=8).records
    assert {record.configuration.batch_size for record in records} == {16, 32, 64, 128, 256, 512}
    assert [record.start_s for record in records] == [0.0] * 6
