"""The drop-in's own side: which data answer, what is refused, and taking the reference's place."""

from __future__ import annotations

import copy
import importlib
import json
import logging
import os
import pickle
import pwd
import re
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from nhb2_plugins.benchmark import open_benchmark
from nhb2_plugins.compat import (
    NASHPOBench2API,
    NoQueryYetError,
    PositionError,
    RefusedQueryError,
    drop_in,
    get_ith_op,
    install,
    set_ith_op,
)
from nhb2_plugins.compat import data as compat_data
from nhb2_plugins.compat.drop_in import OtherBenchmarkError
from nhb2_plugins.errors import ImportRefusedError, InvalidValueError, Nhb2Error, TableNotFoundError
from nhb2_plugins.table.reference.importer import import_published
from nhb2_plugins.table.writer import write_table
from tests.core_fixtures import mini_columns, mini_provenance, needs
from tests.support.mini_pickles import HASH, mini_contents
from tests.support.published_format import contents_of, generated_table, write_pickles
from tests.support.real_reference import real_file

KEY = {"cellcode": "0|10|210", "lr": 0.1, "batch_size": 256}
ROOT = Path(__file__).parents[2]


@pytest.fixture
def api(mini_pickles: Path) -> NASHPOBench2API:
    return quiet(mini_pickles)


def quiet(data_dir: Path | None) -> NASHPOBench2API:
    return NASHPOBench2API(data_dir, logger=logging.getLogger("tests.compat"), verbose=False)


@pytest.fixture
def own_data_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


# -- answers, by eye (tests.support.mini_pickles says how to read them)


def test_answers(api: NASHPOBench2API) -> None:
    assert api.query_by_key(**KEY) == (65.121, 66.125)
    assert api.query_by_key(**KEY, mode="train") == (75.121, 60.125)
    assert api.query_by_key(**KEY, mode="test") == (55.121, 66.125 + 3.125)
    assert api.query_by_key(**KEY, iepoch=7, seed=555) == (65.072, 38.5)
    assert api.query_by_key(**KEY) == (65.122, 66.125)  # the seed sticks
    assert api.query_by_key(**KEY, mode="test", iepoch=1) == (55.012, 5.75)
    assert api.query_by_key(**KEY, epoch=200) == (65.5, None)
    assert len(api.acc_trans) == 6  # the one at 200 epochs does not count
    assert api.best_acc == 75.121
    assert api.get_total_cost() == sum([66.125, 60.125, 69.25, 38.5, 66.125, 5.75])


def test_readme_name_of_the_reset(api: NASHPOBench2API) -> None:
    api.query_by_key(**KEY, seed=888)
    api.reset_log_data(verbose=True)
    assert (api.acc_trans, api.total_cost, api.verbose, api.seed) == ([], 0.0, True, 888)
    other = logging.getLogger("tests.compat.other")
    api.reset_log_data(logger=other, verbose=False)
    assert api.logger is other
    assert other.level == logging.INFO


def test_results_are_the_very_lists(api: NASHPOBench2API) -> None:
    api.query_by_key(**KEY)
    results = api.get_results()
    api.query_by_key(**KEY)
    assert len(results["acc_trans"]) == 2
    assert results["final_accs"] == [55.121, 65.5]


def test_a_logger_needs_three_methods(mini_pickles: Path) -> None:
    class Printer:
        lines: list[str] = []  # noqa: RUF012

        def setLevel(self, level: int) -> None:  # noqa: N802
            self.lines.append(f"level {level}")

        def debug(self, line: str) -> None:
            self.lines.append(line)

        info = debug

    api = NASHPOBench2API(mini_pickles, logger=Printer())  # type: ignore[arg-type]
    api.query_by_key(**KEY)
    assert Printer.lines == [
        "level 10",
        "   valid acc   cost        cellcode lr      batch_size",
        "   65.12 %      66.12 sec  0|10|210 0.10000 256",
    ]


@pytest.fixture
def default_logger() -> Iterator[logging.Logger]:
    logger = logging.getLogger("nashpobench2api.api")
    kept, logger.handlers = logger.handlers, []
    yield logger
    logger.handlers = kept


def test_two_instances_log_once(
    mini_pickles: Path, default_logger: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    apis = [NASHPOBench2API(str(mini_pickles)) for _ in range(2)]
    apis[1].query_by_key(**KEY)
    assert capsys.readouterr().err.count("65.12 %") == 1
    assert not default_logger.propagate


def test_copies_go_on_by_themselves(api: NASHPOBench2API) -> None:
    api.query_by_key(**KEY, seed=555)
    for other in (copy.deepcopy(api), pickle.loads(pickle.dumps(api))):
        assert other.acc_trans == api.acc_trans
        assert other.query_by_key(**KEY) == (65.122, 66.125)
        assert len(other.acc_trans) == 2
    assert len(api.acc_trans) == 1


def test_names(api: NASHPOBench2API) -> None:
    assert str(api) == "NAS-HPO-Bench-II"
    assert repr(api).startswith("<NASHPOBench2API on the imported table (")
    assert len(api) == 196_608


# -- which data answer


def test_a_table_answers(tmp_path: Path) -> None:
    write_table(tmp_path / "table", mini_columns(), mini_provenance())
    api = quiet(tmp_path / "table")
    assert api.query_by_key("1|00|000", 0.003125, 512, iepoch=7, seed=555)[0] == 40 + 7 + 0.2 + 0.053
    assert api.cellinfo["hash"]["0|10|210"] == "0|00|000"  # no hash is known: the class's first cellcode
    assert api.cellinfo["hash"]["2|10|210"] == "1|00|000"
    assert api.bench12["valid_acc_6"]["1|00|000", 0.003125, 512, 555] == 40 + 7 + 0.2 + 0.053
    assert set(api.bench12["seed"].values()) == {222, 555}
    assert len(api.bench12) == 3 + 72 + 3
    assert "nothing" not in api.bench12


def test_pickles_keep_their_hashes(api: NASHPOBench2API) -> None:
    contents = mini_contents()
    assert api.cellinfo == contents["cellinfo.pkl"]
    assert {name: api.bench12[name] for name in api.bench12} == contents["bench12.pkl"]
    assert dict(api.avgaccs200) == contents["avgaccs200.pkl"]
    assert HASH in api.cellinfo["hash"].values()


def test_pickles_are_imported_once(
    mini_pickles: Path, own_data_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quiet(mini_pickles)
    (table,) = (own_data_home / "nhb2-plugins" / "drop-in").glob("*/manifest.json")
    before = table.stat().st_mtime_ns
    copied = write_pickles(tmp_path / "copy", mini_contents())  # the same bytes elsewhere: the same table
    assert quiet(copied).query_by_key(**KEY) == (65.121, 66.125)
    assert table.stat().st_mtime_ns == before
    monkeypatch.setattr(compat_data, "_import", None)  # from now on files are not even read
    assert quiet(copied).query_by_key(**KEY) == (65.121, 66.125)
    assert quiet(mini_pickles).query_by_key(**KEY) == (65.121, 66.125)


def test_changed_pickles_are_imported_anew(own_data_home: Path, tmp_path: Path) -> None:
    source = write_pickles(tmp_path / "data", mini_contents())
    assert quiet(source).query_by_key(**KEY, epoch=200) == (65.5, None)
    contents = mini_contents()
    contents["avgaccs200.pkl"]["avg_acc"][HASH, 0.1, 256] = 64.5
    write_pickles(source, contents)  # of the same size
    assert quiet(source).query_by_key(**KEY, epoch=200) == (64.5, None)
    assert len(list((own_data_home / "nhb2-plugins" / "drop-in").glob("*/manifest.json"))) == 2


def test_a_damaged_import_is_made_again(own_data_home: Path, mini_pickles: Path) -> None:
    quiet(mini_pickles)
    imports = own_data_home / "nhb2-plugins" / "drop-in"
    for manifest in imports.glob("*/manifest.json"):
        manifest.write_text("{")
    assert quiet(mini_pickles).query_by_key(**KEY) == (65.121, 66.125)
    for stamp in imports.glob("*.json"):
        stamp.write_text("[]")
    assert quiet(mini_pickles).query_by_key(**KEY) == (65.121, 66.125)


def test_an_import_that_cannot_be_kept(mini_pickles: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "file"))
    assert quiet(mini_pickles).query_by_key(**KEY) == (65.121, 66.125)


def test_pickles_that_are_refused(tmp_path: Path) -> None:
    source = write_pickles(tmp_path / "data", mini_contents())
    (source / "cellinfo.pkl").write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    with pytest.raises(ImportRefusedError, match=r"^cellinfo.pkl: refuses os\.system"):
        quiet(source)
    (source / "cellinfo.pkl").unlink()
    with pytest.raises(TableNotFoundError, match=r"data lacks cellinfo.pkl: No such file"):
        quiet(source)


def test_no_data(tmp_path: Path) -> None:
    with pytest.raises(TableNotFoundError, match=r"absent holds neither a table nor the published data \(bench12.pkl"):
        quiet(tmp_path / "absent")
    with pytest.raises(FileNotFoundError, match=r"NASHPOBench2API\(None\)"):
        NASHPOBench2API(str(tmp_path))


@pytest.mark.parametrize("data_dir", [None, "data"])
def test_the_default_table(
    data_dir: str | None, mini_pickles: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_published(mini_pickles, tmp_path / "table")
    monkeypatch.setenv("NHB2_DATA", str(tmp_path / "table"))
    monkeypatch.chdir(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        api = NASHPOBench2API(data_dir, verbose=False)
    assert api.provenance == open_benchmark().provenance


def test_a_user_without_a_home_directory_imports_into_memory(
    mini_pickles: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("XDG_CACHE_HOME", "XDG_DATA_HOME", "HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", {}.__getitem__)
    assert quiet(mini_pickles).query_by_key(**KEY) == (65.121, 66.125)


def test_a_default_table_that_is_not_imported_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_table(tmp_path / "table", mini_columns(), mini_provenance(kind="surrogate"))
    monkeypatch.setenv("NHB2_DATA", str(tmp_path / "table"))
    monkeypatch.chdir(tmp_path)
    with pytest.warns(
        UserWarning, match=r"no published data in 'data': answers come from the surrogate table \("
    ) as told:
        NASHPOBench2API(verbose=False)
    assert told[0].filename == __file__


# -- what is refused


def test_negative_positions(api: NASHPOBench2API) -> None:
    for position in (-1, 196_608):
        with pytest.raises(PositionError, match=rf"^position {position} is not in 0..196607$"):
            api[position]
    with pytest.raises(TypeError):
        api.get_key_from_idx(1.5)  # type: ignore[arg-type]
    assert issubclass(PositionError, IndexError)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"cellcode": "4|00|000"}, "cellcode '4|00|000' is not of the form 'A|BC|DEF'"),
        ({"lr": 0.3}, "learning rate 0.3 is not one of 0.003125, 0.00625"),
        ({"batch_size": 20}, "batch size 20 is not one of 16, 32"),
        ({"epoch": 13}, "epoch 13 is not one of 12, 200"),
        ({"epoch": [12]}, "epoch [12] is not one of 12, 200"),
        ({"mode": "vaild"}, "mode 'vaild' is not one of 'train', 'valid', 'test' (did you mean 'valid'?)"),
        ({"iepoch": 0}, "iepoch 0 is not one of 1, 2, 3"),
        ({"iepoch": -1}, "iepoch -1 is not one of 1, 2, 3"),
        ({"iepoch": 1.5}, "iepoch 1.5 is not one of 1, 2, 3"),
        ({"epoch": 200, "iepoch": 200}, "iepoch 200 is a point of the 12-epoch training; it is None at 200 epochs"),
        ({"seed": 1}, "seed 1 is not one of 222, 555, 888"),
        ({"seed": 0}, "seed 0 is not one of 222, 555, 888"),
        ({"seed": 1, "epoch": 200}, "seed 1 is not one of 222, 555, 888"),
    ],
)
def test_refused_queries(query: dict[str, Any], message: str, api: NASHPOBench2API) -> None:
    with pytest.raises(InvalidValueError, match=f"^{re.escape(message)}"):
        api.query_by_key(**{**KEY, **query})
    assert (api.acc_trans, api.seed) == ([], 222)


def test_a_refused_query_leaves_the_seed_alone(api: NASHPOBench2API) -> None:
    with pytest.raises(RefusedQueryError):
        api.query_by_key(**KEY, seed=555, iepoch=13)
    assert api.seed == 222


def test_floats_that_are_whole_numbers(api: NASHPOBench2API) -> None:
    assert api.query_by_key(**KEY, epoch=12.0) == api.query_by_key(**KEY)  # type: ignore[arg-type]
    assert api.query_by_key(**KEY, iepoch=6.0) == api.query_by_key(**KEY, iepoch=6)  # type: ignore[arg-type]


def test_seed_zero_where_there_is_one(tmp_path: Path) -> None:
    table = generated_table(3, class_of_cell=[0] * 4096, seeds=(-1, 0, 1))
    source = write_pickles(tmp_path / "data", contents_of(table))
    api = NASHPOBench2API(source, seed=0, logger=logging.getLogger("tests.compat"), verbose=False)
    assert api.seed == 0
    row = 5 * 6 + 4
    assert api.query_by_key(**KEY, seed=-1)[0] == table.columns["valid_acc"][11, 0, row]
    assert api.query_by_key(**KEY, seed=0)[0] == table.columns["valid_acc"][11, 1, row]


def test_seeds_that_a_table_does_not_have(api: NASHPOBench2API, mini_pickles: Path) -> None:
    api.seed = 1
    with pytest.raises(InvalidValueError, match=r"^seed 1 is not one of 222, 555, 888$"):
        api.query_by_key(**KEY)
    with pytest.raises(InvalidValueError, match=r"^seed 1 is not one of 222, 555, 888$"):
        NASHPOBench2API(mini_pickles, seed=1, verbose=False)


def test_results_before_a_query(api: NASHPOBench2API, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(NoQueryYetError, match="nothing was queried with enable_log=True yet"):
        api.get_results()
    api.query_by_key(**KEY, enable_log=False)
    with pytest.raises(TypeError):
        api.get_results()
    api.query_by_key(**KEY)
    for epoch in ("12", "200", 13, None):
        with pytest.raises(ValueError, match=f"^epoch {epoch!r} is not one of 12, 200, 'both'"):
            api.get_results(epoch=epoch)  # type: ignore[arg-type]
    with pytest.raises(AssertionError, match=r"^mode 'vaild' is not one of"):
        api.get_results(mode="vaild")
    assert caplog.records == []


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: get_ith_op("0|10|210", 6), "edge 6 is not one of 0, 1, 2, 3, 4, 5"),
        (lambda: get_ith_op("0|10|210", -1), "edge -1 is not one of"),
        (lambda: get_ith_op("4|00|000", 0), "cellcode '4|00|000' is not of the form"),
        (lambda: set_ith_op("0|10|210", 6, 0), "edge 6 is not one of"),
        (lambda: set_ith_op("0|10|210", 0, 7), "cellcode '7|10|210' is not of the form"),
        (lambda: set_ith_op("7|10|210", 0, 0), "cellcode '7|10|210' is not of the form"),
    ],
)
def test_refused_helpers(call: Any, message: str) -> None:
    with pytest.raises(InvalidValueError, match=f"^{re.escape(message)}"):
        call()


def test_errors_survive_a_process_pool() -> None:
    for kind in (RefusedQueryError, PositionError, NoQueryYetError):
        assert str(pickle.loads(pickle.dumps(kind("why")))) == "why"


# -- in the reference's place


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
    page = (ROOT / "docs" / "compat.md").read_text(encoding="utf-8")
    examples = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(examples) == 2
    namespace: dict[str, Any] = {}
    for example in examples:
        exec(example, namespace)
    assert namespace["results"]["final_accs"] == [55.121, 65.5]


def test_numpys_scalars_never_stay_in_results(api: NASHPOBench2API) -> None:
    import numpy as np

    api.query_by_key(np.str_("0|10|210"), np.float64(0.1), np.int64(256), seed=np.int64(api.seeds[-1]))
    api.query_by_key("010210", np.float32(0.1), 256)
    assert json.loads(json.dumps(api.get_results()))["key_trans"] == [KEY, KEY]
    assert type(api.seed) is int
    api.set_seed(np.int64(api.seeds[0]))
    assert type(api.seed) is int
    assert api.get_idx_from_key({**KEY, "cellcode": "010210"}) == api.get_idx_from_key(KEY)
    assert set_ith_op("010210", 5, 3) == set_ith_op("0|10|210", 5, 3)
    assert get_ith_op("010210", 1) == get_ith_op("0|10|210", 1) == 1
