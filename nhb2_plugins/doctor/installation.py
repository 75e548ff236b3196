"""Which frameworks are installed, whether this package can use them, and which are known to break.

Versions come from the metadata of the installed distributions: importing the frameworks takes seconds, and a broken
one would take the doctor with it. What is compiled against numpy is imported, in a process of its own, since a version
says nothing of whether it fits the numpy that is there.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from nhb2_plugins.doctor import Check
from nhb2_plugins.extras import DISTRIBUTION, install_command

VersionOf = Callable[[str], str | None]
"""The version of an installed distribution, or None."""

_CORE: Final = ""
_REQUIREMENT: Final = re.compile(r"([A-Za-z0-9._-]+)(\[[^]]*\])?\s*(?:[^;>]*>=\s*([0-9][^\s,;]*))?[^;]*(?:;(.*))?")
_EXTRA: Final = re.compile(r"extra\s*==\s*['\"]([^'\"]+)['\"]")
_HPBANDSTER_NEEDS: Final = ("Pyro4", "serpent", "netifaces", "statsmodels")


@dataclass(frozen=True)
class Requirement:
    """A distribution that this package can use.

    Attributes:
        name: of the distribution.
        minimum: the oldest version that it works with, or empty.
        extra: the extra that installs it; empty for the core.
    """

    name: str
    minimum: str
    extra: str


def installed_version(name: str) -> str | None:
    """The version of an installed distribution, or None."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def requirements() -> list[Requirement]:
    """What this package declares to work with, in the order of its declaration; a distribution once."""
    found: dict[str, Requirement] = {}
    for text, extra in _declared():
        match = _REQUIREMENT.fullmatch(text.strip())
        if match is None or match[1] == DISTRIBUTION:  # an extra made of other extras
            continue
        marked = _EXTRA.search(match[4] or "")
        requirement = Requirement(match[1], match[3] or "", marked[1] if marked else extra)
        found.setdefault(requirement.name.lower(), requirement)
    return list(found.values())


def _declared() -> Iterator[tuple[str, str]]:
    """Requirements and their extras: of a checkout if this is one, else of the installed distribution."""
    checkout = Path(__file__).resolve().parents[2] / "pyproject.toml"
    if checkout.is_file():
        project = tomllib.loads(checkout.read_text(encoding="utf-8"))["project"]
        yield from ((text, _CORE) for text in project["dependencies"])
        yield from ((text, extra) for extra, texts in project["optional-dependencies"].items() for text in texts)
    elif installed_version(DISTRIBUTION) is not None:
        yield from ((text, _CORE) for text in metadata.requires(DISTRIBUTION) or ())


def check_installation(version_of: VersionOf = installed_version) -> list[Check]:
    """Check Python, the frameworks, and what is known to break among them."""
    compiled = {name: module for name, module in _COMPILED.items() if version_of(name) is not None}
    failures = import_failures(list(compiled.values()))
    return [
        Check("Python", "ok", ".".join(map(str, sys.version_info[:3]))),
        *(
            check_requirement(each, version_of(each.name), failures.get(compiled.get(each.name, "")))
            for each in requirements()
        ),
        check_hpbandster(version_of),
        check_reference(version_of, _location("nashpobench2api")),
        _check_storage_advice(version_of),
    ]


def check_requirement(requirement: Requirement, version: str | None, failure: str | None = None) -> Check:
    """Whether a distribution is there, new enough, and can be imported (``failure`` says why it cannot)."""
    install = install_command(requirement.extra)
    if version is None:
        return Check(requirement.name, "absent" if requirement.extra else "problem", f"not installed: {install}")
    if _release(version) < _release(requirement.minimum):
        text = f"{version} is too old, at least {requirement.minimum} is needed: {install}"
        return Check(requirement.name, "problem", text)
    if failure is not None:
        return Check(requirement.name, "problem", f"{version} is installed and cannot be imported: {failure}")
    return Check(requirement.name, "ok", version)


def import_failures(modules: Sequence[str]) -> dict[str, str]:
    """Why modules cannot be imported; those that can are left out.

    In a process of its own: a module may end it.
    """
    found: dict[str, str] = {}
    left = list(modules)
    while left:
        try:
            command = [sys.executable, "-c", _IMPORT, *left]
            told = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=_IMPORT_S)
            lines, ending = told.stdout.splitlines(), f"the process ends with status {told.returncode}"
        except subprocess.TimeoutExpired as error:
            lines, ending = (error.stdout or b"").decode(errors="replace").splitlines(), f"it takes over {_IMPORT_S} s"
        except OSError:
            return found
        parts = [line.split(" ", 2) for line in lines if line.startswith(_TOLD)]
        found |= {name: why for _, name, why in parts if why not in ("begins", "ends")}
        begun = [name for _, name, why in parts if why == "begins"]
        ended = {name for _, name, why in parts if why != "begins"}
        left = left[len(begun) :] if begun else []
        if begun and begun[-1] not in ended:
            found[begun[-1]] = ending
    return found


_TOLD: Final = "nhb2-import "
_IMPORT: Final = f"""
import importlib, sys
for name in sys.argv[1:]:
    print({_TOLD!r} + name, "begins", flush=True)
    try:
        importlib.import_module(name)
        why = "ends"
    except BaseException as error:
        why = " ".join(f"{{type(error).__name__}}: {{error}}".split())[:200]
    print({_TOLD!r} + name, why, flush=True)
"""
_IMPORT_S: Final = 60
_COMPILED: Final = {name: name for name in ("pandas", "pyarrow", "scipy", "matplotlib")} | {"scikit-learn": "sklearn"}
"""Distributions that are compiled against numpy, and their modules: of those, installed versions may not fit."""


def check_hpbandster(version_of: VersionOf) -> Check:
    """Whether hpbandster's own BOHB runs with the installed ConfigSpace and numpy, and ours.

    hpbandster 0.7.4 (of 2018) hangs where a configuration or a budget holds a numpy scalar, which Pyro4's serializer
    refuses: see HpBandSter's issues 11, 69, 99 and 114.
    """
    name, version = "BOHB", version_of("hpbandster")
    if version is None:
        return Check(name, "ok", "run_bohb works in this process, which needs no hpbandster")
    missing = [needed for needed in _HPBANDSTER_NEEDS if version_of(needed) is None]
    if missing:
        return Check(name, "problem", f"hpbandster lacks {', '.join(missing)}: {install_command('bohb')}")
    config_space, numpy = version_of("ConfigSpace"), version_of("numpy")
    reasons = []
    if config_space is not None and _release(config_space) >= (1, 1):
        reasons.append(f"ConfigSpace {config_space} (configurations of numpy scalars)")
    if numpy is not None and _release(numpy) >= (2,):
        reasons.append(f"numpy {numpy} (budgets that are numpy scalars)")
    if not reasons:
        return Check(name, "ok", f"hpbandster {version} works with ConfigSpace {config_space} and numpy {numpy}")
    text = (
        f"scripts of your own that run hpbandster {version} hang with {' and '.join(reasons)}; "
        "BohbWorker and run_bohb send built-in values and work"
    )
    return Check(name, "warning", text)


def check_reference(version_of: VersionOf, location: str | None) -> Check:
    """Whether ``import nashpobench2api`` means the benchmark's reference package.

    Args:
        version_of: versions of distributions.
        location: where Python would find the module, or None.
    """
    name, other = "nashpobench2api", version_of("nashpobench2real-api")
    if other is not None:
        text = (
            f"nashpobench2real-api {other} is installed: another benchmark under the same module name. Scripts that "
            "import nashpobench2api get its numbers; pip uninstall nashpobench2real-api, or run them by "
            "python -m nhb2_plugins.compat"
        )
        return Check(name, "problem", text)
    version = version_of(name)
    if version is not None:
        return Check(name, "ok", f"{version}, the reference package")
    if location is not None:
        return Check(name, "warning", f"a module of unknown origin: {location}")
    return Check(name, "ok", "not installed; python -m nhb2_plugins.compat runs scripts that import it")


def _location(module: str) -> str | None:
    try:
        spec = find_spec(module)
    except (ImportError, ValueError):
        return None
    return None if spec is None else str(spec.origin)


def _check_storage_advice(version_of: VersionOf) -> Check:
    text = (
        "one machine: JournalStorage; several: PostgreSQL or MySQL (thousands of workers: behind GrpcStorageProxy); "
        "SQLite never for parallel runs"
    )
    return Check("Optuna storage", "ok", text if version_of("optuna") else "no Optuna, no storage")


def _release(version: str) -> tuple[int, ...]:
    """The leading numbers of a version."""
    numbers = re.match(r"\d+(?:\.\d+)*", version)
    return tuple(int(part) for part in numbers[0].split(".")) if numbers else ()
