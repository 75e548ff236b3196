"""Which of OptunaHub's samplers run on this space, under which encoding: each is really run, in a process of its own.

    pip install ".[optuna]" optunahub
    git clone https://github.com/optuna/optunahub-registry
    python benchmarks/optunahub/samplers.py optunahub-registry --out samplers.jsonl [--only NAME ...]
    python benchmarks/optunahub/samplers.py optunahub-registry --out samplers.jsonl --table > table.md

What is in the file already is not run again. A sampler is made with its defaults, with ``seed=0`` and ``search_space=``
where it has such parameters; one that asks for more is run with what :data:`ARGUMENTS` says, or listed as asking.
What a sampler needs besides is named in its line where it is not installed.
"""

from __future__ import annotations

import argparse
import inspect
import json
import logging
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import Any

ENCODINGS = ("categorical", "integer", "digits", "unit")
N_TRIALS = 15
TIMEOUT_S = 60
ARGUMENTS: dict[str, dict[str, Any]] = {"fcmaes": {"popsize": 8}}
"""What some samplers need to be told, by name."""
RUNS = "runs"
NOT_LOADED = "not made"
"""Whatever the encoding: then one try says it for all."""


def sampler_class(module: Any) -> type:
    """The module's sampler: the last class that it exports."""
    from optuna.samplers import BaseSampler

    exported = [getattr(module, name) for name in getattr(module, "__all__", dir(module))]
    samplers = [each for each in exported if inspect.isclass(each) and issubclass(each, BaseSampler)]
    if not samplers:
        raise LookupError("exports no sampler")
    return samplers[-1]


def asked_for(cls: type, name: str) -> list[str]:
    """Arguments without which there is no such sampler, and that nobody here can give."""
    kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    needed = [each for each in inspect.signature(cls).parameters.values() if each.kind not in kinds]
    given = {"seed", "search_space", *ARGUMENTS.get(name, {})}
    return [each.name for each in needed if each.default is each.empty and each.name not in given]


def made(cls: type, name: str, space: dict[str, Any]) -> Any:
    """The sampler, with its seed and the space where it takes them."""
    parameters = inspect.signature(cls).parameters
    arguments = {"seed": 0, "search_space": space, **ARGUMENTS.get(name, {})}
    return cls(
        **{key: value for key, value in arguments.items() if key in parameters or key in ARGUMENTS.get(name, {})}
    )


def run_one(registry: str, name: str, encoding: str) -> str:
    """``runs``, with the number of hyperparameters that the sampler drew one by one last; or what is in the way."""
    import optuna
    import optunahub

    from nhb2_plugins.adapters.optuna_adapter import OptunaObjective, optuna_search_space
    from nhb2_plugins.benchmark import open_benchmark
    from nhb2_plugins.encoding import choices

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    try:
        module = optunahub.load_local_module(f"samplers/{name}", registry_root=f"{registry}/package")
        cls = sampler_class(module)
    except BaseException as error:
        return f"{NOT_LOADED}: {type(error).__name__}: {str(error).strip().splitlines()[0]}"
    # The one that takes its space as lists.
    space: Any = choices(encoding) if name == "grid_search" else optuna_search_space(encoding)  # type: ignore[arg-type]
    if missing := asked_for(cls, name):
        return f"{NOT_LOADED}: asks for {', '.join(missing)}"
    sampler = made(cls, name, space)
    alone: list[str] = []
    draw = sampler.sample_independent

    def counted(study: Any, trial: Any, name: str, distribution: Any) -> Any:
        alone.append(name)
        return draw(study, trial, name, distribution)

    sampler.sample_independent = counted
    study = optuna.create_study(sampler=sampler)
    objective = OptunaObjective(open_benchmark(), encoding=encoding)  # type: ignore[arg-type]
    study.optimize(objective, n_trials=N_TRIALS - 1)
    alone.clear()
    study.optimize(objective, n_trials=1)
    n = len(objective.logger.records)
    if n < N_TRIALS:
        return f"stopped after {n} of {N_TRIALS} trials"
    return f"{RUNS}, {len(set(alone))} of 8 one by one" if alone else RUNS


def outcome(registry: Path, name: str, encoding: str) -> dict[str, Any]:
    """One line of the file: a process of its own, since samplers end, hang and change global state."""
    command = [sys.executable, __file__, str(registry), "--one", name, encoding]
    start = time.perf_counter()
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
        said = (done.stdout if done.returncode == 0 else done.stderr).strip().splitlines()
        found = said[-1] if said else f"ended with status {done.returncode}"
    except subprocess.TimeoutExpired:
        found = f"not done after {TIMEOUT_S} s"
    return {"sampler": name, "encoding": encoding, "outcome": found, "wall_s": round(time.perf_counter() - start, 1)}


def said_by(line: dict[str, Any]) -> set[tuple[str, str]]:
    """What a line tells the outcome of: (sampler, encoding)."""
    is_for_all = line["outcome"].startswith(NOT_LOADED)
    return {(line["sampler"], each) for each in (ENCODINGS if is_for_all else [line["encoding"]])}


def table(lines: list[dict[str, Any]]) -> str:
    """Markdown: a sampler a row, an encoding a column; of what does not run, the reason once."""
    by_name: dict[str, dict[str, str]] = {}
    for line in lines:
        by_name.setdefault(line["sampler"], {})[line["encoding"]] = line["outcome"]
    rows = ["| sampler | categorical | integer | digits | unit | what is in the way |", "| --- | " + "--- | " * 5]
    rows[1] = rows[1].strip()
    for name, found in sorted(by_name.items()):
        marks = [found[each] if found.get(each, "").startswith(RUNS) else "–" for each in ENCODINGS]
        reasons = dict.fromkeys(reason.replace("|", "/") for reason in found.values() if not reason.startswith(RUNS))
        rows.append(f"| {name} | {' | '.join(marks)} | {'; '.join(each[:150] for each in reasons)} |")
    return "\n".join(rows)


def main() -> None:
    """Run what is missing, or print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("registry", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--only", nargs="+")
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(run_one(str(options.registry), *options.one))
        return
    known = [json.loads(line) for line in options.out.read_text().splitlines()] if options.out.exists() else []
    if options.table:
        print(table(known))
        return
    there = {pair for line in known for pair in said_by(line)}
    for name in sorted(path.name for path in (options.registry / "package" / "samplers").iterdir() if path.is_dir()):
        for encoding in ENCODINGS:
            if (name, encoding) not in there and (not options.only or name in options.only):
                line = outcome(options.registry, name, encoding)
                there |= said_by(line)
                with options.out.open("a") as file:
                    file.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
