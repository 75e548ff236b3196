"""What every command says of wrong options, and what it has where none is given."""

from __future__ import annotations

import argparse

import pytest

from nhb2_plugins.cli.parser import (
    EXIT_WRONG_INPUT,
    Parser,
    add_command,
    add_draw_option,
    add_parts,
    add_table_option,
)


def parser() -> Parser:
    made = Parser(prog="tool")
    commands = made.add_subparsers(metavar="COMMAND")
    look = add_command(commands, "look", lambda options: len(options.table or ""), "Look at a table.")
    add_table_option(look)
    add_draw_option(look)
    look.add_argument("--kind", choices=("table", "draw"))
    parts = add_parts(commands.add_parser("parts"), "parts of it", "PART")
    add_command(parts, "first", lambda _: None, "The first part.")
    return made


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["look", "--drow", "3"], "unrecognized arguments: --drow 3 (see tool --help)"),
        (["lok"], "command 'lok' is not one of 'look', 'parts' (did you mean 'look'?) (see tool --help)"),
        (
            ["look", "--kind", "tabel"],
            "kind 'tabel' is not one of 'table', 'draw' (did you mean 'table'?) (see tool look --help)",
        ),
        (
            ["look", "--draw", "1.5"],
            "argument --draw: '1.5' is not the number of a draw, counted from 0 (see tool look --help)",
        ),
        (["look", "--draw", "-1"], "argument --draw: '-1' is not the number of a draw, counted from 0"),
        (["look", "--draw", "²"], "argument --draw: '²' is not the number of a draw, counted from 0"),
        (["look", "--draw", "٣"], "argument --draw: '٣' is not the number of a draw, counted from 0"),
    ],
)
def test_what_is_wrong_is_one_line(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        parser().parse_args(arguments)
    assert left.value.code == EXIT_WRONG_INPUT == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("tool")
    assert f": error: {said}" in printed.err
    assert printed.err.count("\n") == 1


def test_options_are_what_was_given_or_nothing() -> None:
    assert parser().parse_args(["look"]).table is parser().parse_args(["look"]).draw is None
    given = parser().parse_args(["look", "--table", "here", "--draw", "07", "--kind", "draw"])
    assert (given.table, given.draw, given.kind, given.command(given)) == ("here", 7, "draw", 4)


def test_a_group_of_commands_lists_them(capsys: pytest.CaptureFixture[str]) -> None:
    options: argparse.Namespace = parser().parse_args(["parts"])
    assert options.command(options) is None
    printed = capsys.readouterr().out
    assert printed.startswith("usage: tool parts")
    assert "parts of it:" in printed
    assert "first" in printed
    assert "The first part." in printed
