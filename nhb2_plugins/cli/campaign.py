"""``nhb2 run`` and ``report``."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn, ParamSpec

from nhb2_plugins.budget import SECONDS_PER_HOUR
from nhb2_plugins.campaign_directory import CampaignDirectory
from nhb2_plugins.cli.parser import Parser, add_cluster_options, add_draw_option, add_table_option, status_of
from nhb2_plugins.cli.progress import live_progress, plain_progress
from nhb2_plugins.cli.until import DEFAULT_ROUND, Rule, run_until_decided
from nhb2_plugins.cli.values import positive_number, positive_real
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.extras import needs_extra
from nhb2_plugins.text_table import printable, text_table

if TYPE_CHECKING:
    from nhb2_plugins.benchmark import Benchmark
    from nhb2_plugins.campaign.run import RunOutcome
    from nhb2_plugins.campaign.spec import CampaignSpec


_Told = ParamSpec("_Told")


def add_run(parser: Parser) -> None:
    """Add the options of ``nhb2 run``."""
    parser.set_defaults(command=_run)
    parser.add_argument("spec", metavar="SPEC", nargs="?", default="quickstart", help="a YAML file, or a shipped name")
    parser.add_argument("--out", metavar="DIR", help="results (default: nhb2-results/NAME); resumed when it exists")
    parser.add_argument("--overwrite", action="store_true", help="delete the runs of another campaign that are there")
    parser.add_argument("--seeds", metavar="N", type=positive_number, help="of every optimizer, 0 to N-1")
    parser.add_argument("--only", metavar="RUN", action="append", default=[], help="an optimizer or a run; repeatable")
    parser.add_argument("--dry-run", action="store_true", help="say what would run, and run nothing")
    parser.add_argument("--no-report", action="store_true", help="only run; nhb2 report DIR writes it later")
    until = parser.add_argument_group("stopping early")
    until.add_argument("--until", choices=("decided",), metavar="decided", help="add seeds until every pair is decided")
    until.add_argument(
        "--difference",
        metavar="PP",
        type=positive_real,
        help="percentage points of regret that matter: a pair is also decided when it differs by less",
    )
    until.add_argument(
        "--round", metavar="N", type=positive_number, help=f"seeds between two looks (default: {DEFAULT_ROUND})"
    )
    add_cluster_options(parser, "cores")
    add_table_option(parser)
    add_draw_option(parser)


def _run(options: argparse.Namespace) -> int:
    with needs_quickstart():
        from nhb2_plugins.campaign.engine import checked_runs, opened_campaign, run_campaign
    rule = _rule(options)
    spec, bench = opened_campaign(options.spec, options.table, options.draw)
    if options.seeds is not None:
        spec = spec.with_seeds(options.seeds)
    directory = Path(options.out) if options.out else Path("nhb2-results", spec.name)
    in_turn = f"{spec.draws} draws of the " if spec.draws else "training seeds of the " if spec.table_seed else ""
    begun = printable(
        f"Campaign {spec.name!r} on {in_turn or 'the '}{bench.provenance.label}: {bench.provenance.source}."
    )
    _while_read(print)(begun, file=sys.stderr, flush=True)
    if options.dry_run:
        return _dry_run(spec, bench, directory, only=options.only, overwrite=options.overwrite)
    campaign = CampaignDirectory(directory)
    with _stopped_in_good_order(directory), _progress() as (on_start, on_outcome):
        run = partial(
            run_campaign,
            spec,
            bench,
            directory,
            scheduler=options.scheduler,
            n_processes=options.processes,
            on_start=on_start,
            on_outcome=on_outcome,
        )
        if options.until:
            plans = checked_runs(spec, options.only)
            outcome = run_until_decided(plans, campaign, rule, lambda only: run(only=only))
        else:
            outcome = run(only=options.only, overwrite=options.overwrite)
            if not options.only:
                campaign.write_stopping(None)  # as many seeds as the specification says: no look mattered
    if outcome.n_kept + outcome.n_run and not options.no_report:
        _write_report(campaign, tuple(each.name for each in spec.optimizers))
    return status_of(outcome.failed, campaign.failures)


def _rule(options: argparse.Namespace) -> Rule:
    if not options.until and (options.difference is not None or options.round is not None):
        raise InvalidValueError("--difference and --round say when to stop, and need --until decided")
    if options.until and options.overwrite:
        raise InvalidValueError("--overwrite and --until decided do not go together: name another directory")
    return Rule(options.difference, options.round or DEFAULT_ROUND)


def _dry_run(spec: CampaignSpec, bench: Benchmark, directory: Path, *, only: Sequence[str], overwrite: bool) -> int:
    from nhb2_plugins.campaign.engine import check_front, checked_runs
    from nhb2_plugins.campaign.store import CampaignStore
    from nhb2_plugins.campaign.tables import tables_in_turn

    plans, store = checked_runs(spec, only), CampaignStore(directory)
    check_front(spec, bench)
    if not overwrite:
        store.check(spec, bench.provenance)
    found = plans if overwrite else store.missing(plans, tables_in_turn(spec, bench.provenance))
    missing = {plan.run_id for plan in found}
    rows = []
    for name in dict.fromkeys(plan.optimizer for plan in plans):
        own = [plan for plan in plans if plan.optimizer == name]
        n_missing = sum(plan.run_id in missing for plan in own)
        budget = own[0].budget_s
        hours = "no limit" if budget is None else f"{n_missing * budget / SECONDS_PER_HOUR:.1f}"
        rows.append([name, str(len(own)), str(len(own) - n_missing), str(n_missing), hours])
    print(text_table(["optimizer", "runs", "done", "to do", "simulated h to do"], rows))
    print(f"\nNothing was run; results would go to {directory}.")
    return 0


def add_report(parser: Parser) -> None:
    """Add the options of ``nhb2 report``."""
    parser.set_defaults(command=_report)
    parser.add_argument("directory", metavar="DIR")
    parser.add_argument(
        "--format",
        metavar="FORMAT",
        action="append",
        default=[],
        help="text, csv, latex, png, svg, pdf, html; repeatable, or a list with commas (default: text, csv, png, html)",
    )
    parser.add_argument(
        "--paper",
        metavar="WIDTH",
        choices=("column", "page"),
        help="write figures (PDF) and tables (LaTeX) for a paper instead, as wide as its column (3.3 inches) or its "
        "page (6.9), with captions, references and a sample document",
    )
    parser.add_argument("--out", metavar="DIR", help="where to write (default: DIR/report, of a paper DIR/paper)")


def _report(options: argparse.Namespace) -> None:
    campaign = CampaignDirectory(Path(options.directory))
    formats = [name.strip() for given in options.format for name in given.split(",")]
    if not options.paper:
        _write_report(campaign, campaign.order(), formats, options.out)
    elif formats:
        raise InvalidValueError("--paper has formats of its own: leave --format out")
    else:
        _write_for_paper(campaign, options.paper, options.out)


def _write_for_paper(campaign: CampaignDirectory, width: str, out: str | None) -> None:
    with needs_quickstart():
        from nhb2_plugins.analysis.analyse import analyse
        from nhb2_plugins.analysis.report import write_paper
        from nhb2_plugins.analysis.results import read_results

        target = Path(out) if out else campaign.path / "paper"
        files = write_paper(analyse(read_results(campaign.path, campaign.order())), target, width)
    print(f"{target} ({len(files)} files): figures, captions, tables, references.bib; sample.tex shows them.")


def _write_report(
    campaign: CampaignDirectory, order: tuple[str, ...], formats: Sequence[str] = (), out: str | None = None
) -> None:
    with needs_quickstart():
        from nhb2_plugins.analysis.analyse import analyse
        from nhb2_plugins.analysis.report import comparison_text, conclusions_text, write_report
        from nhb2_plugins.analysis.results import read_results

        analysis = analyse(read_results(campaign.path, order))
        target = Path(out) if out else campaign.report
        files = write_report(analysis, target, formats)
    print(comparison_text(analysis))
    print(conclusions_text(analysis))
    pages = [file for file in files if file.suffix == ".html"]
    others = f"{target} ({len(files)} files)" if len(files) > 3 else ", ".join(map(str, files))
    named = f"{pages[0]}, and what it shows as files in {others}" if pages and len(files) > 3 else others
    print(f"Trajectories: {campaign.runs if campaign.runs.is_dir() else campaign.path}. Report: {named}.")


def needs_quickstart() -> AbstractContextManager[None]:
    """Around imports that need more than the core: says which extra has them."""
    return needs_extra("campaigns need more than the core", "quickstart")


_STOPS: Final[dict[signal.Signals, Any]] = {
    signal.SIGINT: signal.default_int_handler,
    signal.SIGTERM: signal.SIG_DFL,
}
"""Signals that end a campaign, and what handles them unless somebody chose otherwise (a shell for background jobs)."""


@contextmanager
def _stopped_in_good_order(directory: Path) -> Iterator[None]:
    """Let Ctrl-C or SIGTERM end the workers too, and say how to go on.

    Only the first counts: a second one would interrupt what ends the workers.
    """
    taken = [number for number, usual in _STOPS.items() if signal.getsignal(number) == usual]

    def stop(number: int, _frame: object) -> NoReturn:
        for each in taken:
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(128 + number)

    for number in taken:
        signal.signal(number, stop)
    try:
        yield
    except (KeyboardInterrupt, SystemExit):
        print(
            f"nhb2: stopped; what has finished is kept in {directory}, and 'nhb2 run' again does the rest",
            file=sys.stderr,
        )
        raise
    finally:
        for number in taken:
            signal.signal(number, _STOPS[number])


@contextmanager
def _progress() -> Iterator[tuple[Callable[[int, int], None], Callable[[RunOutcome], None]]]:
    """A live display on a terminal, a line for every tenth of the runs elsewhere; on standard error."""
    make = live_progress if sys.stderr.isatty() else plain_progress
    with make(sys.stderr) as (on_start, on_outcome):
        yield _while_read(on_start), _while_read(on_outcome)


def _while_read(tell: Callable[_Told, None]) -> Callable[_Told, None]:
    """A campaign goes on when whoever read its progress (``head``) has seen enough."""

    def tell_who_listens(*arguments: _Told.args, **named: _Told.kwargs) -> None:
        try:
            tell(*arguments, **named)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())

    return tell_who_listens
