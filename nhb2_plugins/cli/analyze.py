"""``nhb2 analyze``: exact answers about the table itself."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from nhb2_plugins.benchmark import open_benchmark
from nhb2_plugins.cli.parser import Parser, add_table_option
from nhb2_plugins.cli.values import read_point, read_seed, read_whole_number
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.extras import needs_extra
from nhb2_plugins.fidelity import FIDELITIES, SCHEDULE_EPOCHS
from nhb2_plugins.files import file_aside, naming
from nhb2_plugins.landscape.catalogue import ANALYSES, Request, Section, answerable, printed_rows
from nhb2_plugins.landscape.hyperparameter_map import STATISTICS
from nhb2_plugins.landscape.published_front import read_front
from nhb2_plugins.space import parse_cellcode
from nhb2_plugins.text_table import printable, text_table

if TYPE_CHECKING:
    import pandas

ALL: Final = "all"
MOST_ROWS: Final = 100
"""Of a table that are printed; files have all."""
_TAKEN_BY: Final = {
    "cell": ("map",),
    "statistic": ("map",),
    "against": ("pareto",),
    "reference": ("pareto",),
    "seed": tuple(name for name in ANALYSES if name != "noise"),  # which compares all of them
    "epoch": tuple(name for name in ANALYSES if name != "fidelities"),  # likewise
}
"""Options that not every analysis takes, and the analyses that do."""


def add_analyze(parser: Parser) -> None:
    """Add the options of ``nhb2 analyze``."""
    parser.set_defaults(command=_analyze)
    parser.add_argument("name", metavar="NAME", choices=(*ANALYSES, ALL), help=", ".join((*ANALYSES, ALL)))
    parser.add_argument("--epoch", metavar="E", help="1..12, or 200 (default: 12)")
    parser.add_argument("--split", help="train, valid or test (default: valid, and test at 200 epochs)")
    parser.add_argument("--seed", help="a seed of the table, or 'mean' (default: the table's first)")
    parser.add_argument("--cell", metavar="CELLCODE", help="map: one cell, for example 010210 (default: all)")
    parser.add_argument("--statistic", choices=STATISTICS, help="map: over all cells (default: mean)")
    parser.add_argument("--against", metavar="FILE", help="pareto: a published front, as CSV (valid_error_pct,cost_s)")
    parser.add_argument(
        "--reference", metavar="A,B", help="--against: up to where hypervolume counts (default: nadirs)"
    )
    parser.add_argument("--csv", metavar="FILE", help="write the numbers, too; several tables become FILE-KEY.csv")
    parser.add_argument("--figures", metavar="DIR", help="draw the analysis's figures into a directory")
    add_table_option(parser)


def _analyze(options: argparse.Namespace) -> None:
    _refuse_what_is_not_taken(options)
    request = _request(options)
    names = answerable(request) if options.name == ALL else (options.name,)
    answers = {name: ANALYSES[name].answer(request) for name in names}
    sections = {name: ANALYSES[name].sections(answer) for name, answer in answers.items()}
    provenance = request.bench.provenance
    print(printable(f"Table: {provenance.label}; {provenance.source}"))
    for name in names:
        for section in sections[name]:
            measured = f"[{section.frame.attrs['measure']}; {section.frame.attrs['table']}]"
            print(f"\n{section.title}\n{printable(measured)}")
            print(frame_text(section.frame.head(MOST_ROWS)))
            if (more := len(section.frame) - MOST_ROWS) > 0:
                print(f"… and {more:,} more rows; --csv FILE writes all of them")
    for name in ANALYSES if options.name == ALL else ():
        if name not in names:
            print(f"\n{name}: left out, this epoch or table has no repetitions")
    if options.csv is not None:
        _write_csv(Path(options.csv), sections)
    if options.figures is not None:
        _draw(Path(options.figures), answers)


def _refuse_what_is_not_taken(options: argparse.Namespace) -> None:
    for option, names in _TAKEN_BY.items():
        if getattr(options, option) is not None and options.name not in (*names, ALL):
            raise InvalidValueError(f"'{options.name}' takes no --{option}; these do: {', '.join((*names, ALL))}")


def _request(options: argparse.Namespace) -> Request:
    if options.reference is not None and options.against is None:
        raise InvalidValueError("--reference is up to where two fronts are compared, and needs --against")
    return Request(
        bench=open_benchmark(options.table),
        epoch=SCHEDULE_EPOCHS if options.epoch is None else read_whole_number(options.epoch, FIDELITIES, "epoch"),
        split=options.split,
        seed=read_seed(options.seed),
        cellcode=None if options.cell is None else parse_cellcode(options.cell),
        statistic=options.statistic or "mean",
        against=None if options.against is None else read_front(Path(options.against)),
        reference=None if options.reference is None else read_point(options.reference, "--reference"),
    )


def frame_text(frame: pandas.DataFrame) -> str:
    """A frame as an aligned table; units and kinds decide the digits."""
    return text_table([str(name) for name in frame], printed_rows(frame))


def _write_csv(file: Path, sections: dict[str, list[Section]]) -> None:
    """One file when there is one frame; else one beside it for each. The last two columns say what the numbers are."""
    frames = {f"{name}-{each.key}": each.frame for name, of_name in sections.items() for each in of_name}
    if not file.name:
        raise InvalidValueError(f"--csv {file} is a directory; name a file")
    file.parent.mkdir(parents=True, exist_ok=True)
    for key, frame in frames.items():
        target = file if len(frames) == 1 else file.with_name(f"{file.stem}-{key}{file.suffix or '.csv'}")
        with file_aside(target) as aside, naming(target):
            frame.assign(table=frame.attrs["table"], measure=frame.attrs["measure"]).to_csv(aside, index=False)
        print(f"Wrote {target}.", file=sys.stderr)


def _draw(directory: Path, answers: dict[str, Any]) -> None:
    with needs_extra("figures need matplotlib", "quickstart"):
        from nhb2_plugins.landscape.plots import draw
    directory.mkdir(parents=True, exist_ok=True)
    for file in draw(answers, directory):
        print(f"Wrote {file}.", file=sys.stderr)
