"""Whether the tests can fail: change the package at random, one place at a time, and see whether a test notices.

    pip install ".[all]" pytest hypothesis
    python benchmarks/mutation.py [--module space --module trajectory …] [--n 12] [--seed 0] [--jobs 1] [--near]

Why no tool: mutmut leaves alone what stands outside functions (constants, ``frozen=True``, fields), and Cosmic Ray
starts an interpreter and one fixed test command for each mutant; neither swaps arguments, elements or the fields of an
f-string. This needs nothing but pytest and hypothesis.

Everything happens in copies of the tree in a temporary directory. pytest and the heavy libraries are imported once;
each mutant is a fork of that process, which then imports the package anew (so: POSIX only). A mutant meets its module's
doctests and the tests at its mirrored path first; where they let it live, the tests elsewhere that enter its function
(those of files that name the module, see ``measure``), which takes minutes more. A test that does not end in time
counts as failed.

The same seed gives the same mutants as long as the module is the same. Survivors that change nothing anyone can see are
listed, with the reason, in ``mutation_equivalents.txt``, and are counted apart.
"""

from __future__ import annotations

import argparse
import ast
import compileall
import importlib
import json
import multiprocessing
import os
import py_compile
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from itertools import accumulate, chain
from pathlib import Path
from types import CodeType
from typing import Any, Final

import pytest
from mutation_operators import PACKAGE, ROOT, Mutant, sample

EQUIVALENTS: Final = Path(__file__).with_name("mutation_equivalents.txt")
CORE: Final = (
    *("errors", "metric", "space", "cells", "fidelity", "subspace", "encoding", "benchmark", "charging", "exact"),
    *("simulation", "table.schema", "table.store", "table.writer", "trajectory", "campaign"),
)
# What most tests import, and none of it is ours: imported once, before the forks.
HEAVY: Final = (
    *("hypothesis", "hypothesis.extra.numpy", "numpy", "ConfigSpace", "scipy.stats", "pandas", "matplotlib.pyplot"),
    *("optuna", "sqlalchemy", "networkx", "yaml", "pydantic", "jinja2", "distributed"),
)
EVERY_MODULE: Final = ("tests/test_values.py",)  # what holds for all modules alike
# Tests that need an environment of their own (see tox.ini).
ELSEWHERE: Final = ("browser", "core_only", "frameworks", "optunahub", "simulators", "torch")
NOT_COPIED: Final = (".git", ".tox", ".venv", "__pycache__", ".hypothesis", "*_cache", "*-results", "dist")
MEMORY_BYTES: Final = 6 * 2**30
FILE_BYTES: Final = 2**30
LONGEST_FILE_S: Final = 90.0  # a file of tests outside the mirrored path that takes longer is left out
LONGEST_MUTANT_S: Final = 60.0  # of tests outside the mirrored path, the fastest first


# -- tests


@cache
def imported_names(path: Path) -> frozenset[str]:
    """Every module that a file may import: ``from a.b import c`` is ``a.b`` and ``a.b.c``."""
    names = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        match node:
            case ast.Import(names=aliases):
                names.update(alias.name for alias in aliases)
            case ast.ImportFrom(module=str() as module, names=aliases):
                names.update([module, *(f"{module}.{alias.name}" for alias in aliases)])
    return frozenset(names)


@cache
def named_modules(path: Path) -> frozenset[str]:
    """The package's modules that a test file names, in itself or in the modules of ``tests`` that it imports."""
    names = set(imported_names(path))
    waiting = [name for name in names if name.startswith("tests.")]
    seen = set()
    while waiting:
        helper = ROOT / (waiting.pop().replace(".", "/") + ".py")
        if helper in seen or not helper.is_file():
            continue
        seen.add(helper)
        names |= imported_names(helper)
        waiting += [name for name in imported_names(helper) if name.startswith("tests.")]
    return frozenset(names)


def test_files() -> list[Path]:
    """The test files of the environment ``all``."""
    files = sorted((ROOT / "tests").rglob("test_*.py"))
    return [file for file in files if file.relative_to(ROOT / "tests").parts[0] not in ELSEWHERE]


def own_tests(path: str) -> tuple[str, ...]:
    """The module for its doctests; the test files at its mirrored path, or else those of that folder that name it."""
    mirrored = ROOT / "tests" / Path(path).relative_to(PACKAGE)
    files = sorted(mirrored.parent.glob(f"test_{mirrored.stem}*.py"))
    if not files and mirrored.parent != ROOT / "tests":
        files = [file for file in naming(path) if file.is_relative_to(mirrored.parent)]
    return tuple(dict.fromkeys((path, *EVERY_MODULE, *(file.relative_to(ROOT).as_posix() for file in files))))


def other_tests(path: str) -> tuple[str, ...]:
    """The other test files that name the module."""
    files = [file.relative_to(ROOT).as_posix() for file in naming(path)]
    return tuple(file for file in files if file not in own_tests(path))


@cache
def naming(path: str) -> tuple[Path, ...]:
    """The test files that name a module, or the package that it belongs to (the package's root aside)."""
    module = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    wanted = {module, module.rpartition(".")[0]} - {PACKAGE}
    return tuple(file for file in test_files() if wanted & named_modules(file))


@dataclass(frozen=True)
class Measured:
    """What the unchanged tests of a file did: how long each took, and which functions of the package it entered."""

    seconds: dict[str, float] = field(default_factory=dict)
    entered: dict[str, frozenset[tuple[str, int]]] = field(default_factory=dict)

    def in_order(self, mutant: Mutant) -> tuple[list[str], list[str]]:
        """The tests that enter the mutant's function, the fastest first, and the others."""
        place = (mutant.path, mutant.function)
        by_time = sorted(self.seconds, key=self.seconds.__getitem__)
        into = [test for test in by_time if mutant.function == 0 or place in self.entered[test]]
        return into, [test for test in by_time if test not in set(into)]


# -- in the fork


class Entries:
    """Notes which functions of the package each test enters; what a fixture or an import enters, every test does."""

    def __init__(self, directory: Path) -> None:
        self._package = directory / PACKAGE
        self._directory = directory
        self._now: set[tuple[str, int]] = set()
        self._of_all: set[tuple[str, int]] = set()
        self.of_test: dict[str, set[tuple[str, int]]] = {}
        self.seconds: dict[str, float] = defaultdict(float)
        self._failed: set[str] = set()

    def watch(self) -> None:
        """Compile the package's modules with a note at the start of each function."""
        loader = importlib.machinery.SourceFileLoader
        original = loader.get_code
        sys._entered = self._now  # type: ignore[attr-defined]

        def get_code(this: Any, name: str) -> CodeType | None:
            path = Path(this.get_filename(name))
            return self._noting(path) if path.is_relative_to(self._package) else original(this, name)

        loader.get_code = get_code  # type: ignore[method-assign]

    def _noting(self, path: Path) -> CodeType:
        tree = ast.parse(path.read_bytes())
        relative = path.relative_to(self._directory).as_posix()
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                note = ast.parse(f"__import__('sys')._entered.add(({relative!r}, {node.lineno}))").body
                n_docstrings = ast.get_docstring(node) is not None
                node.body[n_docstrings:n_docstrings] = note
        return compile(ast.fix_missing_locations(tree), str(path), "exec")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note what was entered since the last report."""
        entered = set(self._now)
        self._now.clear()
        self.seconds[report.nodeid] += report.duration
        if report.when == "call":
            self.of_test[report.nodeid] = entered
        else:
            self._of_all |= entered
        if report.failed:
            self._failed.add(report.nodeid)

    def result(self) -> dict[str, Any]:
        """Seconds and places of each test that passed."""
        passed = [test for test in self.of_test if test not in self._failed]
        return {test: [self.seconds[test], sorted(self.of_test[test] | self._of_all)] for test in passed}


class Selection:
    """Keeps some tests, in an order; a file's tests stay together."""

    def __init__(self, tests: Sequence[str]) -> None:
        self._order = {test: index for index, test in enumerate(tests)}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Leave out and sort."""
        items[:] = sorted((item for item in items if item.nodeid in self._order), key=self._place)

    def _place(self, item: pytest.Item) -> int:
        return self._order[item.nodeid]


class Untimed:
    """Hypothesis with a seed, without its database, and without looking for the smallest example."""

    def pytest_configure(self) -> None:
        """Run after the project's own ``conftest.py``, before its tests are imported."""
        from hypothesis import Phase, settings

        settings.register_profile("mutation", deadline=None, database=None, phases=(Phase.explicit, Phase.generate))
        settings.load_profile("mutation")


def limit_resources() -> None:
    """A mutant may ask for any amount of memory or disk."""
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, FILE_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def run_pytest(directory: Path, files: Iterable[str], plugins: Sequence[object], options: Sequence[str] = ()) -> int:
    """pytest's status, with a copy's package and tests."""
    os.chdir(directory)
    sys.path.insert(0, str(directory))
    os.environ["PYTHONPATH"] = str(directory)
    fixed = ["-q", "--tb=no", "-p", "no:cacheprovider", "--hypothesis-seed=0", f"--basetemp={directory}/.tmp"]
    return int(pytest.main([*fixed, *options, *files], plugins=[Untimed(), *plugins]))


def in_fork(task: Callable[[], int], log: Path, limit_s: float) -> int | None:
    """The status of a task in a process group of its own; none if it does not end in time."""
    child = os.fork()
    if child == 0:
        status = 70
        try:
            os.setsid()
            limit_resources()
            with log.open("wb") as output:
                os.dup2(output.fileno(), 1)
                os.dup2(output.fileno(), 2)
            status = task()
        finally:
            os._exit(status)
    end = time.monotonic() + limit_s
    try:
        while time.monotonic() < end:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.02)
        return None
    finally:
        end_group(child)


def end_group(leader: int) -> None:
    """End what a fork left running, and the fork itself if it still runs."""
    with suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)
    with suppress(ChildProcessError):
        os.waitpid(leader, 0)


# -- in a worker, which has a copy of the tree


def measure(directory: Path, file: str, longest_s: float) -> Measured | None:
    """Run the unchanged tests of a file; none if that takes too long."""
    answer = directory / ".measured.json"
    answer.unlink(missing_ok=True)

    def task() -> int:
        entries = Entries(directory)
        entries.watch()
        status = run_pytest(directory, [file], [entries])
        answer.write_text(json.dumps(entries.result()))
        return status

    in_fork(task, directory / ".log", longest_s)
    if not answer.is_file():
        return None
    tests = json.loads(answer.read_text())
    seconds = {test: taken for test, (taken, _) in tests.items()}
    entered = {test: frozenset((path, line) for path, line in places) for test, (_, places) in tests.items()}
    return Measured(seconds, entered)


def is_noticed(directory: Path, mutant: Mutant, tests: Sequence[str], seconds: float) -> bool:
    """Whether one of the tests fails, or does not end, with the mutant in place of its original."""
    if not tests:
        return False
    place = directory / mutant.path
    original = place.read_bytes()
    place.write_bytes(mutant.source(original))

    def task() -> int:
        sys.dont_write_bytecode = True
        os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
        files = dict.fromkeys(test.partition("::")[0] for test in tests)
        return run_pytest(directory, files, [Selection(tests)], ["-x"])

    try:
        return in_fork(task, directory / ".log", 20 + 5 * seconds) != 0
    finally:
        place.write_bytes(original)


Tests = dict[str, Measured]  # by file
Chooser = Callable[[Mutant, Tests], tuple[list[str], float]]
_directory: Path


def start_worker(directories: Any) -> None:
    """Take one of the copies."""
    global _directory
    _directory = directories.get()


def measured_in_worker(task: tuple[str, float]) -> Measured | None:
    """See :func:`measure`."""
    return measure(_directory, *task)


def noticed_in_worker(task: tuple[Mutant, list[str], float]) -> bool:
    """See :func:`is_noticed`."""
    return is_noticed(_directory, *task)


# -- the whole run


def near(mutant: Mutant, measured: Tests) -> tuple[list[str], float]:
    """The tests at the mirrored path and how long they take unchanged: first those that enter the mutant's function."""
    own = [found for file in own_tests(mutant.path) if (found := measured.get(file))]
    orders = [found.in_order(mutant) for found in own]
    tests = [*chain.from_iterable(into for into, _ in orders), *chain.from_iterable(rest for _, rest in orders)]
    return tests, sum(sum(found.seconds.values()) for found in own)


def elsewhere(mutant: Mutant, measured: Tests) -> tuple[list[str], float]:
    """Tests elsewhere that enter the mutant's function, the fastest first, and how long they take unchanged."""
    others = [found for file in other_tests(mutant.path) if (found := measured.get(file))]
    seconds = {test: found.seconds[test] for found in others for test in found.in_order(mutant)[0]}
    by_time = sorted(seconds, key=seconds.__getitem__)
    totals = accumulate(seconds[test] for test in by_time)
    tests = [test for test, total in zip(by_time, totals, strict=True) if total <= LONGEST_MUTANT_S]
    return sorted(tests, key=lambda test: test.partition("::")[0]), sum(seconds[test] for test in tests)


@dataclass(frozen=True)
class Run:
    """A pool of workers, each with a copy of the tree."""

    pool: ProcessPoolExecutor

    def measured(self, files: Iterable[str], longest_s: float) -> Tests:
        """Run each file's unchanged tests once."""
        once = list(dict.fromkeys(files))
        tasks = [(file, longest_s) for file in once]
        found = dict(zip(once, self.pool.map(measured_in_worker, tasks), strict=True))
        for file in (file for file, measured in found.items() if measured is None):
            print(f"left out: {file} does not end in {longest_s:g} s", flush=True)
        return {file: measured for file, measured in found.items() if measured is not None}

    def unnoticed(self, mutants: Sequence[Mutant], choose: Chooser, tests: Tests) -> list[Mutant]:
        """The mutants that none of their tests notices."""
        tasks = [(mutant, *choose(mutant, tests)) for mutant in mutants]
        missed = []
        for mutant, is_noticed in zip(mutants, self.pool.map(noticed_in_worker, tasks), strict=True):
            print(f"{'noticed' if is_noticed else 'missed':<9}{mutant.place}", flush=True)
            missed += [] if is_noticed else [mutant]
        return missed


def survivors_of(run: Run, mutants: Sequence[Mutant], near_only: bool) -> tuple[list[Mutant], list[Mutant]]:
    """The mutants that the tests at the mirrored path miss, and those of them that the other tests miss too."""
    own = run.measured(chain.from_iterable(own_tests(mutant.path) for mutant in mutants), 1000.0)
    missed = run.unnoticed(mutants, near, own)
    if near_only:
        return missed, missed
    others = run.measured(chain.from_iterable(other_tests(mutant.path) for mutant in missed), LONGEST_FILE_S)
    return missed, run.unnoticed(missed, elsewhere, others)


def equivalents() -> frozenset[tuple[str, str]]:
    """Module and change of each mutant that is known to change nothing: ``module | change | reason`` a line."""
    lines = EQUIVALENTS.read_text(encoding="utf-8").splitlines() if EQUIVALENTS.is_file() else []
    parts = [line.split(" | ") for line in lines if line and not line.startswith("#")]
    return frozenset((module, change) for module, change, _ in parts)


def copies(n: int, work: Path) -> list[Path]:
    """Copies of the tree whose modules are compiled, to be recompiled where their text is another."""
    for index in range(n):
        shutil.copytree(ROOT, work / str(index), ignore=shutil.ignore_patterns(*NOT_COPIED))
        mode = py_compile.PycInvalidationMode.CHECKED_HASH
        compileall.compile_dir(work / str(index) / PACKAGE, quiet=2, invalidation_mode=mode)
    return [work / str(index) for index in range(n)]


def row(name: str, mutants: Sequence[Mutant], missed: Sequence[Mutant], survived: Sequence[Mutant]) -> str:
    """A module's line of the table."""
    n_equal = sum((mutant.module, mutant.change) in equivalents() for mutant in survived)
    n_killed, n_counted = len(mutants) - len(survived), len(mutants) - n_equal
    share = f"{100 * n_killed / n_counted:.0f} %" if n_counted else "-"
    return f"{name:<24}{len(mutants):>8}{n_killed:>8}{len(missed) - len(survived):>12}{n_equal:>12}{share:>9}"


def report(modules: dict[str, list[Mutant]], missed: list[Mutant], survived: list[Mutant]) -> None:
    """Print the table and the survivors."""
    print(f"{'module':<24}{'mutants':>8}{'killed':>8}{'(elsewhere)':>12}{'equivalent':>12}{'killed':>9}")
    groups = {**modules, "all": list(chain.from_iterable(modules.values()))}
    for name, mutants in groups.items():
        members = set(mutants)
        print(row(name, mutants, [m for m in missed if m in members], [m for m in survived if m in members]))
    for mutant in survived:
        known = "equivalent" if (mutant.module, mutant.change) in equivalents() else "SURVIVED"
        print(f"{known:<11}{mutant.place}")


def arguments() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--module", action="append", help=f"without {PACKAGE}; a package is all its modules")
    parser.add_argument("--n", type=int, default=12, help="mutants a module (12)")
    parser.add_argument("--seed", type=int, default=0, help="of the choice of mutants (0)")
    parser.add_argument("--jobs", type=int, default=1, help="processes (1)")
    parser.add_argument("--near", action="store_true", help="only the tests at the mirrored path: quicker")
    return parser.parse_args()


def main() -> int:
    """Sample, run, report."""
    options = arguments()
    modules = {module: sample(module, options.n, options.seed) for module in options.module or CORE}
    for name in HEAVY:
        with suppress(ImportError):
            importlib.import_module(name)
    with tempfile.TemporaryDirectory(prefix="nhb2-mutation-") as work:
        context = multiprocessing.get_context("fork")
        directories = context.Queue()
        for directory in copies(options.jobs, Path(work)):
            directories.put(directory)
        # No multiprocessing.Pool: its workers are daemons, whose tests could start no process.
        with ProcessPoolExecutor(options.jobs, context, start_worker, (directories,)) as pool:
            mutants = list(chain.from_iterable(modules.values()))
            missed, survived = survivors_of(Run(pool), mutants, options.near)
    report(modules, missed, survived)
    return 0


if __name__ == "__main__":
    sys.exit(main())
