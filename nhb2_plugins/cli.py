"""The command line, ``nhb2``: the only module that prints.

Exit status: 0 done; 1 something failed (a damaged table, a run that raised); 2 wrong input; 130 interrupted.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from nhb2_plugins import __version__
from nhb2_plugins.benchmark import MEAN, Benchmark, Observation, Seed, open_benchmark
from nhb2_plugins.cells import Cell
from nhb2_plugins.errors import CampaignError, InvalidValueError, MissingExtraError, Nhb2Error, TableNotFoundError
from nhb2_plugins.fidelity import FIDELITIES, LONG_EPOCHS, SCHEDULE_EPOCHS
from nhb2_plugins.space import (
    BATCH_SIZES,
    EDGES,
    HYPERPARAMETER_NAMES,
    LEARNING_RATES,
    N_CONFIGURATIONS,
    OPERATIONS,
    Configuration,
    parse_cellcode,
)
from nhb2_plugins.text_table import text_table

if TYPE_CHECKING:
    from nhb2_plugins.campaign.run import RunOutcome

_EXIT_FAILED = 1
_EXIT_WRONG_INPUT = 2
_EXIT_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status."""
    options = _parser().parse_args(arguments)
    try:
        status: int = options.command(options)
        sys.stdout.flush()
        return status
    except Nhb2Error as error:
        print(f"nhb2: error: {error}", file=sys.stderr)
        wrong_input = isinstance(error, InvalidValueError | TableNotFoundError | CampaignError)
        return _EXIT_WRONG_INPUT if wrong_input else _EXIT_FAILED
    except KeyboardInterrupt:
        print("nhb2: interrupted", file=sys.stderr)
        return _EXIT_INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output (a pager, head) has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, as every other error here."""

    def error(self, message: str) -> NoReturn:
        self.exit(_EXIT_WRONG_INPUT, f"{self.prog}: error: {message} (see {self.prog} --help)\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="nhb2", description="NAS-HPO-Bench-II for hyperparameter-optimisation frameworks.")
    parser.add_argument("--version", action="version", version=f"nhb2-plugins {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_info(commands)
    _add_query(commands)
    _add_space(commands)
    _add_data(commands)
    _add_run(commands)
    _add_report(commands)
    return parser


_Commands = argparse._SubParsersAction  # the name argparse gives no public alias


def _add(
    commands: _Commands[_Parser],
    name: str,
    command: Callable[[argparse.Namespace], int],
    text: str,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=text, description=text)
    parser.set_defaults(command=command)
    return parser


def _add_table_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--table",
        metavar="DIR",
        help="a table's directory (default: $NHB2_DATA, else the imported table, else the embedded one)",
    )


# -- info


def _add_info(commands: _Commands[_Parser]) -> None:
    _add_table_option(_add(commands, "info", _info, "Say which table is in use and where its numbers come from."))


def _info(options: argparse.Namespace) -> int:
    bench = open_benchmark(options.table)
    provenance = bench.provenance
    best, accuracy = bench.oracle()
    facts = {
        "table": provenance.label,
        "source": provenance.source,
        "note": provenance.note or "-",
        "created": provenance.created,
        "seeds": ", ".join(str(seed) for seed in provenance.seeds),
        "directory": str(bench.table.directory or "in memory"),
        "digest": provenance.digest,
        "configurations": f"{N_CONFIGURATIONS:,} ({bench.table.manifest.n_classes:,} distinct cells)",
        "best": f"{_shown(best)}, validation error {100 - accuracy:.3f} % after {SCHEDULE_EPOCHS} epochs",
    }
    print("\n".join(f"{name:<15} {fact}" for name, fact in facts.items()))
    return 0


def _shown(configuration: Configuration) -> str:
    return f"{configuration.cellcode} lr {configuration.lr:g} batch size {configuration.batch_size}"


# -- query


def _add_query(commands: _Commands[_Parser]) -> None:
    parser = _add(commands, "query", _query, "Look up one configuration.")
    parser.add_argument("cellcode", metavar="CELLCODE", help="for example '0|10|210' or 010210")
    parser.add_argument("lr", metavar="LR", help="learning rate: " + ", ".join(f"{lr:g}" for lr in LEARNING_RATES))
    parser.add_argument("batch_size", metavar="BATCH_SIZE", help="batch size: " + ", ".join(map(str, BATCH_SIZES)))
    parser.add_argument("--epoch", metavar="E", default=str(SCHEDULE_EPOCHS), help="1..12, or 200 (default: 12)")
    parser.add_argument("--split", help="train, valid or test (default: valid, and test at 200 epochs)")
    parser.add_argument("--seed", help="a seed of the table, or 'mean' (default: the table's first)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    _add_table_option(parser)


def _query(options: argparse.Namespace) -> int:
    configuration = Configuration(
        parse_cellcode(options.cellcode),
        _number(options.lr, LEARNING_RATES, "learning rate"),
        _whole_number(options.batch_size, BATCH_SIZES, "batch size"),
    )
    epoch = _whole_number(options.epoch, FIDELITIES, "epoch")
    seed = _seed(options.seed)
    bench = open_benchmark(options.table)
    observation = bench.evaluate(configuration, epoch, options.split, seed)
    if options.json:
        print(json.dumps(_as_json(configuration, observation, bench)))
        return 0
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
    print("\n".join(f"{name:<15} {fact}" for name, fact in facts.items()))
    return 0


def _number(text: str, allowed: Sequence[float], what: str) -> float:
    try:
        return float(text)
    except ValueError:
        choices = ", ".join(f"{value:g}" for value in allowed)
        raise InvalidValueError(f"{what} {text!r} is not one of {choices}") from None


def _whole_number(text: str, allowed: Sequence[int], what: str) -> int:
    number = _number(text, allowed, what)
    return int(number) if number.is_integer() else number  # type: ignore[return-value]  # refused where it is used


def _seed(text: str | None) -> Seed | None:
    if text is None or text == MEAN:
        return text  # type: ignore[return-value]
    try:
        return int(text)
    except ValueError:
        return text  # type: ignore[return-value]  # the benchmark refuses it and names the seeds of its table


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


# -- space


def _add_space(commands: _Commands[_Parser]) -> None:
    parser = _add(commands, "space", _space, "Describe the joint search space, or one cell of it.")
    parser.add_argument("cellcode", metavar="CELLCODE", nargs="?", help="a cell to describe")


def _space(options: argparse.Namespace) -> int:
    if options.cellcode is not None:
        return _describe_cell(Cell(parse_cellcode(options.cellcode)))
    values = {**dict.fromkeys(HYPERPARAMETER_NAMES, OPERATIONS), "lr": LEARNING_RATES, "batch_size": BATCH_SIZES}
    rows = [[name, ", ".join(str(value) for value in values[name])] for name in HYPERPARAMETER_NAMES]
    width = max(len(row[0]) for row in rows)
    print("\n".join(f"{name:<{width}}  {choices}" for name, choices in rows))
    print(f"\n{N_CONFIGURATIONS:,} configurations; op_ab is the operation on the edge from node a to node b.")
    return 0


def _describe_cell(cell: Cell) -> int:
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
    print("\n" + "\n".join(f"{name:<11} {fact}" for name, fact in facts.items()))
    return 0


# -- data


def _add_data(commands: _Commands[_Parser]) -> None:
    parser = commands.add_parser("data", help="Import, verify and find tables.")
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    importing = _add(actions, "import", _data_import, "Import the published files (three pickles) as a table.")
    importing.add_argument("source", metavar="SOURCE", help="a directory with the pickles, or an archive of them")
    importing.add_argument("--to", metavar="DIR", help="where to (default: the user's data directory)")
    importing.add_argument("--overwrite", action="store_true", help="replace a table that is there")
    verifying = _add(actions, "verify", _data_verify, "Compare every byte of a table with its checksums.")
    verifying.add_argument("directory", metavar="DIR", nargs="?", help="a table (default: the one in use)")
    _add(actions, "where", _data_where, "Print the directories that tables are looked for in.")


def _data_import(options: argparse.Namespace) -> int:
    from nhb2_plugins.table.location import user_table_directory
    from nhb2_plugins.table.reference import import_published

    target = Path(options.to) if options.to else user_table_directory()
    print(f"importing {options.source} ...", file=sys.stderr)
    table = import_published(Path(options.source), target, overwrite=options.overwrite)
    print(f"{table.provenance.label} written to {target}")
    if table.provenance.note:
        print(table.provenance.note)
    return 0


def _data_verify(options: argparse.Namespace) -> int:
    from nhb2_plugins.table.store import verify_table

    directory = Path(options.directory) if options.directory else open_benchmark().table.directory
    if directory is None:
        print("the table is in memory: there are no files to verify")
        return 0
    table = verify_table(directory)
    print(f"{table.provenance.label} in {directory}: {len(table.manifest.columns)} columns match their checksums")
    return 0


def _data_where(_: argparse.Namespace) -> int:
    from nhb2_plugins.table.location import DATA_VARIABLE, cache_directory, user_table_directory

    rows = [
        [f"${DATA_VARIABLE}", os.environ.get(DATA_VARIABLE) or "(not set)"],
        ["imported table", str(user_table_directory())],
        ["cache", str(cache_directory())],
        ["in use", str(open_benchmark().table.directory or "(in memory)")],
    ]
    print("\n".join(f"{name:<15} {place}" for name, place in rows))
    return 0


# -- run and report


def _add_run(commands: _Commands[_Parser]) -> None:
    parser = _add(commands, "run", _run, "Run a campaign: compare optimizers on simulated time.")
    parser.add_argument("spec", metavar="SPEC", nargs="?", default="quickstart", help="a YAML file, or a shipped name")
    parser.add_argument("--out", metavar="DIR", help="results (default: nhb2-results/NAME); resumed when it exists")
    parser.add_argument("--overwrite", action="store_true", help="delete the runs of another campaign that are there")
    parser.add_argument("--scheduler", metavar="URL", help="address of a dask scheduler (default: a local cluster)")
    parser.add_argument("--processes", metavar="N", type=int, help="processes of the local cluster (default: cores)")
    _add_table_option(parser)


def _run(options: argparse.Namespace) -> int:
    with _needs_quickstart():
        from nhb2_plugins.campaign.engine import run_campaign
        from nhb2_plugins.campaign.spec import read_spec
    spec = read_spec(options.spec)
    directory = Path(options.out) if options.out else Path("nhb2-results", spec.name)
    bench = open_benchmark(options.table)
    print(f"Campaign {spec.name!r} on the {bench.provenance.label}: {bench.provenance.source}.", file=sys.stderr)
    with _progress() as (on_start, on_outcome):
        outcome = run_campaign(
            spec,
            bench,
            directory,
            overwrite=options.overwrite,
            scheduler=options.scheduler,
            n_processes=options.processes,
            on_start=on_start,
            on_outcome=on_outcome,
        )
    status = 0
    if outcome.n_kept + outcome.n_run:
        status = _write_report(directory, tuple(each.name for each in spec.optimizers))
    if outcome.failed:
        print(
            f"nhb2: error: {len(outcome.failed)} runs failed; tracebacks are in {directory / 'failures'}",
            file=sys.stderr,
        )
        return _EXIT_FAILED
    return status


def _add_report(commands: _Commands[_Parser]) -> None:
    parser = _add(commands, "report", _report, "Write the report of a campaign's directory again.")
    parser.add_argument("directory", metavar="DIR")


def _report(options: argparse.Namespace) -> int:
    from nhb2_plugins.campaign.store import read_order

    directory = Path(options.directory)
    return _write_report(directory, read_order(directory))


def _write_report(directory: Path, order: tuple[str, ...]) -> int:
    with _needs_quickstart():
        from nhb2_plugins.analysis.report import comparison_text, write_report
        from nhb2_plugins.analysis.results import read_results
    results = read_results(directory, order)
    files = write_report(results, directory)
    print(comparison_text(results))
    print(f"Trajectories: {directory / 'runs'}. Report: {', '.join(str(file) for file in files)}.")
    return 0


@contextmanager
def _needs_quickstart() -> Iterator[None]:
    try:
        yield
    except MissingExtraError:
        raise
    except ImportError as error:
        raise MissingExtraError(
            f"campaigns need more than the core ({error}): pip install 'nhb2-plugins[quickstart]'"
        ) from error


@contextmanager
def _progress() -> Iterator[tuple[Callable[[int, int], None], Callable[[RunOutcome], None]]]:
    """A live display on a terminal, a line for every tenth of the runs elsewhere; on standard error."""
    from nhb2_plugins.progress import live_progress, plain_progress

    make = live_progress if sys.stderr.isatty() else plain_progress
    with make(sys.stderr) as callbacks:
        yield callbacks


if __name__ == "__main__":
    sys.exit(main())
