"""What importing costs: a framework is loaded by its own adapter and by nobody else."""

from __future__ import annotations

import ast
import importlib
import json
import pkgutil
from pathlib import Path

import pytest

import nhb2_plugins
from nhb2_plugins.testing.fresh_process import output_of
from tests.core_fixtures import needs

FRAMEWORKS = {
    "ConfigSpace",
    "dask",
    "distributed",
    "gdown",
    "hpbandster",
    "matplotlib",
    "nashpobench2api",
    "networkx",
    "optuna",
    "pandas",
    "pydantic",
    "rich",
    "scipy",
    "sklearn",
    "smac",
    "sqlalchemy",
    "torch",
    "yaml",
}
ELSEWHERE = ("carps", "dehb", "nevergrad", "ray", "syne_tune", "vizier")
"""Frameworks of `tox -e frameworks` and `tox -e dehb`, not of `all`: their adapters are imported by the tests there."""
PACKAGE = Path(nhb2_plugins.__file__).parent
MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(nhb2_plugins.__path__, "nhb2_plugins.")
    if not module.name.endswith(".__main__")
    and not module.name.startswith(tuple(f"nhb2_plugins.adapters.{framework}" for framework in ELSEWHERE))
    and not module.name.startswith("nhb2_plugins.training.")  # `tox -e torch`
)


def loaded_by(code: str) -> set[str]:
    """Which frameworks a fresh interpreter holds after running the code."""
    report = "import sys, json; print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    return FRAMEWORKS & set(json.loads(output_of(f"{code}\n{report}", hash_seed=0).splitlines()[-1]))


def test_the_report_sees_a_framework_that_is_loaded() -> None:
    assert "ConfigSpace" in loaded_by("import ConfigSpace")


def test_importing_the_package_loads_no_framework() -> None:
    assert loaded_by("import nhb2_plugins") == set()


def test_looking_up_loads_no_framework() -> None:
    code = """
import nhb2_plugins as nhb2
bench = nhb2.open_benchmark()
bench.evaluate(bench.oracle()[0], seed="mean")
bench.evaluate_many([1, 2])
nhb2.Cell("0|10|210").isomorphism_class
nhb2.TrajectoryLogger()
"""
    assert loaded_by(code) == set()


@pytest.mark.parametrize(
    ("code", "left_alone"),
    [
        ("nhb2.open_benchmark().evaluate(nhb2.Configuration.from_index(0))", {"cells", "problem", "trajectory"}),
        ("nhb2.TrajectoryLogger(), nhb2.simulate", {"exact", "trajectory.reader", "trajectory.run_file"}),
    ],
    ids=["lookup", "search"],
)
def test_what_is_not_asked_for_is_not_loaded(code: str, left_alone: set[str]) -> None:
    loaded = output_of(f"import sys, nhb2_plugins as nhb2; {code}; print(*sys.modules)", hash_seed=0).split()
    assert "nhb2_plugins.benchmark" in loaded
    assert left_alone & {name.removeprefix("nhb2_plugins.") for name in loaded} == set()


def test_type_checkers_see_what_is_loaded_late() -> None:
    told = {
        alias.name: node.module
        for block in ast.parse(Path(nhb2_plugins.__file__).read_text(encoding="utf-8")).body
        if isinstance(block, ast.If)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert told == {name: f"nhb2_plugins.{module}" for name, module in nhb2_plugins._LAZY.items()}
    for name, module in told.items():
        assert getattr(nhb2_plugins, name) is getattr(importlib.import_module(module), name)


def test_the_core_the_drop_in_and_the_command_line_load_no_framework() -> None:
    modules = ("encoding", "compat", "cli.main", "table.reference", "trajectory.reader", "optimizers.registry")
    assert loaded_by("\n".join(f"import nhb2_plugins.{module}" for module in modules)) == set()


@needs("optuna", "smac", "hpbandster")
@pytest.mark.parametrize(
    ("module", "loaded", "left_alone"),
    [
        ("configspace_adapter", {"ConfigSpace"}, {"optuna", "smac", "hpbandster"}),
        ("optuna_adapter", {"optuna"}, {"smac", "hpbandster", "ConfigSpace"}),
        ("smac_adapter", {"smac", "ConfigSpace"}, {"optuna", "hpbandster"}),
        ("bohb_adapter", set(), {"optuna", "smac", "hpbandster"}),
    ],
)
def test_an_adapter_loads_its_own_framework_and_no_other(module: str, loaded: set[str], left_alone: set[str]) -> None:
    found = loaded_by(f"import nhb2_plugins.adapters.{module}")
    assert found >= loaded
    assert found & left_alone == set()


@needs("optuna", "smac", "hpbandster")
@pytest.mark.parametrize("module", MODULES)
def test_every_module_can_be_imported(module: str) -> None:
    importlib.import_module(module)


def test_every_public_name_is_there_and_written_down() -> None:
    for name in nhb2_plugins.__all__:
        assert getattr(nhb2_plugins, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'nothing_of_this_name'"):
        _ = nhb2_plugins.nothing_of_this_name


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_module_imports_the_package_it_is_part_of(path: Path) -> None:
    """Importing the root from inside is how import cycles begin."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: a relative import"
            if node.module == "nhb2_plugins":
                names = {f"nhb2_plugins.{alias.name}" for alias in node.names}
                assert names <= {*MODULES, "nhb2_plugins.__version__"}, f"line {node.lineno}"
        if isinstance(node, ast.Import):
            assert "nhb2_plugins" not in {alias.name for alias in node.names}, f"line {node.lineno}"


@pytest.mark.parametrize(
    ("module", "late"),
    [
        ("nhb2_plugins", "configuration_space"),
        ("nhb2_plugins.training", "TrainedBenchmark"),
        pytest.param("nhb2_plugins.adapters.bohb_adapter", "BohbWorker", marks=needs("ConfigSpace")),
    ],
)
def test_every_public_name_is_listed(module: str, late: str) -> None:
    """For completion by tab, what is loaded when it is asked for included: in a fresh process, where it is not yet."""
    missing = "sorted(set(module.__all__) - set(dir(module)))"
    asked = f"import {module} as module; print({late!r} in vars(module), *{missing})"
    assert output_of(asked, hash_seed=0).split() == ["False"]
