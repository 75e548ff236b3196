"""``nhb2 train-table``: train many configurations, and export them."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from nhb2_plugins.cli.parser import Parser, add_cluster_options, status_of
from nhb2_plugins.cli.train import needs_training
from nhb2_plugins.text_table import counted, printable

if TYPE_CHECKING:
    from nhb2_plugins.training.table_engine import GroupOutcome
    from nhb2_plugins.training.table_spec import TableSpec


def add_train_table(parser: Parser) -> None:
    """Add the options of ``nhb2 train-table``."""
    parser.set_defaults(command=_train_table)
    parser.add_argument("spec", metavar="SPEC", help="a YAML file")
    parser.add_argument("--out", metavar="DIR", help="runs and exports (default: nhb2-tables/NAME); resumed when there")
    parser.add_argument("--dry-run", action="store_true", help="say what would be trained, and train nothing")
    add_cluster_options(parser, "one a GPU")


def _train_table(options: argparse.Namespace) -> int:
    with needs_training("train,quickstart"):
        from nhb2_plugins.training.export import export_runs
        from nhb2_plugins.training.sources import open_data
        from nhb2_plugins.training.table_engine import FAILURES_DIRECTORY, read_runs, train_table
        from nhb2_plugins.training.table_spec import read_table_spec
    spec = read_table_spec(Path(options.spec))
    directory = Path(options.out) if options.out else Path("nhb2-tables", spec.name)
    if options.dry_run:
        _say_what_would_be_trained(spec, directory)
        return 0
    done = 0

    def begin(n_kept: int, n_missing: int) -> None:
        print(f"{counted(n_kept, 'run')} there, {n_missing:,} to train", file=sys.stderr, flush=True)

    def advance(outcome: GroupOutcome) -> None:
        nonlocal done
        done += len(outcome.names)
        said = "failed: " + outcome.failure.strip().splitlines()[-1] if outcome.failure else f"{done:,} done"
        first = f"{outcome.names[0]}{' …' if len(outcome.names) > 1 else ''}"
        print(f"{first} {printable(said)}", file=sys.stderr, flush=True)

    outcome = train_table(
        spec,
        directory,
        scheduler=options.scheduler,
        n_processes=options.processes,
        on_start=begin,
        on_outcome=advance,
    )
    if outcome.n_kept + outcome.n_trained:
        files = export_runs(list(read_runs(directory)), directory, data_name=open_data(spec.data).name)
        print(f"{counted(outcome.n_kept + outcome.n_trained, 'run')} in {directory}; written:")
        print("\n".join(f"  {file}" for file in files))
    return status_of(outcome.failed, directory / FAILURES_DIRECTORY)


def _say_what_would_be_trained(spec: TableSpec, directory: Path) -> None:
    n_runs = len(spec.configurations.configurations()) * len(spec.seeds)
    print(f"{counted(n_runs, 'run')} of {spec.epochs} epochs on {spec.data},")
    print(f"{spec.together} together on {spec.execution.device}. Nothing was trained; they would go to {directory}.")
