"""``nhb2 data``: fetch, import, surrogate, export, verify, remove, where."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from nhb2_plugins.benchmark import open_benchmark
from nhb2_plugins.cli.parser import Commands, Parser, add_command, add_parts, add_table_option
from nhb2_plugins.cli.values import positive_number, read_seed
from nhb2_plugins.errors import InvalidValueError, NoHomeError, TableError, TableExistsError, retold
from nhb2_plugins.extras import needs_extra
from nhb2_plugins.files import write_whole
from nhb2_plugins.table.location import DATA_VARIABLE, cache_directory, user_table_directory
from nhb2_plugins.table.store import Table, open_table
from nhb2_plugins.table.verification import check_table
from nhb2_plugins.text_table import facts_text, printable


def add_data(parser: Parser) -> None:
    """Add the actions of ``nhb2 data``."""
    actions = add_parts(parser, "actions", "ACTION")
    _add_fetch(actions)
    importing = add_command(actions, "import", _data_import, "Import the published files (three pickles) as a table.")
    importing.add_argument("source", metavar="SOURCE", help="a directory with the pickles, or an archive of them")
    importing.add_argument("--to", metavar="DIR", help="where to (default: the user's data directory)")
    importing.add_argument("--overwrite", action="store_true", help="replace a table that is there")
    text = "Fit a surrogate to records (a CSV file) and write a full table from it."
    fitting = add_command(actions, "surrogate", _data_surrogate, text)
    fitting.add_argument("--records", metavar="CSV", required=True, nargs="+", help="files of query results")
    fitting.add_argument("--to", metavar="DIR", required=True, help="where to")
    text = "also write K tables that could be the real one, DIR-draw-0, DIR-draw-1, … (84 MB each)"
    fitting.add_argument("--draws", metavar="K", type=positive_number, default=0, help=text)
    text = "also write what is expected of every row, and between what nine in ten records lie, as CSV"
    fitting.add_argument("--intervals", metavar="FILE", help=text)
    fitting.add_argument("--overwrite", action="store_true", help="replace what is there")
    exporting = add_command(actions, "export", _data_export, "Write a table to files that other tools read.")
    exporting.add_argument("--to", metavar="FILE", required=True, help="X.parquet or X.csv, and X.classes.* beside it")
    text = "a row a configuration and epoch (1..12), with an id and the cumulative cost"
    exporting.add_argument("--long", action="store_true", help=text)
    exporting.add_argument("--seed", metavar="S", help="of the rows of --long: a seed or 'mean' (default: the first)")
    exporting.add_argument("--overwrite", action="store_true", help="replace files that are there")
    add_table_option(exporting)
    verifying = add_command(actions, "verify", _data_verify, "Compare every byte of a table with its checksums.")
    verifying.add_argument("directory", metavar="DIR", nargs="?", help="a table (default: the one in use)")
    removing = add_command(actions, "remove", _data_remove, "Remove a table, or what the cache holds.")
    removing.add_argument("directory", metavar="DIR", nargs="?", help="a table (default: the imported one)")
    removing.add_argument("--cache", action="store_true", help="downloads, and tables that earlier versions kept there")
    add_command(actions, "where", _data_where, "Print the directories that tables are looked for in.")


def _add_fetch(actions: Commands) -> None:
    text = "Download the published files, import them as a table, and keep nothing else."
    fetching = add_command(actions, "fetch", _data_fetch, text)
    source = fetching.add_mutually_exclusive_group()
    source.add_argument("--url", metavar="URL", help="an archive of them (default: the authors' Google Drive folder)")
    source.add_argument("--mirror", metavar="URL", help="a directory with the three pickles on an HTTP server")
    fetching.add_argument("--sha256", metavar="HEX", help="what the archive's checksum must be")
    fetching.add_argument("--to", metavar="DIR", help="where to (default: the user's data directory)")
    fetching.add_argument("--overwrite", action="store_true", help="replace a table that is there")


def _data_fetch(options: argparse.Namespace) -> None:
    from nhb2_plugins.cli.download_progress import DownloadProgress
    from nhb2_plugins.table.fetch.download import fetch_drive, fetch_mirror, fetch_url

    to = Path(options.to) if options.to else user_table_directory()
    progress = DownloadProgress(sys.stderr)
    if options.url is not None:
        table = fetch_url(options.url, to, sha256=options.sha256, overwrite=options.overwrite, on_progress=progress)
    elif options.mirror is None:
        table = fetch_drive(to, sha256=options.sha256, overwrite=options.overwrite, shows_progress=True)
    elif options.sha256 is None:
        table = fetch_mirror(options.mirror, to, overwrite=options.overwrite, on_progress=progress)
    else:
        raise InvalidValueError("--sha256 is of one archive, and a mirror has three files: use it with --url")
    _print_written(table, to)


def _data_surrogate(options: argparse.Namespace) -> None:
    with needs_extra("fitting needs more than the core", "surrogate"):
        from nhb2_plugins.table.surrogate.fit import directory_of_draw, fit_surrogate
        from nhb2_plugins.table.surrogate.records import Records, read_records_csv
        from nhb2_plugins.table.writer import refuse_occupied
    to = Path(options.to)
    for place in (to, *(directory_of_draw(to, draw) for draw in range(options.draws))):
        refuse_occupied(place, overwrite=options.overwrite)
    intervals = _free_file(options.intervals, overwrite=options.overwrite) if options.intervals else None
    records = Records.concatenate([read_records_csv(Path(path)) for path in options.records])
    print("fitting (minutes for a thousand records) ...", file=sys.stderr)
    source = f"fitted to {', '.join(Path(path).name for path in options.records)}"
    created = datetime.now(UTC).date().isoformat()
    surrogate = fit_surrogate(records)
    _print_written(surrogate.to_table(to, created=created, source=source, overwrite=options.overwrite), to)
    for table in surrogate.to_draw_tables(
        to, options.draws, created=created, source=source, overwrite=options.overwrite
    ):
        print(printable(f"{table.provenance.label} written to {table.directory}"))
    if intervals is not None:
        with retold(TableError, f"cannot write {intervals}"):
            write_whole(intervals, surrogate.intervals_csv())
        print(printable(f"intervals written to {intervals}"))


def _free_file(name: str, *, overwrite: bool) -> Path:
    path = Path(name)
    if not path.parent.is_dir():
        raise InvalidValueError(f"there is no directory {path.parent} to write {path.name} to")
    if path.exists() and not overwrite:
        raise TableExistsError(f"{path} already exists; name another file or overwrite it")
    return path


def _print_written(table: Table, to: Path) -> None:
    print(printable(f"{table.provenance.label} written to {to}"))
    if table.provenance.note:
        print(printable(table.provenance.note))


def _data_import(options: argparse.Namespace) -> None:
    from nhb2_plugins.table.reference.importer import import_published
    from nhb2_plugins.table.reference.sources import check_source
    from nhb2_plugins.table.writer import refuse_occupied

    target = Path(options.to) if options.to else user_table_directory()
    check_source(Path(options.source))
    refuse_occupied(target, overwrite=options.overwrite)
    print(f"importing {options.source} ...", file=sys.stderr)
    table = import_published(Path(options.source), target, overwrite=options.overwrite)
    _print_written(table, target)


def _data_export(options: argparse.Namespace) -> None:
    from nhb2_plugins.table.export import export_table
    from nhb2_plugins.table.frame import table_to_frame

    if options.seed is not None and not options.long:
        raise InvalidValueError("--seed is of the rows of --long; without it every seed has rows of its own")
    bench = open_benchmark(options.table)
    seed = bench.checked_seed(read_seed(options.seed))
    make_frame = (lambda _: bench.to_long_frame(seed)) if options.long else table_to_frame
    files = export_table(bench.table, options.to, overwrite=options.overwrite, make_frame=make_frame)
    print(printable(f"{bench.provenance.label} written to {', '.join(str(file) for file in files)}"))


def _data_verify(options: argparse.Namespace) -> None:
    table = open_table(Path(options.directory)) if options.directory else open_benchmark().table
    check_table(table)
    place = table.directory or "memory"
    print(
        printable(f"{table.provenance.label} in {place}: {len(table.manifest.columns)} columns match their checksums")
    )


def _data_remove(options: argparse.Namespace) -> None:
    from nhb2_plugins.table.removal import remove_cache, remove_table

    if options.cache and options.directory is not None:
        raise InvalidValueError(f"either --cache or a directory is removed, not both: {options.directory!r}")
    directory = Path(options.directory) if options.directory is not None else user_table_directory()
    removed = remove_cache() if options.cache else [remove_table(directory)]
    for each in removed:
        print(f"removed {each.what} in {each.path} ({each.n_bytes / 1e6:.1f} MB)")
    if not removed:
        print(f"there is nothing to remove in {cache_directory()}")


def _place(directory: Callable[[], Path]) -> str:
    try:
        return str(directory())
    except NoHomeError as error:
        return f"({error})"


def _data_where(_: argparse.Namespace) -> None:
    places = {
        f"${DATA_VARIABLE}": os.environ.get(DATA_VARIABLE) or "(not set)",
        "imported table": _place(user_table_directory),
        "cache": _place(cache_directory),
        "in use": str(open_benchmark().table.directory or "(in memory)"),
    }
    print(facts_text(places, 15))
