"""``nhb2 doctor``."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from nhb2_plugins.cli.parser import EXIT_FAILED, Parser, add_table_option
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.text_table import printable

if TYPE_CHECKING:
    from nhb2_plugins.doctor import Check


def add_doctor(parser: Parser) -> None:
    """Add the options of ``nhb2 doctor``."""
    parser.set_defaults(command=_doctor)
    parser.add_argument("--full", action="store_true", help="compare every byte of the table with its checksum")
    parser.add_argument(
        "--ladder", metavar="B,B,...", help="check a ladder too: its rungs (12,200), or with --eta its bounds (1,12)"
    )
    parser.add_argument("--eta", metavar="ETA", help="the factor between the ladder's rungs")
    parser.add_argument("--json", action="store_true", help="print one JSON array")
    add_table_option(parser)


def _doctor(options: argparse.Namespace) -> int:
    from nhb2_plugins.doctor.data import check_data
    from nhb2_plugins.doctor.installation import check_installation

    ladder = _ladder_checks(options.ladder, options.eta)
    checks = [*check_installation(), *check_data(options.table, full=options.full), *ladder]
    if options.json:
        print(json.dumps([asdict(check) for check in checks], indent=1))
    else:
        width = max(len(check.name) for check in checks)
        print("\n".join(f"{check.status:<7}  {check.name:<{width}}  {printable(check.text)}" for check in checks))
    return EXIT_FAILED if any(check.status == "problem" for check in checks) else 0


def _ladder_checks(ladder: str | None, eta: str | None) -> list[Check]:
    from nhb2_plugins.doctor.ladder import check_ladder

    if ladder is None:
        if eta is not None:
            raise InvalidValueError("--eta belongs to a ladder: add for example --ladder 1,12")
        return []
    budgets = [_number(text, "ladder") for text in ladder.split(",")]
    return check_ladder(budgets, None if eta is None else _number(eta, "eta"))


def _number(text: str, what: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InvalidValueError(f"{what}: {text!r} is not a number") from None
