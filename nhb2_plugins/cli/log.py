"""``nhb2 log``: look into recorded trajectories, convert, merge and check them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from nhb2_plugins.campaign_directory import recorded_files
from nhb2_plugins.cli.parser import EXIT_FAILED, Parser, add_command, add_parts
from nhb2_plugins.errors import InvalidValueError, TrajectoryError, TrajectoryNotFoundError
from nhb2_plugins.text_table import counted, printable, text_table
from nhb2_plugins.trajectory.bests import read_bests
from nhb2_plugins.trajectory.database_url import shown_source
from nhb2_plugins.trajectory.exports import DIRECTORY_FORMATS, export_directories
from nhb2_plugins.trajectory.incumbent import incumbent_changes
from nhb2_plugins.trajectory.record import TrialRecord
from nhb2_plugins.trajectory.sources import merged, read_copies, read_source, refuse_torn_end, write_target

_SOURCE = "a campaign's directory, a .jsonl file, a directory of them, or a database's URL such as sqlite:///runs.db"
_HEADINGS = ("run", "trial", "end s", "epoch", "cell", "lr", "batch", "accuracy", "charged s", "worker", "status", "")


def add_log(parser: Parser) -> None:
    """Add the commands of ``nhb2 log``."""
    parts = add_parts(parser, "commands", "COMMAND")
    show = add_command(parts, "show", _show, "Show a trajectory as a table; a star marks a new incumbent.")
    show.add_argument("source", metavar="SOURCE", help=_SOURCE)
    show.add_argument("--best", action="store_true", help="show the incumbents alone")
    export = add_command(parts, "export", _export, "Write records in another format.")
    export.add_argument("source", metavar="SOURCE", help=_SOURCE)
    target = "a new .jsonl, .csv or .parquet file, or a database's URL; with --format a new directory"
    export.add_argument("target", metavar="TARGET", nargs="?", help=target)
    export.add_argument("--to", metavar="TARGET", help="the same, as elsewhere")
    text = (
        "write a directory a run, as another package keeps it: carps (CARP-S), deepcave (DeepCAVE), ioh (IOHanalyzer)"
    )
    export.add_argument("--format", choices=sorted(DIRECTORY_FORMATS), help=text)
    merge = add_command(parts, "merge", _merge, "Write the records of several sources, each once, to one target.")
    merge.add_argument("sources", metavar="SOURCE", nargs="+", help=_SOURCE)
    merge.add_argument("--to", metavar="TARGET", required=True, help="as for export")
    check = add_command(parts, "check", _check, "Say whether trajectories are whole; exit status 1 if one is not.")
    check.add_argument("sources", metavar="SOURCE", nargs="+", help=_SOURCE)


def _show(options: argparse.Namespace) -> None:
    rows, tables = _best_rows(options.source) if options.best else _all_rows(options.source)
    print(text_table(_HEADINGS, rows))
    print(f"\nNumbers from the table {printable(', '.join(sorted(tables))) or '(no record)'}.")


def _best_rows(source: str) -> tuple[list[Sequence[str]], Iterable[str]]:
    found = read_bests(source)
    return [_row(change.record, True) for changes in found.runs.values() for change in changes], found.tables


def _all_rows(source: str) -> tuple[list[Sequence[str]], Iterable[str]]:
    records = read_source(source)
    runs: dict[str, list[TrialRecord]] = {}
    for record in records:
        runs.setdefault(record.run_id, []).append(record)
    rows = []
    for of_run in runs.values():
        better = {change.record.trial for change in incumbent_changes(of_run)}
        rows += [_row(each, each.trial in better) for each in of_run]
    return rows, {each.table for each in records}


def _row(record: TrialRecord, is_better: bool) -> Sequence[str]:
    return (
        record.run_id,
        str(record.trial),
        f"{record.end_s:.1f}",
        str(record.epoch),
        record.cellcode,
        f"{record.lr:g}",
        str(record.batch_size),
        f"{record.accuracy_pct:.3f}",
        f"{record.charged_cost_s:.1f}",
        str(record.worker),
        record.status,
        "*" if is_better else "",
    )


def _export(options: argparse.Namespace) -> None:
    options.target = _target(options)
    if options.format is not None:
        n_runs = export_directories(options.source, options.target, options.format)
        print(f"Wrote {counted(n_runs, 'run')} to {printable(shown_source(options.target))}.", file=sys.stderr)
        return
    records = read_source(options.source)
    write_target(options.target, records)
    print(f"Wrote {counted(len(records), 'record')} to {printable(shown_source(options.target))}.", file=sys.stderr)


def _target(options: argparse.Namespace) -> str:
    given = [each for each in (options.target, options.to) if each is not None]
    if len(given) != 1:
        shown = [shown_source(str(each)) for each in given] or "none"
        raise InvalidValueError(f"records are exported to one target, TARGET or --to TARGET; given: {shown}")
    return str(given[0])


def _merge(options: argparse.Namespace) -> None:
    records, n_repeated = merged(record for source in options.sources for record in read_copies(source))
    write_target(options.to, records)
    written, repeated = counted(len(records), "record"), counted(n_repeated, "repetition")
    print(f"Wrote {written} to {printable(shown_source(options.to))}; left out {repeated}.", file=sys.stderr)


def _check(options: argparse.Namespace) -> int:
    status = 0
    for source in options.sources:
        for part in [source] if "://" in source else map(str, recorded_files(source)):
            try:
                records = read_source(part)
                if "://" not in part:
                    refuse_torn_end(Path(part))
            except TrajectoryNotFoundError:
                raise
            except TrajectoryError as error:
                status = EXIT_FAILED
                print(printable(f"damaged: {error}", lines=True))
            else:
                n_runs = len({each.run_id for each in records})
                said = f"{counted(len(records), 'record')} of {counted(n_runs, 'run')}"
                print(f"sound: {printable(shown_source(part))}: {said}")
    return status
