"""``nhb2 space``: the joint search space, one cell of it, or the space as a file for ConfigSpace."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

from nhb2_plugins.cells import Cell
from nhb2_plugins.cli.parser import Parser
from nhb2_plugins.cli.values import read_number, read_whole_number
from nhb2_plugins.encoding import ALL_ENCODINGS, ENCODINGS, checked_encoding
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.space import (
    BATCH_SIZES,
    EDGES,
    HYPERPARAMETER_NAMES,
    LEARNING_RATES,
    N_CONFIGURATIONS,
    OPERATIONS,
    parse_cellcode,
)
from nhb2_plugins.subspace import Subspace
from nhb2_plugins.text_table import facts_text, text_table

_EXPORT: Final = "export"
_EXPORT_OPTIONS: Final = ("encoding", "to", "cell", "lr", "batch_size", "one_per_class")


def add_space(parser: Parser) -> None:
    """Add the options of ``nhb2 space``."""
    parser.set_defaults(command=_space)
    parser.add_argument("cellcode", metavar="CELLCODE|export", nargs="?", help="a cell to describe, or 'export'")
    export = parser.add_argument_group("export", "write the space, or a part of it, as ConfigSpace reads it")
    export.add_argument("--to", metavar="FILE", help="the file to write: *.json, *.yaml or *.yml")
    export.add_argument("--encoding", metavar="E", help=f"{', '.join(ALL_ENCODINGS)} (default: {ENCODINGS[0]})")
    export.add_argument("--cell", metavar="CELLCODE", help="only this cell")
    export.add_argument("--lr", metavar="LR", help="only this learning rate")
    export.add_argument("--batch-size", metavar="B", help="only this batch size")
    export.add_argument("--one-per-class", action="store_true", help="only one cellcode of each isomorphism class")


def _space(options: argparse.Namespace) -> None:
    if options.cellcode == _EXPORT:
        _export(options)
    elif given := [name for name in _EXPORT_OPTIONS if getattr(options, name)]:
        names = ", ".join("--" + name.replace("_", "-") for name in given)
        raise InvalidValueError(f"{names}: only for 'nhb2 space {_EXPORT}'")
    elif options.cellcode is None:
        _describe_space()
    else:
        _describe_cell(Cell(parse_cellcode(options.cellcode)))


def _export(options: argparse.Namespace) -> None:
    if options.to is None:
        raise InvalidValueError("the space is exported to a file: --to FILE.json or --to FILE.yaml")
    encoding = checked_encoding(options.encoding or ENCODINGS[0])
    part = Subspace(
        cellcode=options.cell and parse_cellcode(options.cell),
        lr=options.lr and read_number(options.lr, LEARNING_RATES, "learning rate"),
        batch_size=options.batch_size and read_whole_number(options.batch_size, BATCH_SIZES, "batch size"),
        one_per_class=options.one_per_class,
    )
    # ConfigSpace takes over a second to import; nothing else here needs it.
    from nhb2_plugins.search_space import configuration_space, write_configuration_space

    path = Path(options.to)
    write_configuration_space(configuration_space(encoding, restriction=part), path)
    print(f"{path}: {part.size:,} configurations, encoding {encoding}")


def _describe_space() -> None:
    values = {**dict.fromkeys(HYPERPARAMETER_NAMES, OPERATIONS), "lr": LEARNING_RATES, "batch_size": BATCH_SIZES}
    rows = [[name, ", ".join(str(value) for value in values[name])] for name in HYPERPARAMETER_NAMES]
    width = max(len(row[0]) for row in rows)
    print("\n".join(f"{name:<{width}}  {choices}" for name, choices in rows))
    print(f"\n{N_CONFIGURATIONS:,} configurations; op_ab is the operation on the edge from node a to node b.")


def _describe_cell(cell: Cell) -> None:
    rows = [
        [f"{source} -> {target}", operation, "live" if edge in cell.live_edges else "dead"]
        for edge, ((source, target), operation) in enumerate(zip(EDGES, cell.operations, strict=True))
    ]
    print(text_table(["edge", "operation", "state"], rows))
    others = len(cell.isomorphic_codes) - 1
    facts = {
        "cellcode": cell.cellcode,
        "class": f"{cell.isomorphism_class} (canonical code {cell.canonical_code}, {others} other codes)",
        "parameters": f"{cell.params_total:,} ({cell.params_live:,} live)",
        "live MACs": f"{cell.macs_live:,}",
    }
    print("\n" + facts_text(facts, 11))
