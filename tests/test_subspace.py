from __future__ import annotations

import dataclasses
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nhb2_plugins.cells import Cell, canonical_codes
from nhb2_plugins.encoding import ENCODINGS, Encoding, hyperparameter_choices, to_configuration, to_values
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.space import BATCH_SIZES, CELLCODES, EDGE_NAMES, LEARNING_RATES, N_CONFIGURATIONS, Configuration
from nhb2_plugins.subspace import WHOLE_SPACE, Subspace
from tests.core_fixtures import configurations

CANONICAL = "0|00|013"
NOT_CANONICAL = next(code for code in CELLCODES if Cell(code).canonical_code != code)


def make_subspace(cellcode: str | None, lr: float | None, batch_size: int | None, one: bool) -> Subspace:
    if cellcode is not None and one:
        cellcode = Cell(cellcode).canonical_code
    return Subspace(cellcode=cellcode, lr=lr, batch_size=batch_size, one_per_class=one)


subspaces = st.builds(
    make_subspace,
    st.none() | st.sampled_from(CELLCODES),
    st.none() | st.sampled_from(LEARNING_RATES),
    st.none() | st.sampled_from(BATCH_SIZES),
    st.booleans(),
)


@pytest.mark.parametrize(
    ("part", "size"),
    [
        (Subspace(), N_CONFIGURATIONS),
        (Subspace(lr=0.1), 4096 * 6),
        (Subspace(batch_size=16), 4096 * 8),
        (Subspace(cellcode="0|10|210"), 48),
        (Subspace(cellcode="0|10|210", lr=0.1, batch_size=256), 1),
        (Subspace(one_per_class=True), 1011 * 48),
        (Subspace(one_per_class=True, lr=0.4, batch_size=512), 1011),
    ],
)
def test_size_counts_the_members(part: Subspace, size: int) -> None:
    members = [each for each in map(Configuration.from_index, range(N_CONFIGURATIONS)) if each in part]
    assert len(members) == part.size == size


@given(configurations, subspaces)
def test_membership_is_that_of_the_parts(configuration: Configuration, part: Subspace) -> None:
    expected = (
        configuration.cellcode in part.cellcodes
        and configuration.lr in part.learning_rates
        and configuration.batch_size in part.batch_sizes
    )
    assert (configuration in part) is expected
    if expected:
        assert part.checked(configuration) is configuration
    else:
        with pytest.raises(InvalidValueError, match="is not in Subspace"):
            part.checked(configuration)


def test_every_result_is_left_with_one_code_per_class() -> None:
    part = Subspace(one_per_class=True)
    assert part.cellcodes == canonical_codes()
    assert {Cell(code).isomorphism_class for code in part.cellcodes} == set(range(1011))


@given(subspaces)
def test_a_part_is_a_value_of_built_in_types(part: Subspace) -> None:
    again = Subspace(**json.loads(json.dumps(part.to_dict())))
    assert again == part
    assert hash(again) == hash(part)
    assert Subspace(**dataclasses.asdict(part)) == part


def test_numpy_scalars_do_not_survive() -> None:
    part = Subspace(lr=np.float64(0.1), batch_size=np.int64(64), cellcode=np.str_("0|10|210"))  # type: ignore[arg-type]
    assert {type(value) for value in part.to_dict().values()} == {str, float, int}


def test_what_is_no_configuration_is_in_no_part() -> None:
    assert "0|10|210" not in WHOLE_SPACE
    assert WHOLE_SPACE.to_dict() == {}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"cellcode": "0|10|214"}, "cellcode '0|10|214' is not"),
        ({"lr": 0.3}, "learning rate 0.3 is not one of"),
        ({"batch_size": 20}, "batch size 20 is not one of"),
        ({"cellcode": NOT_CANONICAL, "one_per_class": True}, f"it is {Cell(NOT_CANONICAL).canonical_code!r}"),
    ],
)
def test_values_outside_the_space_are_refused(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidValueError) as caught:
        Subspace(**arguments)
    assert words in str(caught.value)


@given(subspaces, st.sampled_from(ENCODINGS), st.booleans(), st.data())
def test_choices_lead_into_the_part(part: Subspace, encoding: Encoding, whole_cells: bool, data: st.DataObject) -> None:
    choices = hyperparameter_choices(encoding, part, whole_cells=whole_cells)
    values = {name: data.draw(st.sampled_from(each)) for name, each in choices.items()}
    configuration = to_configuration(values, encoding)
    if part.one_per_class and not whole_cells:  # edges alone cannot say it
        part = dataclasses.replace(part, one_per_class=False)
    assert configuration in part
    assert to_values(configuration, encoding, whole_cells=whole_cells) == values


def test_a_cell_beside_its_edges_is_refused() -> None:
    values = to_values(Configuration(CANONICAL, 0.1, 16))
    with pytest.raises(InvalidValueError, match="are not exactly"):
        to_configuration({**values, "cell": CANONICAL})
    del values[EDGE_NAMES[0]]
    with pytest.raises(InvalidValueError, match="are not exactly"):
        to_configuration({**values, "cell": CANONICAL})
    with pytest.raises(InvalidValueError, match="cellcode 'x' is not"):
        to_configuration({"cell": "x", "lr": 0.1, "batch_size": 16})


@pytest.mark.parametrize(
    "part",
    [
        Subspace(),
        Subspace(lr=0.1),
        Subspace(cellcode="0|10|210", batch_size=16),
        Subspace(batch_size=64, one_per_class=True),
    ],
)
def test_the_indices_are_those_of_what_it_holds(part: Subspace) -> None:
    inside = [index for index in range(N_CONFIGURATIONS) if Configuration.from_index(index) in part]
    assert part.indices.tolist() == inside
    assert len(inside) == part.size


def test_two_parts_meet_in_what_both_hold() -> None:
    met = Subspace(lr=0.1).restricted(Subspace(lr=0.1, batch_size=64, one_per_class=True))
    assert met == Subspace(lr=0.1, batch_size=64, one_per_class=True)
    assert Subspace().restricted(met) == met.restricted(Subspace()) == met
    with pytest.raises(InvalidValueError, match="batch_size cannot be both 64 and 32"):
        met.restricted(Subspace(batch_size=32))


@pytest.mark.parametrize(
    ("part", "needs"),
    [
        (Subspace(), False),
        (Subspace(lr=0.1), False),
        (Subspace(one_per_class=True), True),
        (Subspace(one_per_class=True, lr=0.1), True),
        (Subspace(one_per_class=True, cellcode=CANONICAL), False),
    ],
)
def test_the_edges_alone_cannot_say_one_cell_of_each_class(part: Subspace, needs: bool) -> None:
    assert part.needs_whole_cells is needs
