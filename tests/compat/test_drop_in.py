"""Scripts that were written for the reference run unmodified."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from nhb2_plugins.compat import (
    NASHPOBench2API,
    drop_in,
    get_ith_op,
    install,
    set_ith_op,
)
from nhb2_plugins.compat.drop_in import OtherBenchmarkError
from nhb2_plugins.errors import Nhb2Error
from nhb2_plugins.table.reference.importer import import_published
from nhb2_plugins.table.writer import write_table
from tests.core_fixtures import mini_columns, mini_provenance, needs
from tests.support.published_format import contents_of, generated_table, write_pickles
from tests.support.real_reference import real_file

ROOT = Path(__file__).parents[2]
SCRIPTS = {
    "random_search.py": '''
        import argparse, os, pickle, random
        from nashpobench2api import NASHPOBench2API as API

        def search(api, budget):
            while api.get_total_cost() < budget:
                api.query_by_key(**api.get_random_key(), epoch=12)
            return api.get_results(epoch="both")

        if __name__ == "__main__":
            parser = argparse.ArgumentParser()
            parser.add_argument("--time_budget", type=int)
            parser.add_argument("--save_dir")
            args = parser.parse_args()
            os.makedirs(args.save_dir)
            api = API(data_dir="../data", verbose=True)
            for run in range(3):
                random.seed(run)
                results = search(api, args.time_budget)
                api.reset_logdata()
                with open(os.path.join(args.save_dir, f"seed{run}.pkl"), "wb") as file:
                    pickle.dump(results, file)
            print(api, len(api))
    ''',
    "evolution.py": '''
        import argparse, collections, os, pickle, random
        from copy import deepcopy
        import nashpobench2api.api
        from nashpobench2api.utils import get_ith_op, set_ith_op

        def mutate(key, api):
            child = deepcopy(key)
            place = random.choice([*range(6), "lr", "batch_size"])
            if place == "lr":
                child["lr"] = random.choice([lr for lr in api.lrs if lr != key["lr"]])
            elif place == "batch_size":
                child["batch_size"] = random.choice([size for size in api.batch_sizes if size != key["batch_size"]])
            else:
                now = get_ith_op(key["cellcode"], place)
                others = [op for op in range(4) if op != now]
                child["cellcode"] = set_ith_op(key["cellcode"], place, random.choice(others))
            return child

        def evolve(api, budget):
            population = collections.deque()
            while len(population) < 10:
                key = api.get_random_key()
                population.append((api.query_by_key(**key)[0], key))
            while api.get_total_cost() < budget:
                parent = max((random.choice(list(population)) for _ in range(3)), key=lambda member: member[0])
                child = mutate(parent[1], api)
                population.append((api.query_by_key(**child, iepoch=random.choice([None, 4]))[0], child))
                population.popleft()
            return api.get_results()

        class Run:
            def __init__(self, results):
                self.results = results

        if __name__ == "__main__":
            parser = argparse.ArgumentParser()
            parser.add_argument("--time_budget", type=int)
            parser.add_argument("--save_dir")
            args = parser.parse_args()
            os.makedirs(args.save_dir)
            api = nashpobench2api.api.NASHPOBench2API("../data", seed=555, verbose=False)
            for run in range(3):
                random.seed(run)
                results = evolve(api, args.time_budget)
                api.reset_logdata()
                with open(os.path.join(args.save_dir, f"seed{run}.pkl"), "wb") as file:
                    pickle.dump((results, pickle.loads(pickle.dumps(Run(results))).results == results), file)
    ''',
    "every_call.py": '''
        import argparse, os, pickle, random
        from nashpobench2api import NASHPOBench2API

        parser = argparse.ArgumentParser()
        parser.add_argument("--time_budget", type=int)
        parser.add_argument("--save_dir")
        os.makedirs(parser.parse_args().save_dir)
        random.seed(0)
        api = NASHPOBench2API("../data")
        print(api, len(api), *api.get_search_space()[1:])
        for _ in range(5):
            position = random.randrange(len(api))
            print(api[position], api.get_key_from_idx(position), api.get_idx_from_key(api.get_random_key()))
            print(api.query_by_index(random.randrange(4096), random.randrange(8), random.randrange(6), seed=888))
            for mode in ("train", "valid", "test"):
                for iepoch in (1, 3, 9, None):
                    print(api.query_by_key(**api.get_random_key(), mode=mode, iepoch=iepoch))
        for epoch in (12, 200, "both"):
            print(api.get_results(epoch=epoch)["final_accs"])
        print(sorted(vars(api).keys() & {"seed", "best_acc", "total_cost", "final_accs"}), api.best_key, api.seed)
    ''',
}  # fmt: skip


@pytest.fixture
def no_reference_imported() -> Iterator[None]:
    kept = {name: sys.modules.pop(name) for name in list(sys.modules) if name.split(".")[0] == "nashpobench2api"}
    yield
    for name in list(sys.modules):
        if name.split(".")[0] == "nashpobench2api":
            del sys.modules[name]
    sys.modules.update(kept)


@pytest.mark.usefixtures("no_reference_imported")
def test_install() -> None:
    install()
    install()  # again: nothing to complain about
    package = importlib.import_module("nashpobench2api")
    assert package.NASHPOBench2API is NASHPOBench2API
    assert importlib.import_module("nashpobench2api.api").NASHPOBench2API is NASHPOBench2API
    assert importlib.import_module("nashpobench2api.utils").set_ith_op is set_ith_op
    assert package.api is sys.modules["nashpobench2api.api"]
    assert package.utils.get_ith_op is get_ith_op
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("nashpobench2api.other")


@pytest.mark.usefixtures("no_reference_imported")
def test_install_comes_first() -> None:
    sys.modules["nashpobench2api"] = ModuleType("nashpobench2api")
    with pytest.raises(Nhb2Error, match="nashpobench2api is imported already, from None: install the drop-in before"):
        install()


@pytest.mark.usefixtures("no_reference_imported")
def test_the_other_benchmarks_name_is_told_apart() -> None:
    install()
    with pytest.raises(OtherBenchmarkError, match="nashpobench2real-api, another benchmark of the same author"):
        _ = importlib.import_module("nashpobench2api").API
    with pytest.raises(ImportError, match="nashpobench2real-api"):
        exec("from nashpobench2api import API")
    with pytest.raises(ImportError, match="cannot import name 'other'"):
        exec("from nashpobench2api import other")


def test_a_script_of_the_other_benchmark_ends_with_one_line(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text("from nashpobench2api import API\n")
    ended = run("-m", "nhb2_plugins.compat", "script.py", at=tmp_path, expect=2)
    (line,) = ended.stderr.splitlines()
    assert line.startswith("python -m nhb2_plugins.compat: nashpobench2api 1.0.0, in whose place")


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Laid out as the reference's repository: data beside the directory of the scripts."""
    directory = tmp_path_factory.mktemp("workshop")
    table = generated_table(5, class_of_cell=[i % 6 for i in range(4096)])
    write_pickles(directory / "data", contents_of(table, extra_columns=1))
    (directory / "scripts").mkdir()
    for name, text in SCRIPTS.items():
        lines = [line[8:] for line in text.splitlines()]
        (directory / "scripts" / name).write_text("\n".join(lines))
    return directory


def run(*command: str | Path, at: Path, expect: int = 0, **environment: str) -> subprocess.CompletedProcess[str]:
    known = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    run = subprocess.run([sys.executable, *command], cwd=at, env=known, capture_output=True, text=True, check=False)
    assert run.returncode == expect, run.stderr
    return run


@needs("nashpobench2api")
@pytest.mark.parametrize("script", SCRIPTS)
def test_unmodified_scripts(script: str, workshop: Path) -> None:
    """The same prints, log and files as with the real package."""
    at = workshop / "scripts"
    name = script.removesuffix(".py")
    real_directory = str(real_file("api").parent.parent)
    options = ("--time_budget", "3000", "--save_dir")
    theirs = run(script, *options, f"{name}-real", at=at, PYTHONPATH=real_directory)
    ours = run("-m", "nhb2_plugins.compat", script, *options, f"{name}-ours", at=at)
    assert (ours.stdout, ours.stderr) == (theirs.stdout, theirs.stderr)
    assert len(ours.stdout + ours.stderr) > 100
    saved = sorted(path.name for path in (at / f"{name}-real").iterdir())
    assert len(saved) == (0 if name == "every_call" else 3)
    for file in saved:
        assert (at / f"{name}-ours" / file).read_bytes() == (at / f"{name}-real" / file).read_bytes()


def test_a_script_without_its_data(workshop: Path, mini_pickles: Path, tmp_path: Path) -> None:
    """It names a directory of somebody else's machine: the default table answers, and says so if it is not real."""
    (tmp_path / "script.py").write_text(
        "import sys, nashpobench2api as n\n"
        "print(n.NASHPOBench2API('/no/such/data', verbose=False).query_by_index(0, 0, 0), sys.argv, __name__)\n"
    )
    import_published(mini_pickles, tmp_path / "imported")
    write_table(tmp_path / "fitted", mini_columns(), mini_provenance(kind="surrogate"))
    command = ("-m", "nhb2_plugins.compat", tmp_path / "script.py", "-h")
    imported = run(*command, at=workshop, NHB2_DATA=str(tmp_path / "imported"))
    assert imported.stdout == f"(11.121, 18.125) {[str(tmp_path / 'script.py'), '-h']} __main__\n"
    assert imported.stderr == ""
    fitted = run(*command, at=workshop, NHB2_DATA=str(tmp_path / "fitted"))
    assert "no published data in '/no/such/data': answers come from the surrogate table (" in fitted.stderr


def test_the_command_line(tmp_path: Path) -> None:
    usage = "usage: python -m nhb2_plugins.compat SCRIPT [ARGS]\n"
    command = ("-m", "nhb2_plugins.compat")
    assert run(*command, at=tmp_path, expect=2).stderr == usage
    assert run(*command, "--help", at=tmp_path).stderr == usage
    missing = run(*command, "absent.py", at=tmp_path, expect=2)
    assert missing.stderr == "python -m nhb2_plugins.compat: there is no script 'absent.py'\n"
    (tmp_path / "script.py").write_text("import nashpobench2api as n; n.NASHPOBench2API('data')")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "bench12.pkl").write_bytes(b"")
    refused = run(*command, "script.py", at=tmp_path, expect=2)
    assert refused.stderr == "python -m nhb2_plugins.compat: data lacks cellinfo.pkl: No such file or directory\n"


def test_main_in_this_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        drop_in.main(["absent.py"])
    assert "there is no script" in capsys.readouterr().err


@pytest.mark.usefixtures("no_reference_imported")
def test_documentation(mini_pickles: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every example of the page runs, with the mini pickles as its ``data``."""
    (tmp_path / "data").symlink_to(mini_pickles, target_is_directory=True)
    monkeypatch.chdir(tmp_path)
    page = (Path(__file__).parents[2] / "docs" / "compat.md").read_text(encoding="utf-8")
    examples = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(examples) == 2
    namespace: dict[str, Any] = {}
    for example in examples:
        exec(example, namespace)
    assert namespace["results"]["final_accs"] == [55.121, 65.5]
