"""Components of graphs, against a search from every node."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nhb2_plugins.landscape.plateaus import connected_components


@given(st.integers(1, 30), st.data())
def test_components_are_those_of_a_search_from_every_node(n: int, data: st.DataObject) -> None:
    nodes = st.integers(0, n - 1)
    edges = data.draw(st.lists(st.tuples(nodes, nodes), max_size=40))
    first, second = np.array([e[0] for e in edges], dtype=np.int64), np.array([e[1] for e in edges], dtype=np.int64)
    component = connected_components(n, first, second)
    for node in range(n):
        reached, queue = {node}, [node]
        while queue:
            here = queue.pop()
            new = {b for a, b in [*edges, *((b, a) for a, b in edges)] if a == here} - reached
            reached |= new
            queue += new
        assert {other for other in range(n) if component[other] == component[node]} == reached
    assert sorted(set(component.tolist())) == list(range(int(component.max()) + 1))
