"""What a cell computes: live edges, isomorphism class, parameters, multiply–accumulates, a graph to draw.

A cell's node sums its incoming edges. Two cellcodes describe the same function, and share one trained row of the
benchmark, when their *output expressions* are equal up to renaming operation instances:

- a zero edge, an edge out of a node with no live input, and an edge that does not lead to the output are dead;
- every live convolution and pooling edge is an instance with its own identity, since each has (or may have) its own
  weights and statistics: two pools of one tensor do not merge, one pool used twice is one instance;
- a skip edge is contracted: it passes on its source node's sum, term by term.

Over the 4,096 cellcodes this gives 1,011 classes, the number of cells that the benchmark trained.

Source: Hirose et al., ACML 2021 (arXiv:2110.10165); the rule was inferred from the published list of trained cells.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import permutations, product
from typing import TYPE_CHECKING, Final

from nhb2_plugins.extras import needs_extra
from nhb2_plugins.shown import as_html, drawn
from nhb2_plugins.space import CELLCODES, EDGES, OPERATIONS, cell_index, cellcode_digits, parse_cellcode

if TYPE_CHECKING:
    import networkx

CONV, POOL, SKIP, ZERO = range(len(OPERATIONS))
INPUT_NODE: Final = 0
OUTPUT_NODE: Final = 3
N_ISOMORPHISM_CLASSES: Final = 1011

STEM_AND_HEAD_PARAMS: Final = 73_610
"""Parameters outside the cells: stem, the two residual blocks, head (CIFAR-10)."""
PARAMS_PER_CONV_EDGE: Final = 243_040
"""Parameters of one convolution edge over the 15 cells (3 stages × 5 cells at 16, 32 and 64 channels)."""
MACS_PER_CONV_EDGE: Final = 35_389_440
"""Multiply–accumulates of one convolution edge over the 15 cells for one 32 × 32 image (2,359,296 a cell)."""

_INPUT: Final = -1
# A node's sum is a sorted tuple of terms: the input (-1), or the number of an operation instance.
_Terms = tuple[int, ...]
# An instance is (operation, the terms it is applied to); a cell's expression is (output terms, its instances).
_Instance = tuple[int, _Terms]
_Expression = tuple[_Terms, tuple[_Instance, ...]]


def edges_in_use(digits: tuple[int, ...], *, begins: Collection[int] = ()) -> frozenset[int]:
    """Numbers (0..5) of the edges that carry something to the output.

    Args:
        digits: the six operation digits.
        begins: operations that make something of nothing; no other does.
    """
    fed, useful, carrying = {INPUT_NODE}, {OUTPUT_NODE}, set()
    for edge, (source, target) in enumerate(EDGES):  # ordered by target, so one pass settles reachability
        if digits[edge] in begins or (digits[edge] != ZERO and source in fed):
            carrying.add(edge)
            fed.add(target)
    for edge, (source, target) in reversed(list(enumerate(EDGES))):
        if digits[edge] != ZERO and target in useful:
            useful.add(source)
    return frozenset(edge for edge in carrying if EDGES[edge][1] in useful)


def _expression(digits: tuple[int, ...]) -> _Expression:
    """The output's terms and every instance reachable from them, instances numbered in edge order."""
    live = edges_in_use(digits)
    sums: list[list[int]] = [[_INPUT], [], [], []]
    instances: list[_Instance] = []
    for edge, (source, target) in enumerate(EDGES):
        if edge not in live:
            continue
        if digits[edge] == SKIP:
            sums[target] += sums[source]
        else:
            sums[target].append(len(instances))
            instances.append((digits[edge], tuple(sorted(sums[source]))))
    return tuple(sorted(sums[OUTPUT_NODE])), tuple(instances)


def _renamings(instances: tuple[_Instance, ...]) -> Iterator[list[int]]:
    """Every renaming that numbers convolutions before pools: the renamings within an operation."""
    by_operation = [[i for i, (op, _) in enumerate(instances) if op == wanted] for wanted in (CONV, POOL)]
    for orders in product(*(permutations(members) for members in by_operation)):
        new_name = [0] * len(instances)
        for name, instance in enumerate(instance for order in orders for instance in order):
            new_name[instance] = name
        yield new_name


def _normal_form(expression: _Expression) -> _Expression:
    """The smallest expression among all renamings; equal for isomorphic cells and only for them."""
    output, instances = expression

    def rename(terms: _Terms, new_name: list[int]) -> _Terms:
        return tuple(sorted(_INPUT if term == _INPUT else new_name[term] for term in terms))

    def renamed(new_name: list[int]) -> _Expression:
        moved: list[_Instance] = [(0, ())] * len(instances)
        for i, (op, terms) in enumerate(instances):
            moved[new_name[i]] = (op, rename(terms, new_name))
        return rename(output, new_name), tuple(moved)

    return min(renamed(new_name) for new_name in _renamings(instances))


@lru_cache(maxsize=1)
def isomorphism_classes() -> tuple[int, ...]:
    """The isomorphism class (0 … 1,010) of each of the 4,096 cellcodes, in index order.

    Classes are numbered by their first cellcode in index order, which is their canonical code.
    """
    numbers: dict[_Expression, int] = {}
    normal_forms: dict[_Expression, _Expression] = {}  # many codes share one expression; the search is paid once
    classes = []
    for cellcode in CELLCODES:
        expression = _expression(cellcode_digits(cellcode))
        if expression not in normal_forms:
            normal_forms[expression] = _normal_form(expression)
        classes.append(numbers.setdefault(normal_forms[expression], len(numbers)))
    return tuple(classes)


@lru_cache(maxsize=1)
def canonical_codes() -> tuple[str, ...]:
    """The canonical (first) cellcode of each of the 1,011 classes, in class order."""
    codes: dict[int, str] = {}
    for cellcode, number in zip(CELLCODES, isomorphism_classes(), strict=True):
        codes.setdefault(number, cellcode)
    return tuple(codes.values())


@dataclass(frozen=True)
class Cell:
    """A cellcode with the facts that follow from it.

    >>> cell = Cell("0|10|210")
    >>> cell.operations
    ('conv3x3', 'avgpool3x3', 'conv3x3', 'skip', 'avgpool3x3', 'conv3x3')
    >>> cell.params_total, cell.macs_live
    (802730, 106168320)

    Raises:
        InvalidValueError: the text is not a cellcode.
    """

    cellcode: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "cellcode", parse_cellcode(self.cellcode))

    _repr_html_ = as_html

    def to_svg(self) -> str:
        """The cell as a picture: its nodes, its operations; what computes nothing is faint.

        Raises:
            MissingExtraError: markupsafe is not installed.
        """
        svg: str = drawn("cell_svg", self)
        return svg

    @property
    def digits(self) -> tuple[int, ...]:
        """The six operation digits, in the order of :data:`nhb2_plugins.space.EDGES`."""
        return cellcode_digits(self.cellcode)

    @property
    def operations(self) -> tuple[str, ...]:
        """The six operation names, in edge order."""
        return tuple(OPERATIONS[digit] for digit in self.digits)

    @cached_property
    def live_edges(self) -> frozenset[int]:
        """Numbers (0..5) of the edges that carry something from the input to the output."""
        return edges_in_use(self.digits)

    @property
    def is_connected(self) -> bool:
        """Whether any path leads from the input to the output."""
        return bool(self.live_edges)

    @property
    def isomorphism_class(self) -> int:
        """Number (0 … 1,010) of the class of cells that compute the same function."""
        return isomorphism_classes()[cell_index(self.cellcode)]

    @property
    def canonical_code(self) -> str:
        """The first cellcode, in index order, of this cell's isomorphism class."""
        return canonical_codes()[self.isomorphism_class]

    @property
    def isomorphic_codes(self) -> tuple[str, ...]:
        """Every cellcode of this cell's class, itself included, in index order."""
        own = self.isomorphism_class
        return tuple(code for code, number in zip(CELLCODES, isomorphism_classes(), strict=True) if number == own)

    def count_operation(self, operation: int, *, live_only: bool) -> int:
        """Number of edges with the operation digit, over all edges or over the live ones."""
        return sum(
            digit == operation and (not live_only or edge in self.live_edges) for edge, digit in enumerate(self.digits)
        )

    @property
    def params_total(self) -> int:
        """Trainable parameters of the whole network, dead convolutions included."""
        return STEM_AND_HEAD_PARAMS + PARAMS_PER_CONV_EDGE * self.count_operation(CONV, live_only=False)

    @property
    def params_live(self) -> int:
        """Trainable parameters of the whole network, counting only convolutions that reach the output."""
        return STEM_AND_HEAD_PARAMS + PARAMS_PER_CONV_EDGE * self.count_operation(CONV, live_only=True)

    @property
    def macs_live(self) -> int:
        """Multiply–accumulates of the cells' live convolutions for one 32 × 32 image (stem and head left out)."""
        return MACS_PER_CONV_EDGE * self.count_operation(CONV, live_only=True)

    def to_networkx(self) -> networkx.DiGraph[int]:
        """The cell as a directed graph: nodes 0..3, edge attributes ``operation``, ``name`` and ``live``.

        Zero edges are left out.

        Raises:
            MissingExtraError: networkx is not installed.
        """
        with needs_extra("drawing cells needs networkx", "graph"):
            import networkx as nx
        graph: networkx.DiGraph[int] = nx.DiGraph(cellcode=self.cellcode)
        graph.add_nodes_from(range(OUTPUT_NODE + 1))
        for edge, (source, target) in enumerate(EDGES):
            if self.digits[edge] != ZERO:
                graph.add_edge(
                    source,
                    target,
                    operation=self.operations[edge],
                    name=f"op_{source}{target}",
                    live=edge in self.live_edges,
                )
        return graph
