"""``nhb2 optimizers``."""

from __future__ import annotations

import argparse
import shutil
import textwrap

from nhb2_plugins.cli.parser import Parser
from nhb2_plugins.errors import MissingExtraError


def add_optimizers(parser: Parser) -> None:
    """Say what ``nhb2 optimizers`` does; it has no options."""
    parser.set_defaults(command=_optimizers)


def _optimizers(_: argparse.Namespace) -> None:
    from nhb2_plugins.optimizers.registry import algorithms

    names = algorithms()
    width = max(map(len, names)) + 2
    columns = shutil.get_terminal_size().columns
    for name in names:
        print(textwrap.fill(f"{name:<{width}}{_described(name)}", columns, subsequent_indent=" " * width))


def _described(name: str) -> str:
    from nhb2_plugins.optimizers.registry import describe

    try:
        described = describe(name)
    except MissingExtraError as error:
        return str(error)
    ladder = {"never": "", "optional": " Takes a ladder.", "always": " Needs a ladder."}[described.ladder]
    settings = f" Settings: {', '.join(described.settings)}." if described.settings else ""
    return f"{described.summary}{ladder}{settings}"
