"""Optimizers of other packages that misbehave: each fails alone, is named, and takes nothing along."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

import nhb2_plugins
from nhb2_plugins.trajectory.reader import read_run
from tests.support.command_line import Outcome, nhb2, nhb2_process

ROOT = Path(nhb2_plugins.__file__).parent.parent

MODULE = '''
import os
import random
import sys

from nhb2_plugins.ask_tell import Suggestion
from nhb2_plugins.space import Configuration


class Search:
    def __init__(self, seed, *, epoch=12):
        self._random = random.Random(seed)

    def ask(self):
        return Suggestion(Configuration.from_index(self._random.randrange(196_608)))

    def tell(self, suggestion, observation):
        pass


class Raises(Search):
    def tell(self, suggestion, observation):
        raise KeyError("lost it")


class Leaves(Search):
    def ask(self):
        sys.exit("had enough")


class Dies(Search):
    def ask(self):
        os._exit(9)


class Garbles(Search):
    def ask(self):
        raise RuntimeError("half a character: \\ud800")


class LeavesAtOnce(Search):
    def __init__(self, seed, *, epoch=12):
        sys.exit(0)


class ExitsAtOnce(Search):
    def __init__(self, seed, *, epoch=12):
        os._exit(0)


class ForksAtOnce(Search):
    def __init__(self, seed, *, epoch=12):
        os.fork()
        super().__init__(seed, epoch=epoch)


class Forks(Search):
    """Its copy goes on as if it were the original, faster or slower than that."""

    def ask(self):
        if not hasattr(self, "forked"):
            self.forked = os.fork()
        return super().ask()


class ForksAndFails(Search):
    def ask(self):
        if os.fork() == 0:
            raise RuntimeError("in the copy")
        os.wait()
        return super().ask()


class Strays(Search):
    """Takes a restriction and keeps to none."""

    def __init__(self, seed, *, epoch=12, restriction=None):
        super().__init__(seed)


class OfNoEpoch(Search):
    def ask(self):
        return Suggestion(Configuration.from_index(0), epoch=13)


class OfNoConfiguration(Search):
    def ask(self):
        return Suggestion(("0|10|210", 0.1, 256))


class IsDone(Search):
    def ask(self):
        return None


class CannotBegin:
    def __init__(self, seed, *, epoch=12):
        raise KeyError("no key")


class TakesNoEpoch:
    def __init__(self, seed):
        pass
'''
FEW_RETRIES = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1"}  # of a task whose worker dies; dask's own: 3
NAMES = [line.split()[1].partition("(")[0].rstrip(":") for line in MODULE.splitlines() if line.startswith("class ")]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The module and its registrations, as an installation puts them on the path."""
    site = tmp_path_factory.mktemp("site")
    (site / "misbehaving.py").write_text(MODULE)
    (site / "broken.py").write_text("raise RuntimeError('not on this machine')\n")
    (site / "leaving.py").write_text("import sys\nsys.exit(0)\n")
    (site / "exiting.py").write_text("from os import _exit\n_exit(0)\n")
    metadata = site / "misbehaving-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: misbehaving\nVersion: 1.0\n")
    lines = [f"{name} = misbehaving:{name}" for name in NAMES]
    lines += ["broken = broken:Search", "nameless = misbehaving", "leaving = leaving:Search"]
    lines += ["exiting = exiting:Search"]
    (metadata / "entry_points.txt").write_text("[nhb2_plugins.optimizers]\n" + "\n".join(lines) + "\n")
    return site


@pytest.fixture
def environment(site: Path) -> dict[str, str]:
    return {"PYTHONPATH": os.pathsep.join([str(site), str(ROOT)])}


def told(directory: Path, *optimizers: dict[str, Any]) -> list[str]:
    spec = directory / "spec.yaml"
    spec.write_text(json.dumps({"name": "misbehaving", "budget_s": 2000, "optimizers": optimizers}))
    return ["run", str(spec), "--out", str(directory / "out"), "--processes", "1"]


def run(environment: dict[str, str], directory: Path, *optimizers: dict[str, Any]) -> Outcome:
    return nhb2_process(*told(directory, *optimizers), **environment)


def failures(directory: Path) -> dict[str, str]:
    """The last lines of the tracebacks, by optimizer."""
    files = (directory / "out" / "failures").glob("*/seed-0000.txt")
    return {file.parent.name: file.read_text().splitlines()[-1] for file in files}


def test_each_fails_alone_and_is_recorded(environment: dict[str, str], tmp_path: Path) -> None:
    others = ["Raises", "Leaves", "Garbles", "OfNoEpoch", "OfNoConfiguration", "IsDone"]
    completed = run(
        environment,
        tmp_path,
        {"algorithm": "Strays", "seeds": 1, "restriction": {"lr": 0.1}},
        *({"algorithm": name, "seeds": 1} for name in others),
        {"algorithm": "random_search", "seeds": 3},
    )
    assert completed.status == 1
    assert "6 runs failed" in completed.err
    told = failures(tmp_path)
    assert told.pop("strays").endswith(
        "is not in Subspace(cellcode=None, lr=0.1, batch_size=None, one_per_class=False)"
    )
    assert told == {
        "raises": "KeyError: 'lost it'",
        "leaves": "SystemExit: had enough",
        "garbles": "RuntimeError: half a character: \\ud800",
        "ofnoepoch": "nhb2_plugins.errors.InvalidValueError: epoch 13 is not one of 1..12 or 200",
        "ofnoconfiguration": "nhb2_plugins.errors.InvalidValueError: ('0|10|210', 0.1, 256) is not a Configuration",
    }
    assert (
        len(list((tmp_path / "out" / "runs").glob("*/*.jsonl"))) == 4
    )  # random search's, and of who had nothing to do


def test_who_kills_its_worker_is_lost_alone(environment: dict[str, str], tmp_path: Path) -> None:
    """One worker holds all the runs: each of its deaths looks like a fault of every one of them."""
    optimizers = [{"algorithm": "Dies", "seeds": 1}, {"algorithm": "random_search", "seeds": 3}]
    completed = run(environment | FEW_RETRIES, tmp_path, *optimizers)
    assert completed.status == 1
    assert "1 run failed" in completed.err
    assert list(failures(tmp_path)) == ["dies"]
    assert failures(tmp_path)["dies"].startswith("the run was lost: KilledWorker")
    assert len(list((tmp_path / "out" / "runs" / "random_search").glob("*.jsonl"))) == 3


def test_who_forks_runs_once(environment: dict[str, str], tmp_path: Path) -> None:
    """Both copies wrote into one file, which then no report took, and each went on as the worker, or the campaign."""
    forking = ["ForksAtOnce", "Forks", "ForksAndFails"]
    completed = run(environment, tmp_path, *({"algorithm": name, "seeds": 1} for name in forking))
    assert completed.status == 0, completed.err
    assert completed.out.count("Report: ") == 1
    for name in forking:
        path = tmp_path / "out" / "runs" / name.lower() / "seed-0000.jsonl"
        trials = [record.trial for record in read_run(path).records]
        assert trials == list(range(len(trials)))


def test_a_label_that_the_locale_lacks_is_named(environment: dict[str, str], tmp_path: Path) -> None:
    ascii_alone = {**environment, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LC_ALL": "C"}
    completed = run(ascii_alone, tmp_path, {"algorithm": "random_search", "label": "Zufällig", "seeds": 1})
    assert (completed.status, completed.out) == (2, "")
    assert "'zuf\\xe4llig' is no directory's name here" in completed.err
    assert "another label, or set PYTHONUTF8=1" in completed.err
    assert "Traceback" not in completed.err


@pytest.mark.parametrize(
    ("algorithm", "status", "message"),
    [
        ("CannotBegin", 2, "optimizer 'CannotBegin' cannot be made with settings {}: KeyError('no key')"),
        ("LeavesAtOnce", 2, "optimizer 'LeavesAtOnce' cannot be made with settings {}: SystemExit(0)"),
        (
            "ExitsAtOnce",
            2,
            "optimizer 'ExitsAtOnce' cannot be made with settings {}: it ends the process, with status 0",
        ),
        ("TakesNoEpoch", 2, "unexpected keyword argument 'epoch'"),
        ("broken", 1, "algorithm 'broken' cannot be imported (not on this machine)"),
        ("nameless", 1, "algorithm 'nameless' cannot be imported"),
        ("leaving", 1, "algorithm 'leaving' cannot be imported (0)"),
        ("exiting", 1, "algorithm 'exiting' cannot be imported (it ends the process, with status 0)"),
    ],
)
def test_what_cannot_be_made_stops_the_campaign_before_it_starts(
    site: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, algorithm: str, status: int, message: str
) -> None:
    monkeypatch.syspath_prepend(site)
    completed = nhb2(*told(tmp_path, {"algorithm": algorithm, "seeds": 1}))
    assert (completed.status, completed.out) == (status, "")
    assert message in completed.err
    assert "Traceback" not in completed.err
    assert not (tmp_path / "out").exists()
