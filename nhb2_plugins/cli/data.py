"""``nhb2 data``: import, verify, where."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from nhb2_plugins.benchmark import open_benchmark
from nhb2_plugins.cli.parser import Commands, add_command
from nhb2_plugins.table.checksums import verify_table
from nhb2_plugins.table.location import DATA_VARIABLE, cache_directory, user_table_directory


def add_data(commands: Commands) -> None:
    """Add ``nhb2 data`` and its actions."""
    parser = commands.add_parser("data", help="Import, verify and find tables.")
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    importing = add_command(actions, "import", _data_import, "Import the published files (three pickles) as a table.")
    importing.add_argument("source", metavar="SOURCE", help="a directory with the pickles, or an archive of them")
    importing.add_argument("--to", metavar="DIR", help="where to (default: the user's data directory)")
    importing.add_argument("--overwrite", action="store_true", help="replace a table that is there")
    verifying = add_command(actions, "verify", _data_verify, "Compare every byte of a table with its checksums.")
    verifying.add_argument("directory", metavar="DIR", nargs="?", help="a table (default: the one in use)")
    add_command(actions, "where", _data_where, "Print the directories that tables are looked for in.")


def _data_import(options: argparse.Namespace) -> int:
    from nhb2_plugins.table.reference import import_published

    target = Path(options.to) if options.to else user_table_directory()
    print(f"importing {options.source} ...", file=sys.stderr)
    table = import_published(Path(options.source), target, overwrite=options.overwrite)
    print(f"{table.provenance.label} written to {target}")
    if table.provenance.note:
        print(table.provenance.note)
    return 0


def _data_verify(options: argparse.Namespace) -> int:
    directory = Path(options.directory) if options.directory else open_benchmark().table.directory
    if directory is None:
        print("the table is in memory: there are no files to verify")
        return 0
    table = verify_table(directory)
    print(f"{table.provenance.label} in {directory}: {len(table.manifest.columns)} columns match their checksums")
    return 0


def _data_where(_: argparse.Namespace) -> int:
    rows = [
        [f"${DATA_VARIABLE}", os.environ.get(DATA_VARIABLE) or "(not set)"],
        ["imported table", str(user_table_directory())],
        ["cache", str(cache_directory())],
        ["in use", str(open_benchmark().table.directory or "(in memory)")],
    ]
    print("\n".join(f"{name:<15} {place}" for name, place in rows))
    return 0
