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
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from nhb2_plugins import __version__
from nhb2_plugins.cli.analyze import add_analyze
from nhb2_plugins.cli.campaign import add_report, add_run
from nhb2_plugins.cli.dashboard import add_dashboard
from nhb2_plugins.cli.data import add_data
from nhb2_plugins.cli.doctor import add_doctor
from nhb2_plugins.cli.gate import add_gate
from nhb2_plugins.cli.log import add_log
from nhb2_plugins.cli.lookup import add_info, add_query
from nhb2_plugins.cli.new import add_new
from nhb2_plugins.cli.optimizers import add_optimizers
from nhb2_plugins.cli.parser import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_WRONG_INPUT, Parser, add_parts
from nhb2_plugins.cli.plan import add_plan
from nhb2_plugins.cli.space import add_space
from nhb2_plugins.cli.train import add_train
from nhb2_plugins.cli.train_table import add_train_table
from nhb2_plugins.errors import (
    CampaignError,
    InvalidValueError,
    Nhb2Error,
    TableNotFoundError,
    TargetExistsError,
    TrajectoryNotFoundError,
)
from nhb2_plugins.text_table import printable

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
        options = _parser().parse_args(arguments)
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


def _parser() -> Parser:
    parser = Parser(
        prog="nhb2",
        description="NAS-HPO-Bench-II for hyperparameter-optimisation frameworks.",
        epilog="Exit status: 0 done, 1 something failed, 2 wrong input, 130 interrupted.",
    )
    parser.add_argument("--version", action="version", version=f"nhb2-plugins {__version__}")
    commands = add_parts(parser, "commands", "COMMAND")
    for add in (
        add_info,
        add_doctor,
        add_query,
        add_space,
        add_data,
        add_optimizers,
        add_new,
        add_run,
        add_report,
        add_plan,
        add_gate,
        add_dashboard,
        add_log,
        add_analyze,
        add_train,
        add_train_table,
    ):
        add(commands)
    return parser
