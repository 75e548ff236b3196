"""What the commands share: the parser, exit statuses, options."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, NoReturn, TypeAlias

from nhb2_plugins.cli.values import positive_number
from nhb2_plugins.errors import describe_choices
from nhb2_plugins.text_table import counted

EXIT_FAILED: Final = 1
EXIT_WRONG_INPUT: Final = 2
EXIT_INTERRUPTED: Final = 130


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, as every other error here."""

    def error(self, message: str) -> NoReturn:
        """Print the message and leave with the status for wrong input."""
        self.exit(EXIT_WRONG_INPUT, f"{self.prog}: error: {message} (see {self.prog} --help)\n")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """As argparse does, and name the nearest choice."""
        if action.choices is not None and value not in action.choices:
            message = describe_choices(value, action.choices, what=str(action.metavar or action.dest).lower())
            raise argparse.ArgumentError(None, message.lstrip())


Commands: TypeAlias = "argparse._SubParsersAction[Parser]"
Command: TypeAlias = Callable[[argparse.Namespace], int | None]
"""Gets the parsed options and returns the exit status; none where nothing but success is to be said."""


def add_command(commands: Commands, name: str, command: Command, text: str) -> Parser:
    """Add a command."""
    parser = commands.add_parser(name, help=text, description=text)
    parser.set_defaults(command=command)
    return parser


def add_parts(parser: Parser, title: str, metavar: str) -> Commands:
    """Let a parser have commands of its own; without any of them it says which there are."""

    parser.set_defaults(command=lambda _: parser.print_help())
    return parser.add_subparsers(title=title, metavar=metavar)


def add_table_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--table``."""
    parser.add_argument(
        "--table",
        metavar="DIR",
        help="a table's directory (default: $NHB2_DATA, else the imported table, else the embedded one)",
    )


def add_draw_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--draw``."""
    parser.add_argument(
        "--draw",
        metavar="K",
        type=_draw,
        help="one of the embedded table's draws, tables that could be the real one (default: their mean)",
    )


def add_cluster_options(parser: argparse.ArgumentParser, default: str) -> None:
    """Add ``--scheduler`` and ``--processes``, one of them at a time."""
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--scheduler", metavar="URL", help="address of a dask scheduler (default: a local cluster)")
    text = f"processes of the local cluster (default: {default})"
    where.add_argument("--processes", metavar="N", type=positive_number, help=text)


def status_of(failed: Sequence[str], place: Path) -> int:
    """The exit status of a command that made runs; says so where some failed."""
    if not failed:
        return 0
    print(f"nhb2: error: {counted(len(failed), 'run')} failed; tracebacks are in {place}", file=sys.stderr)
    return EXIT_FAILED


def _draw(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text!r} is not the number of a draw, counted from 0")
    return int(text)
