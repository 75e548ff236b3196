from __future__ import annotations

import pytest

from nhb2_plugins.errors import InvalidValueError, TrajectoryError
from nhb2_plugins.trajectory.exports import final_regrets, performance_arrays
from tests.analysis.runs import make_run
from tests.core_fixtures import needs

LONG = make_run([(30, 85.0), (10, 80.0), (20, 70.0)], seed=0)
SHORT = make_run([(5, 60.0), (7, 89.0)], seed=1)


def test_arrays_are_in_order_of_end_and_cut_to_the_shortest_run() -> None:
    end_s, error_pct = performance_arrays([LONG.records, SHORT.records])
    assert end_s.tolist() == [[10, 20], [5, 7]]
    assert error_pct.tolist() == [[20, 30], [40, 11]]


@pytest.mark.parametrize("runs", [[], [()], [LONG.records, ()]])
def test_arrays_of_nothing_are_an_error(runs: list[tuple[()]]) -> None:
    with pytest.raises(TrajectoryError, match="there is no run, or one of the runs has no records"):
        performance_arrays(runs)


@needs("pandas")
def test_final_regrets_by_seed_and_optimizer() -> None:
    runs = [make_run([(5, 60.0), (50, 80.0 + seed)], seed=seed, optimizer=name) for name in "ab" for seed in (1, 0)]
    frame = final_regrets(runs)
    assert list(frame) == ["a", "b"]
    assert frame["a"].to_dict() == {0: 10, 1: 9}
    assert final_regrets(runs, 49.9)["b"].to_dict() == {0: 30, 1: 30}
    assert final_regrets(runs, 50)["b"].to_dict() == {0: 10, 1: 9}
    with pytest.raises(InvalidValueError, match=r"run 'a/seed-0001' has no incumbent by 4\.9 s"):
        final_regrets(runs, 4.9)
    with pytest.raises(TrajectoryError, match="optimizer 'b' has no run of seed 0"):
        final_regrets(runs[:3])
    with pytest.raises(TrajectoryError, match="run 'a/seed-0001' is there twice"):
        final_regrets([runs[0], runs[0]])
    with pytest.raises(TrajectoryError, match="there is no run"):
        final_regrets([])
