"""``nhb2 dashboard``: recorded runs of any optimizer in optuna-dashboard."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from nhb2_plugins.campaign_directory import CampaignDirectory
from nhb2_plugins.cli.parser import Parser
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.extras import needs_extra
from nhb2_plugins.objectives import ERROR_PCT, checked_objectives
from nhb2_plugins.table.embedded import table_in_words
from nhb2_plugins.text_table import counted
from nhb2_plugins.trajectory.record import TrialRecord
from nhb2_plugins.trajectory.selection import Selection, optimizer_part, select_runs

ALL: Final = "all"
_DEFAULT_RUNS: Final = "10"
_MAX_PORT: Final = 65_535


def add_dashboard(parser: Parser) -> None:
    """Add the options of ``nhb2 dashboard``."""
    parser.set_defaults(command=_dashboard)
    parser.add_argument(
        "source", metavar="DIR", help="a campaign's directory, a .jsonl file, a directory of them, or a database's URL"
    )
    parser.add_argument("--only", metavar="RUN", action="append", default=[], help="an optimizer or a run; repeatable")
    parser.add_argument(
        "--runs", metavar="N", default=_DEFAULT_RUNS, help=f"of each optimizer, or '{ALL}' (default: {_DEFAULT_RUNS})"
    )
    parser.add_argument(
        "--by-run", action="store_true", help="a study for each run (default: one for each optimizer's chosen runs)"
    )
    parser.add_argument(
        "--objectives",
        metavar="NAMES",
        help="of the studies, for example error_pct,cost_s (default: the campaign's, else the error)",
    )
    parser.add_argument("--port", metavar="PORT", type=int, default=0, help="on 127.0.0.1 (default: a free one)")
    parser.add_argument(
        "--storage", metavar="URL", help="keep the studies in a database or a journal file (default: in memory)"
    )


def _dashboard(options: argparse.Namespace) -> None:
    with needs_extra("the dashboard needs optuna-dashboard", "dashboard"):
        from nhb2_plugins.adapters.dashboard_adapter import load_studies, open_storage, serve
    port, objectives = _checked_port(options.port), _objectives(options.objectives, options.source)
    selection = select_runs(options.source, options.only, _read_runs(options.runs))
    studies = selection.runs if options.by_run else _by_optimizer(selection.runs)
    storage = open_storage(options.storage)
    print(f"Loading {_counted_studies(len(studies))} …", file=sys.stderr)
    n_made = load_studies(storage, studies, objectives)
    print(_what_is_shown(selection, len(studies), n_made), file=sys.stderr)
    serve(storage, port, lambda url: print(f"Dashboard: {url} (Ctrl-C ends it)", flush=True))


def _checked_port(port: int) -> int:
    if not 0 <= port <= _MAX_PORT:
        raise InvalidValueError(f"port {port} is not in 0..{_MAX_PORT}")
    return port


def _objectives(given: str | None, source: str) -> tuple[str, ...]:
    if given is not None:
        return checked_objectives([name.strip() for name in given.split(",")])
    campaign = CampaignDirectory(Path(source))
    recorded = campaign.read_file().specification if "://" not in source and campaign.has_file else {}
    return checked_objectives(recorded.get("objectives", (ERROR_PCT,)))


def _read_runs(text: str) -> int | None:
    if text == ALL:
        return None
    if not text.isdecimal() or int(text) < 1:
        raise InvalidValueError(f"--runs {text!r} is neither a number of runs (1, 2, …) nor {ALL!r}")
    return int(text)


def _by_optimizer(runs: Mapping[str, Sequence[TrialRecord]]) -> dict[str, list[TrialRecord]]:
    """The records of each optimizer; a run that is the only one of its optimizer keeps its name.

    A study is of one table: of runs on several draws, those of a draw are one.
    """
    optimizers = {run_id: optimizer_part(run_id) for run_id in runs}
    n_runs, tables = Counter(optimizers.values()), {optimizer: set[str]() for optimizer in optimizers.values()}
    for run_id, records in runs.items():
        tables[optimizers[run_id]] |= {record.table for record in records[:1]}
    studies: dict[str, list[TrialRecord]] = {}
    for run_id, records in runs.items():
        name = optimizers[run_id]
        if len(tables[name]) > 1 and records:
            name += f" on {table_in_words(records[0].table)}"
        elif n_runs[name] == 1:
            name = run_id
        studies.setdefault(name, []).extend(records)
    return studies


def _what_is_shown(selection: Selection, n_studies: int, n_made: int) -> str:
    shown = f"{len(selection.runs):,} of {counted(selection.n_found, 'run')} in {_counted_studies(n_studies)}"
    known = f"; {n_studies - n_made:,} of them were in the storage already" if n_made < n_studies else ""
    tables = sorted({record.table for records in selection.runs.values() for record in records})
    more = f" (--runs {ALL} and --only choose others)" if len(selection.runs) < selection.n_found else ""
    return f"{shown}{more}{known}. Numbers from the table {'; '.join(map(table_in_words, tables))}."


def _counted_studies(n: int) -> str:
    return "1 study" if n == 1 else f"{n:,} studies"
