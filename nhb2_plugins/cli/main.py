"""The command line, ``nhb2``.

Exit status: 0 done; 1 something failed (a damaged table, a run that raised, a disk that refuses); 2 wrong input (also
files to import that are not there or no archive, and a place to write to that is occupied); 130 interrupted.
"""

from __future__ import annotations

import argparse
import errno
import io
import os
import sys
from collections.abc import Container, Sequence
from contextlib import suppress
from pkgutil import resolve_name
from typing import Final

from nhb2_plugins import __version__
from nhb2_plugins.cli.parser import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_WRONG_INPUT, Parser, add_parts
from nhb2_plugins.errors import (
    CampaignError,
    InvalidValueError,
    Nhb2Error,
    TableNotFoundError,
    TargetExistsError,
    TrajectoryNotFoundError,
)
from nhb2_plugins.text_table import printable

COMMANDS: Final = {
    "info": ("lookup:add_info", "Say which table is in use and where its numbers come from."),
    "doctor": (
        "doctor:add_doctor",
        "Check the installation, the table in use, and budget ladders; exit status 1 where something would fail.",
    ),
    "query": ("lookup:add_query", "Look up one configuration."),
    "space": (
        "space:add_space",
        "Describe the joint search space or one cell of it, or export it for ConfigSpace.",
    ),
    "data": ("data:add_data", "Import, verify and find tables."),
    "optimizers": (
        "optimizers:add_optimizers",
        "List the optimizers that a specification can name, those of installed packages included.",
    ),
    "new": (
        "new:add_new",
        "Write a small package with an optimizer or an adapter of your own, and a test that is green at once.",
    ),
    "run": ("campaign:add_run", "Run a campaign: compare optimizers on simulated time."),
    "report": ("campaign:add_report", "Write the report of a campaign's directory again."),
    "plan": ("plan:add_plan", "Say how many seeds a difference takes, and what they cost."),
    "gate": ("gate:add_gate", "Say whether a change harmed an optimizer; for a CI."),
    "dashboard": (
        "dashboard:add_dashboard",
        "Show recorded runs of any optimizer in optuna-dashboard, on this machine alone. An optimizer becomes a study; "
        "of many runs, the first few of each. Ctrl-C ends it.",
    ),
    "log": ("log:add_log", "Look into recorded trajectories, convert, merge and check them."),
    "analyze": ("analyze:add_analyze", "Say what the table's landscape looks like, exactly."),
    "train": ("train:add_train", "Train a configuration, and show its curve beside the table's."),
    "train-table": (
        "train_table:add_train_table",
        "Train many configurations on dask, and export them as the published files and as records.",
    ),
}
"""Each command in the order of the help: the function within ``nhb2_plugins.cli`` that adds its options, and what it
does."""

_WRONG_INPUT: Final = (
    InvalidValueError,
    TableNotFoundError,
    TrajectoryNotFoundError,
    TargetExistsError,
    CampaignError,
)

_NO_NAME_OF_A_FILE: Final = (errno.ENAMETOOLONG, errno.ELOOP)
"""What an operating system says where nothing can be, and nothing could be made, under a name."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status."""
    _accept_any_encoding()
    try:
        options = parser_of(sys.argv[1:] if arguments is None else arguments).parse_args(arguments)
        status = _status_of(options)
        if sys.stdout is not None:  # none at all where the caller closed it
            sys.stdout.flush()
        return status
    except Nhb2Error as error:
        print(printable(f"nhb2: error: {error}", lines=True), file=sys.stderr)
        return EXIT_WRONG_INPUT if isinstance(error, _WRONG_INPUT) else EXIT_FAILED
    except KeyboardInterrupt:
        print("nhb2: interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        _discard_output()  # whoever read it (a pager, head) has seen enough
        return 0
    except OSError as error:
        _discard_output()
        print(printable(f"nhb2: error: {error}", lines=True), file=sys.stderr)
        return EXIT_WRONG_INPUT if error.errno in _NO_NAME_OF_A_FILE else EXIT_FAILED


def _status_of(options: argparse.Namespace) -> int:
    try:
        status: int = options.command(options) or 0
    except SystemExit as error:
        if error.code:
            raise
        print("nhb2: error: code of another package ended the process in the middle", file=sys.stderr)
        return EXIT_FAILED
    return status


def _accept_any_encoding() -> None:
    """What the output's encoding lacks (a ``±`` in ASCII) is escaped: no reason to fail."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _discard_output() -> None:
    """What is still buffered must not fail again when the interpreter ends."""
    with suppress(io.UnsupportedOperation):  # a stream of the caller's own, not the process's
        if sys.stdout is not None:  # none at all where the caller closed it
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def parser_of(named: Container[str]) -> Parser:
    """The parser of the command line.

    Args:
        named: commands of :data:`COMMANDS`; only these get their options, and no other's module is imported.
    """
    parser = Parser(
        prog="nhb2",
        description="NAS-HPO-Bench-II for hyperparameter-optimisation frameworks.",
        epilog="Exit status: 0 done, 1 something failed, 2 wrong input, 130 interrupted.",
    )
    parser.add_argument("--version", action="version", version=f"nhb2-plugins {__version__}")
    commands = add_parts(parser, "commands", "COMMAND")
    for name, (added_by, text) in COMMANDS.items():
        command = commands.add_parser(name, help=text, description=text)
        if name in named:
            resolve_name(f"nhb2_plugins.cli.{added_by}")(command)
    return parser
