"""``nhb2 info`` and ``query``."""

from __future__ import annotations

import argparse
import json

from nhb2_plugins.benchmark import Benchmark, Observation, open_benchmark
from nhb2_plugins.cli.parser import Parser, add_draw_option, add_table_option
from nhb2_plugins.cli.values import read_number, read_seed, read_whole_number
from nhb2_plugins.fidelity import FIDELITIES, LONG_EPOCHS, SCHEDULE_EPOCHS
from nhb2_plugins.metric import error_pct
from nhb2_plugins.space import (
    BATCH_SIZES,
    LEARNING_RATES,
    N_CONFIGURATIONS,
    Configuration,
    parse_cellcode,
)
from nhb2_plugins.text_table import facts_text


def add_info(parser: Parser) -> None:
    """Add the options of ``nhb2 info``."""
    parser.set_defaults(command=_info)
    add_table_option(parser)
    add_draw_option(parser)


def _info(options: argparse.Namespace) -> None:
    bench = open_benchmark(options.table, draw=options.draw)
    provenance = bench.provenance
    best, accuracy = bench.oracle()
    facts = {
        "table": provenance.label,
        "source": provenance.source,
        "note": provenance.note or "-",
        "assumed": ", ".join(f"{name}: {variant}" for name, variant in provenance.assumptions.items()) or "-",
        "created": provenance.created,
        "seeds": ", ".join(str(seed) for seed in provenance.seeds),
        "directory": str(bench.table.directory or "in memory"),
        "digest": provenance.digest,
        "configurations": f"{N_CONFIGURATIONS:,} ({bench.table.manifest.n_classes:,} distinct cells)",
        "best": f"{_shown(best)}, validation error {error_pct(accuracy):.3f} % after {SCHEDULE_EPOCHS} epochs",
    }
    print(facts_text(facts, 15))


def _shown(configuration: Configuration) -> str:
    return f"{configuration.cellcode} lr {configuration.lr:g} batch size {configuration.batch_size}"


def add_query(parser: Parser) -> None:
    """Add the options of ``nhb2 query``."""
    parser.set_defaults(command=_query)
    parser.add_argument("cellcode", metavar="CELLCODE", help="for example '0|10|210' or 010210")
    parser.add_argument("lr", metavar="LR", help="learning rate: " + ", ".join(f"{lr:g}" for lr in LEARNING_RATES))
    parser.add_argument("batch_size", metavar="BATCH_SIZE", help="batch size: " + ", ".join(map(str, BATCH_SIZES)))
    parser.add_argument("--epoch", metavar="E", default=str(SCHEDULE_EPOCHS), help="1..12, or 200 (default: 12)")
    parser.add_argument("--split", help="train, valid or test (default: valid, and test at 200 epochs)")
    parser.add_argument("--seed", help="a seed of the table, or 'mean' (default: the table's first)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    add_table_option(parser)
    add_draw_option(parser)


def _query(options: argparse.Namespace) -> None:
    configuration = Configuration(
        parse_cellcode(options.cellcode),
        read_number(options.lr, LEARNING_RATES, "learning rate"),
        read_whole_number(options.batch_size, BATCH_SIZES, "batch size"),
    )
    epoch = read_whole_number(options.epoch, FIDELITIES, "epoch")
    seed = read_seed(options.seed)
    bench = open_benchmark(options.table, draw=options.draw)
    observation = bench.evaluate(configuration, epoch, options.split, seed)
    if options.json:
        print(json.dumps(_as_json(configuration, observation, bench)))
        return
    estimated = f" (estimated as {LONG_EPOCHS}/{SCHEDULE_EPOCHS} of 12 epochs)" if observation.cost_is_estimated else ""
    kind = "expected test" if observation.epoch == LONG_EPOCHS else observation.split
    facts = {
        "configuration": _shown(configuration),
        "epoch": str(observation.epoch),
        "seed": str(observation.seed),
        "accuracy": f"{observation.accuracy_pct:.3f} % ({kind})",
        "error": f"{observation.error_pct:.3f} %",
        "cost": f"{observation.cost_s:.3f} s{estimated}",
        "table": bench.provenance.label,
    }
    print(facts_text(facts, 15))


def _as_json(configuration: Configuration, observation: Observation, bench: Benchmark) -> dict[str, object]:
    return {
        **configuration.to_hyperparameters(),
        "cellcode": configuration.cellcode,
        "index": configuration.index,
        **observation._asdict(),
        "error_pct": observation.error_pct,
        "cost_is_estimated": observation.cost_is_estimated,
        "table": bench.provenance.kind,
        "digest": bench.provenance.digest,
    }
