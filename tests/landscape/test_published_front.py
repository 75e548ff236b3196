"""A published front: read, and held against a table whose front is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.landscape.published_front import attainment_of, quality_against, read_front
from nhb2_plugins.landscape.view import View
from tests.core_fixtures import N_ROWS, needs
from tests.exact.benches import bench_of

pytestmark = [needs("pandas"), needs("moocore")]


def written(directory: Path, text: str) -> Path:
    path = directory / "front.csv"
    path.write_text(text)
    return path


def view() -> View:
    """A front of three points, (10, 30), (20, 20) and (40, 10); everything else is worse."""
    errors, costs = np.full(N_ROWS, 50.0), np.full(N_ROWS, 40.0)
    errors[:3], costs[:3] = (10, 20, 40), (30, 20, 10)
    return View.of(bench_of(errors, costs))


def test_only_what_nothing_dominates_is_read_in_order_of_the_first(tmp_path: Path) -> None:
    front = read_front(written(tmp_path, "valid_error_pct,cost_s\n40,10\n41,11\n10,30\n\n20,20\n"))
    assert front.objectives == ("error_pct", "cost_s")
    assert front.values.tolist() == [[10, 30], [20, 20], [40, 10]]
    assert front.name == "front.csv"


def test_the_tables_own_front_is_as_good_as_itself(tmp_path: Path) -> None:
    own = read_front(written(tmp_path, "error_pct,cost_s\n10,30\n20,20\n40,10\n"))
    frame = quality_against(view(), own)
    for column, value in {"points": 3, "hypervolume_ratio": 1, "igd_plus": 0, "epsilon": 0, "attained": 1}.items():
        assert frame[column].tolist() == [value, value]
    assert attainment_of(view(), own)["best_error_pct"].tolist() == [10, 20, 40]


def test_a_better_front_by_hand(tmp_path: Path) -> None:
    """Up to the nadir of the published front, (30, 30), the table has (20, 20) alone."""
    better = read_front(written(tmp_path, "cost_s,error_pct\n5,30\n10,20\n20,10\n30,9\n"))
    assert better.objectives == ("cost_s", "error_pct")
    own, other = quality_against(view(), better).to_dict("records")
    published = (20 - 10) * (30 - 20) + (30 - 20) * (30 - 10)  # strip by strip of the cost
    assert own["hypervolume_ratio"] == pytest.approx((30 - 20) * (30 - 20) / published)
    assert own["attained"] == 0
    assert other["attained"] == 1
    frame = attainment_of(view(), better)
    assert frame["attained"].tolist() == [False] * 4
    assert np.isnan(frame["best_cost_s"].tolist()[-1])  # nothing of the table has an error of 9 %
    assert frame["best_cost_s"].tolist()[:2] == [20, 20]


def test_two_points_have_no_hypervolume_up_to_their_nadir_but_to_a_point_beyond(tmp_path: Path) -> None:
    """Up to (50, 40) the table's three points dominate 10·10 + 30·10 + 40·10 = 800; (20, 20) and (40, 10) 700."""
    two = read_front(written(tmp_path, "error_pct,cost_s\n20,20\n40,10\n"))
    with pytest.raises(InvalidValueError, match=r"^front front\.csv: no point of the front lies below .* name a ref"):
        quality_against(view(), two)
    own, other = quality_against(view(), two, (50, 40)).to_dict("records")
    assert (own["hypervolume_ratio"], other["hypervolume_ratio"]) == (
        pytest.approx(800 / 700),
        pytest.approx(700 / 800),
    )
    assert (own["attained"], other["attained"]) == (1, pytest.approx(2 / 3))
    with pytest.raises(InvalidValueError, match=r"^front front\.csv: reference point \(50,\) is not 2 finite numbers"):
        quality_against(view(), two, (50,))


def test_where_the_table_s_own_front_has_no_hypervolume_it_is_named(tmp_path: Path) -> None:
    published = read_front(written(tmp_path, "error_pct,cost_s\n1,3\n2,2\n3,1\n"))
    with pytest.raises(InvalidValueError, match=r"^front of the .*table.*: no point of the front lies below the ref"):
        quality_against(view(), published, (4, 4))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("error_pct,cost\n1,2\n", "column: 'cost' is not one of|column 'cost' is not one of"),
        ("error_pct\n1\n", "are not two or three"),
        ("", "must be one or more different names"),
        ("error_pct,cost_s\n", "is not one or more points"),
        ("error_pct,cost_s\n1,2\n3\n", "is not one or more points"),
        ("error_pct,cost_s\n1,2,3\n", "2 columns and points of 3 numbers"),
        ("error_pct,cost_s\n1,nan\n", "is not one or more points"),
        ("error_pct,error_pct\n1,2\n", "different names"),
        ('"' + "a" * 200_000 + '"', "cannot be read: field larger than"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InvalidValueError, match=message) as refused:
        read_front(written(tmp_path, text))
    assert str(tmp_path / "front.csv") in str(refused.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidValueError, match=r"front .*nothing.csv cannot be read"):
        read_front(tmp_path / "nothing.csv")
