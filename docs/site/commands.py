"""The command line on the site: the help of ``nhb2`` and of each of its commands, a section each."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from nhb2_plugins.cli.main import COMMANDS, parser_of


class Commands(SphinxDirective):
    """The directive ``commands``."""

    def run(self) -> list[nodes.Node]:
        """A section for each command, in the order of ``nhb2 --help``."""
        return [_section(each) for each in _parsers(parser_of(COMMANDS))]


def _parsers(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for each in action.choices.values():
                yield from _parsers(each)


def _section(parser: argparse.ArgumentParser) -> nodes.section:
    section = nodes.section(ids=[nodes.make_id(parser.prog)])
    text = parser.format_help()
    section += [nodes.title(text=parser.prog), nodes.literal_block(text, text, language="text")]
    return section
