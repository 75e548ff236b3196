"""``nhb2 new``: a package of one's own, written from a template."""

from __future__ import annotations

import argparse

from nhb2_plugins.cli.parser import Parser, add_command, add_parts
from nhb2_plugins.kit import KINDS, write_package


def add_new(parser: Parser) -> None:
    """Add the kinds of ``nhb2 new``."""
    parts = add_parts(parser, "kinds", "KIND")
    for kind in KINDS:
        new = add_command(parts, kind, _new, f"Write a package with an {kind}.")
        new.add_argument("name", metavar="NAME", help="the package's, for example my-search")
        new.add_argument("--directory", metavar="DIR", help="where to, a new directory (default: NAME)")
        new.set_defaults(kind=kind)


def _new(options: argparse.Namespace) -> None:
    directory = write_package(options.kind, options.name, options.directory)
    print(f"{directory}: cd there, pip install -e '.[test]', pytest")
