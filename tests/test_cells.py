"""What cells compute, against an oracle that knows nothing of expressions: cells run on numbers.

The oracle draws a random function for every operation instance and evaluates the cell node by node, exactly, in a prime
field. Two cells are isomorphic when some assignment of functions to the instances of one gives the output that some
assignment gives for the other, so the smallest output over all assignments identifies a class.
"""

from __future__ import annotations

import copy
import pickle
import sys
from collections import Counter
from dataclasses import FrozenInstanceError
from functools import cache
from itertools import permutations

import numpy as np
import pytest
from numpy.typing import NDArray

from nhb2_plugins.cells import (
    MACS_PER_CONV_EDGE,
    N_ISOMORPHISM_CLASSES,
    PARAMS_PER_CONV_EDGE,
    STEM_AND_HEAD_PARAMS,
    Cell,
    canonical_codes,
    isomorphism_classes,
)
from nhb2_plugins.errors import InvalidValueError, MissingExtraError
from nhb2_plugins.space import CELLCODES, EDGES, cellcode_digits
from tests.core_fixtures import needs

CONV, POOL, SKIP, ZERO = range(4)
PRIME = 2**31 - 1
INPUT = 1_234_567
_QUADRATIC, _LINEAR = np.random.default_rng(2110_10165).integers(1, PRIME, (2, 2, 6))
_INJECTIONS = {n: np.array([*permutations(range(6), n)], dtype=np.int64).reshape(-1, n) for n in range(1, 7)}
_INJECTIONS[0] = np.zeros((1, 0), dtype=np.int64)

Values = NDArray[np.int64]


def _apply(operation: int, function: Values, x: Values) -> Values:
    """A random function that is not additive and maps zero to zero, as dead edges are said to."""
    quadratic, linear = _QUADRATIC[operation, function], _LINEAR[operation, function]
    return (quadratic * (x * x % PRIME) % PRIME + linear * x % PRIME) % PRIME


@cache
def outputs(cellcode: str, pools: str = "own") -> Values:
    """The cell's output under every assignment of six functions per operation to its instances."""
    digits = cellcode_digits(cellcode)
    edges_of = {operation: [edge for edge in range(6) if digits[edge] == operation] for operation in (CONV, POOL)}
    convs, pooled = (_INJECTIONS[len(edges_of[operation])] for operation in (CONV, POOL))
    assigned = {edge: np.repeat(convs[:, i], len(pooled)) for i, edge in enumerate(edges_of[CONV])}
    assigned |= {edge: np.tile(pooled[:, i], len(convs)) for i, edge in enumerate(edges_of[POOL])}
    if pools == "shared":
        assigned |= {edge: np.zeros_like(assigned[edge]) for edge in edges_of[POOL]}
    nodes = [np.full(len(convs) * len(pooled), value) for value in (INPUT, 0, 0, 0)]
    for edge, (source, target) in enumerate(EDGES):
        if digits[edge] == SKIP:
            nodes[target] = (nodes[target] + nodes[source]) % PRIME
        elif digits[edge] != ZERO:
            nodes[target] = (nodes[target] + _apply(digits[edge], assigned[edge], nodes[source])) % PRIME
    return nodes[3]


def _partition(labels: list[int]) -> set[frozenset[str]]:
    members: dict[int, set[str]] = {}
    for code, label in zip(CELLCODES, labels, strict=True):
        members.setdefault(label, set()).add(code)
    return {frozenset(codes) for codes in members.values()}


def test_the_classes_are_those_of_the_numeric_oracle() -> None:
    by_oracle = _partition([int(outputs(code).min()) for code in CELLCODES])
    assert by_oracle == _partition(list(isomorphism_classes()))
    assert len(by_oracle) == 1011 == N_ISOMORPHISM_CLASSES


def test_isomorphic_cells_agree_under_every_matching_and_others_under_none() -> None:
    generator = np.random.default_rng(0)
    for first, second in generator.choice(CELLCODES, (500, 2)):
        together = Cell(first).isomorphism_class == Cell(second).isomorphism_class
        assert bool(set(outputs(first).tolist()) & set(outputs(second).tolist())) is together
    for code in generator.choice(CELLCODES, 200):
        for other in Cell(code).isomorphic_codes:
            assert set(outputs(other).tolist()) == set(outputs(code).tolist())


def test_sizes_of_the_classes() -> None:
    sizes = Counter(isomorphism_classes())
    assert sum(size == 1 for size in sizes.values()) == 715
    assert sum(not Cell(code).is_connected for code in CELLCODES) == 169 == sizes[Cell("3|33|333").isomorphism_class]
    assert sizes[Cell("3|33|233").isomorphism_class] == 208


def test_unconnected_cells_put_out_zero_and_identities_their_input() -> None:
    assert {code for code in CELLCODES if not outputs(code).any()} == set(Cell("3|33|333").isomorphic_codes)
    assert {code for code in CELLCODES if (outputs(code) == INPUT).all()} == set(Cell("3|33|233").isomorphic_codes)


def test_rules_that_look_right_give_other_counts() -> None:
    assert len(_partition([int(outputs(code, pools="shared").min()) for code in CELLCODES])) == 941
    assert len({_merged(code) for code in CELLCODES}) == 871
    assert len({_as_graph(code) for code in CELLCODES}) == 1948


def _merged(cellcode: str) -> tuple[object, ...]:
    """A string-like identity that forgets instances altogether: equal operations of equal sums are one."""
    digits, sums = cellcode_digits(cellcode), [("input",), (), (), ()]
    for edge, (source, target) in enumerate(EDGES):
        if digits[edge] == ZERO or not sums[source]:
            continue
        terms = sums[source] if digits[edge] == SKIP else ((digits[edge], sums[source]),)
        sums[target] = tuple(sorted((*sums[target], *terms), key=repr))
    return sums[3]


def _as_graph(cellcode: str) -> tuple[int, ...]:
    """Isomorphism of the live graph without contraction: only the two inner nodes can change places."""
    a, b, c, d, e, f = (
        digit if edge in _edges_on_paths(cellcode) else ZERO for edge, digit in enumerate(cellcode_digits(cellcode))
    )
    return min((a, b, c, d, e, f), (b, a, c, d, f, e)) if c == ZERO else (a, b, c, d, e, f)


def _edges_on_paths(cellcode: str) -> frozenset[int]:
    """The four paths from input to output, by edge number: 0→3, 0→1→3, 0→2→3, 0→1→2→3."""
    digits = cellcode_digits(cellcode)
    paths = [(3,), (0, 4), (1, 5), (0, 2, 5)]
    return frozenset(edge for path in paths if all(digits[each] != ZERO for each in path) for edge in path)


def test_live_edges_are_those_on_a_path_from_input_to_output() -> None:
    for code in CELLCODES:
        assert Cell(code).live_edges == _edges_on_paths(code)


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        ("0|33|333", "3|33|333", "an edge that leads nowhere"),
        ("3|30|330", "3|33|333", "an edge out of a node without input"),
        ("0|33|323", "3|33|033", "a convolution, then a skip: the convolution alone"),
        ("0|33|213", "3|02|231", "the inner nodes' names do not matter"),
        ("2|33|033", "3|33|033", "a skip that leads nowhere"),
        ("2|33|203", "2|32|230", "a skip passes on its source"),
    ],
)
def test_cells_that_are_the_same(one: str, other: str, why: str) -> None:
    assert Cell(one).isomorphism_class == Cell(other).isomorphism_class, why
    assert set(outputs(one).tolist()) == set(outputs(other).tolist()), why


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        ("1|33|113", "1|33|123", "two pools of one sum are two instances"),
        ("1|12|322", "1|22|322", "one pool used twice is one instance, two are two"),
        ("0|33|313", "1|33|303", "order matters"),
        ("0|03|333", "0|33|033", "unconnected against connected"),
    ],
)
def test_cells_that_are_not_the_same(one: str, other: str, why: str) -> None:
    assert Cell(one).isomorphism_class != Cell(other).isomorphism_class, why


def test_classes_are_numbered_by_their_first_code() -> None:
    classes = isomorphism_classes()
    firsts = [CELLCODES[classes.index(number)] for number in range(1011)]
    assert list(canonical_codes()) == firsts == sorted(firsts)
    for code, number in zip(CELLCODES, classes, strict=True):
        cell = Cell(code)
        assert cell.isomorphism_class == number
        assert cell.canonical_code == firsts[number]
        assert Cell(cell.canonical_code).canonical_code == cell.canonical_code


def test_isomorphic_codes_are_the_class_in_index_order() -> None:
    assert Cell("0|33|323").isomorphic_codes == tuple(sorted(Cell("3|33|033").isomorphic_codes))
    assert "0|33|323" in Cell("3|33|033").isomorphic_codes
    seen = [code for first in canonical_codes() for code in Cell(first).isomorphic_codes]
    assert sorted(seen) == list(CELLCODES)


def test_isomorphic_cells_have_the_same_live_parameters_and_macs() -> None:
    """Contraction removes skips only, so live convolutions are a property of the class."""
    by_class: dict[int, set[tuple[int, int]]] = {}
    for code in CELLCODES:
        cell = Cell(code)
        by_class.setdefault(cell.isomorphism_class, set()).add((cell.params_live, cell.macs_live))
        assert cell.params_total >= cell.params_live
    assert all(len(values) == 1 for values in by_class.values())


def test_parameters_by_adding_up_the_layers() -> None:
    def conv(inputs: int, outputs: int, kernel: int = 3, *, bias: bool = False) -> int:
        return inputs * outputs * kernel**2 + bias * outputs

    def norm(channels: int) -> int:
        return 2 * channels

    def residual_block(inputs: int, outputs: int) -> int:
        first, second = conv(inputs, outputs, bias=True), conv(outputs, outputs, bias=True)
        return first + norm(outputs) + second + norm(outputs) + conv(inputs, outputs, 1, bias=True)

    stem = conv(3, 16, bias=True) + norm(16)
    head = norm(64) + 64 * 10 + 10
    assert stem + residual_block(16, 32) + residual_block(32, 64) + head == STEM_AND_HEAD_PARAMS
    assert 5 * sum(conv(width, width) + norm(width) for width in (16, 32, 64)) == PARAMS_PER_CONV_EDGE
    assert 5 * sum(conv(width, width) * size**2 for width, size in ((16, 32), (32, 16), (64, 8))) == MACS_PER_CONV_EDGE


@pytest.mark.parametrize(
    ("code", "total", "live"),
    [("3|33|333", 0, 0), ("0|00|000", 6, 6), ("0|33|333", 1, 0), ("0|30|033", 3, 1), ("2|12|021", 1, 1)],
)
def test_dead_convolutions_count_only_in_the_total(code: str, total: int, live: int) -> None:
    cell = Cell(code)
    assert cell.params_total == 73_610 + 243_040 * total
    assert cell.params_live == 73_610 + 243_040 * live
    assert cell.macs_live == 35_389_440 * live
    assert cell.count_operation(CONV, live_only=False) == total


def test_a_cell_is_a_frozen_validated_value() -> None:
    cell = Cell("0|10|210")
    assert cell == Cell("0|10|210")
    assert len({cell, Cell("0|10|210")}) == 1
    assert cell.digits == (0, 1, 0, 2, 1, 0)
    cell.live_edges  # noqa: B018 - a cached property must not get in the way of copying
    assert pickle.loads(pickle.dumps(cell)) == copy.deepcopy(cell) == cell
    with pytest.raises(FrozenInstanceError):
        cell.cellcode = "3|33|333"  # type: ignore[misc]
    with pytest.raises(InvalidValueError, match=r"cellcode '4\|00\|000' is not of the form"):
        Cell("4|00|000")


@needs("networkx")
def test_the_graph_holds_every_edge_but_zeros() -> None:
    import networkx as nx

    graph = Cell("0|31|203").to_networkx()
    assert sorted(graph.nodes) == [0, 1, 2, 3]
    assert {(s, t): (d["operation"], d["name"], d["live"]) for s, t, d in graph.edges(data=True)} == {
        (0, 1): ("conv3x3", "op_01", True),
        (1, 2): ("avgpool3x3", "op_12", False),
        (0, 3): ("skip", "op_03", True),
        (1, 3): ("conv3x3", "op_13", True),
    }
    assert graph.graph["cellcode"] == "0|31|203"
    assert nx.is_directed_acyclic_graph(graph)
    assert sorted(Cell("3|33|333").to_networkx().nodes) == [0, 1, 2, 3]


def test_without_networkx_the_error_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "networkx", None)
    with pytest.raises(MissingExtraError, match=r"pip install .*\[graph\]"):
        Cell("0|10|210").to_networkx()
