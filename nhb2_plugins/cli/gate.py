"""``nhb2 gate``: has a change harmed an optimizer?"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import venv
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from nhb2_plugins.campaign_directory import CampaignDirectory
from nhb2_plugins.cli.campaign import needs_quickstart
from nhb2_plugins.cli.parser import Parser
from nhb2_plugins.cli.values import positive_number, positive_real
from nhb2_plugins.errors import CampaignError, InvalidValueError, Nhb2Error, retold

if TYPE_CHECKING:
    from nhb2_plugins.analysis.gate import GateSide

_LABEL_MARK: Final = "::"
DEFAULT_MARGIN: Final = 0.5
DEFAULT_SEEDS: Final = 50
MOST_SEEDS: Final = 100_000
_DESCRIPTION: Final = (
    "Compare two sets of runs with the same seeds: two results' directories, two labels of one (DIR::LABEL), or one "
    "optimizer under two installed versions (--old and --new, pip requirements). "
    "Exit status: 0 improved or equivalent, 1 worse, 2 not decided."
)


class GateRunError(CampaignError):
    """A gate has no answer: runs cannot be read, an environment cannot be made, its runs failed, a disk refuses."""


def add_gate(parser: Parser) -> None:
    """Add the options of ``nhb2 gate``."""
    parser.set_defaults(command=_gate)
    parser.description = _DESCRIPTION
    parser.add_argument("sides", metavar="DIR[::LABEL]", nargs="*", help="OLD and NEW: recorded runs")
    parser.add_argument(
        "--margin",
        metavar="PP",
        type=positive_real,
        default=DEFAULT_MARGIN,
        help=(f"percentage points of mean regret that do not matter (default: {DEFAULT_MARGIN:g})"),
    )
    parser.add_argument(
        "--markdown", metavar="FILE", help="also append the summary to this file ($GITHUB_STEP_SUMMARY)"
    )
    versions = parser.add_argument_group("two installed versions")
    versions.add_argument(
        "--old", metavar="REQUIREMENT", action="append", help="for example optuna==4.4.0; repeatable, one package each"
    )
    versions.add_argument("--new", metavar="REQUIREMENT", action="append", help="for example ./optuna or git+https://…")
    versions.add_argument("--spec", default="gate", metavar="SPEC", help="what to run (default: Optuna's TPE)")
    versions.add_argument("--optimizer", metavar="LABEL", default="", help="of the specification, where it has several")
    versions.add_argument("--seeds", metavar="N", type=positive_number, default=DEFAULT_SEEDS, help="(default: 50)")
    versions.add_argument("--processes", metavar="N", type=positive_number, help="(default: cores)")
    versions.add_argument("--out", metavar="DIR", help="where runs and environments stay, to be resumed")


def _gate(options: argparse.Namespace) -> int:
    try:
        return _answer(options)
    except BrokenPipeError:
        raise
    except (OSError, Nhb2Error) as error:  # an exit status of 1 says "worse", and nothing else
        raise GateRunError(str(error)) from error


def _answer(options: argparse.Namespace) -> int:
    with needs_quickstart():
        from nhb2_plugins.analysis.gate import gate, summary_markdown
    if options.markdown:
        _refuse_unwritable(Path(options.markdown))
    if options.old or options.new:
        old, new = _installed(options)
    else:
        old, new = _recorded(options)
    outcome = gate(old, new, options.margin)
    summary = summary_markdown(outcome, old, new)
    print(summary, end="")
    if options.markdown:
        with (
            retold(GateRunError, "cannot write the summary"),
            Path(options.markdown).open("a", encoding="utf-8") as file,
        ):
            file.write(summary + "\n")
    return outcome.exit_status


def _refuse_unwritable(path: Path) -> None:
    """Before minutes go into runs."""
    if path.is_dir():
        raise InvalidValueError(f"{path} is a directory; --markdown names a file")
    if not path.parent.is_dir():
        raise InvalidValueError(f"there is no directory {path.parent} to write {path.name} to")


# --- recorded runs ----------------------------------------------------------------------------------------------------


def _recorded(options: argparse.Namespace) -> tuple[GateSide, GateSide]:
    if len(options.sides) != 2:
        raise InvalidValueError(
            f"a gate has two sides, OLD and NEW, not {len(options.sides)}; or --old and --new, two requirements"
        )
    old, new = (_side(text) for text in options.sides)
    return old, new


def _side(text: str) -> GateSide:
    directory, _, label = text.partition(_LABEL_MARK)
    return _read_side(Path(directory), label, directory)


def _read_side(directory: Path, label: str, name: str) -> GateSide:
    from nhb2_plugins.analysis.gate import side_of
    from nhb2_plugins.analysis.results import read_results

    return side_of(read_results(directory, CampaignDirectory(directory).order()), label, name)


# --- installed versions -----------------------------------------------------------------------------------------------


def _installed(options: argparse.Namespace) -> tuple[GateSide, GateSide]:
    if options.sides or not (options.old and options.new):
        raise InvalidValueError(
            "two installed versions are --old REQUIREMENT and --new REQUIREMENT, without directories"
        )
    if options.seeds > MOST_SEEDS:
        raise InvalidValueError(f"--seeds {options.seeds:,} is more than {MOST_SEEDS:,}")
    options.optimizer = _label_of(options)
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(options.out or temporary).resolve()
        old = _run_with(options.old, place / "old", options)
        new = _run_with(options.new, place / "new", options)
    return old, new


def _label_of(options: argparse.Namespace) -> str:
    """The one optimizer that is compared; what cannot run is refused before minutes go into environments."""
    from nhb2_plugins.campaign.plan import chosen_plans, plan_runs
    from nhb2_plugins.campaign.spec import read_spec

    asked = [options.optimizer] if options.optimizer else []
    plans = chosen_plans(plan_runs(read_spec(options.spec).with_seeds(options.seeds)), asked)
    label, *others = dict.fromkeys(plan.optimizer for plan in plans)
    if others:
        raise InvalidValueError(
            f"{options.spec} has {len(others) + 1} optimizers, and a gate compares one: name it, --optimizer LABEL, of "
            f"{', '.join(map(repr, [label, *others]))}"
        )
    return label


def _run_with(requirements: Sequence[str], place: Path, options: argparse.Namespace) -> GateSide:
    python, requirement = environment_with(requirements, place / "environment"), " ".join(requirements)
    command = ["run", options.spec, "--out", str(place / "runs"), "--seeds", str(options.seeds), "--no-report"]
    command += ["--only", options.optimizer]
    if options.processes:
        command += ["--processes", str(options.processes)]
    print(f"nhb2: running {options.seeds} seeds with {requirement}", file=sys.stderr, flush=True)
    _call([str(python), "-m", "nhb2_plugins.cli", *command], f"the runs with {requirement} failed")
    return _read_side(place / "runs", options.optimizer, requirement)


def environment_with(requirements: Sequence[str], directory: Path) -> Path:
    """Make an environment that has all of this one's packages, and requirements before them; returns its Python.

    Raises:
        GateRunError: pip cannot install the requirements.
    """
    requirement = " ".join(requirements)
    python = directory / ("Scripts" if os.name == "nt" else "bin") / "python"
    done = directory / "requirement.txt"
    if done.exists() and done.read_text() == requirement:
        return python
    venv.EnvBuilder(with_pip=True, clear=True, symlinks=os.name != "nt").create(directory)
    # Own packages come first on the path, and this environment's behind them.
    own = subprocess.run(
        [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    inherited = [path for path in sys.path if path and Path(path).is_dir()]
    _call(
        [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *requirements],
        f"pip cannot install {requirement!r}",
    )
    Path(own, "nhb2_inherited.pth").write_text("\n".join(inherited) + "\n")
    done.write_text(requirement)
    return python


def _call(command: list[str], failure: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    if subprocess.run(command, stdout=sys.stderr, env=environment, check=False).returncode:
        raise GateRunError(failure)
