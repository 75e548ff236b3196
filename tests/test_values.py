"""Values are frozen: every dataclass of the package, but those that say why not."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import nhb2_plugins

PACKAGE = Path(nhb2_plugins.__file__).parent
MUTABLE = {
    "adapters.hpbandster.result.Datum": "hpbandster's own, which is filled in as its runs end",
    "adapters.syne_tune.backend._Training": "one under way: its last epoch, its end",
    "optimizers.asha._Rung": "its results, which grow",
    "optimizers.hyperband._Entry": "a configuration's results, which grow",
    "optimizers.warm_start.Run": "hpbandster's own, and whoever reads it may write to it",
    "simulation._Clock": "simulated time and what is under way, which pass",
    "table.unpickle.values.Array": "filled in by the state that follows it in a pickle",
    "table.unpickle.values.Dtype": "filled in by the state that follows it in a pickle",
    "table.unpickle.values.Pairs": "a dictionary in the making",
}
"""Dataclasses that change, by module and name, with what changes."""


def dataclasses() -> Iterator[tuple[str, bool]]:
    """(module and name, whether it is frozen) of every dataclass, whatever its module imports."""
    for path in sorted(PACKAGE.rglob("*.py")):
        module = path.relative_to(PACKAGE).with_suffix("").as_posix().replace("/", ".")
        for node in ast.walk(ast.parse(path.read_bytes())):
            for decorator in node.decorator_list if isinstance(node, ast.ClassDef) else ():
                if ast.unparse(decorator).startswith("dataclass"):
                    yield f"{module}.{node.name}", "frozen=True" in ast.unparse(decorator)  # type: ignore[attr-defined]


def test_every_dataclass_is_frozen_but_those_that_say_why_not() -> None:
    found = dict(dataclasses())
    assert len(found) > 50
    assert {name for name, is_frozen in found.items() if not is_frozen} == set(MUTABLE)
