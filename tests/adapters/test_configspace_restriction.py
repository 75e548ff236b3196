"""Parts of the space as ConfigSpace and SMAC see them, and spaces as files."""

from __future__ import annotations

import sys
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from ConfigSpace import Configuration as Values
from ConfigSpace import ConfigurationSpace
from ConfigSpace.exceptions import ForbiddenValueError, IllegalValueError
from ConfigSpace.util import get_one_exchange_neighbourhood, get_random_neighbor
from smac import BlackBoxFacade, HyperbandFacade, HyperparameterOptimizationFacade, RandomFacade, Scenario

from nhb2_plugins.adapters.configspace_adapter import (
    ENCODINGS,
    Encoding,
    configuration_space,
    read_configuration_space,
    to_configuration,
    to_values,
    write_configuration_space,
)
from nhb2_plugins.adapters.smac_adapter import SmacReport, smac_budgets, smac_target
from nhb2_plugins.benchmark import Benchmark
from nhb2_plugins.errors import InvalidValueError, MissingExtraError
from nhb2_plugins.fidelity import FidelityLadder
from nhb2_plugins.space import CELLCODES, Configuration
from nhb2_plugins.subspace import Subspace
from tests.support.parts import PARTS

EXPORTED = Path(__file__).parents[2] / "configs" / "spaces"
encodings = pytest.mark.parametrize("encoding", ENCODINGS)
parts = pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)


@encodings
@parts
def test_nothing_outside_is_drawn(encoding: Encoding, part: Subspace) -> None:
    space = configuration_space(encoding, seed=0, restriction=part)
    drawn = [to_configuration(values, encoding) for values in space.sample_configuration(300)]
    assert all(each in part for each in drawn)
    assert len(set(drawn)) > min(200, part.size // 2)
    assert to_configuration(space.get_default_configuration(), encoding) in part


@encodings
@parts
def test_neighbours_stay_inside(encoding: Encoding, part: Subspace) -> None:
    space = configuration_space(encoding, seed=0, restriction=part)
    for seed, values in enumerate(space.sample_configuration(5)):
        near = islice(get_one_exchange_neighbourhood(values, seed), 40)
        assert all(to_configuration(each, encoding) in part for each in near)
        assert to_configuration(get_random_neighbor(values, seed), encoding) in part


@encodings
def test_exactly_the_canonical_codes_are_legal(encoding: Encoding) -> None:
    part = PARTS["classes"]
    space = configuration_space(encoding, restriction=part)
    legal = []
    for code in CELLCODES:
        try:
            Values(space, values=to_values(Configuration(code, 0.1, 64), encoding)).check_valid_configuration()
        except ForbiddenValueError:
            continue
        legal.append(code)
    assert tuple(legal) == part.cellcodes


@encodings
@parts
def test_whole_cells_stand_for_the_edges(encoding: Encoding, part: Subspace, tmp_path: Path) -> None:
    space = configuration_space(encoding, seed=0, restriction=part, whole_cells=True)
    assert set(space) == {"cell", "lr", "batch_size"}
    assert space.estimate_size() == part.size
    assert all(to_configuration(values, encoding) in part for values in space.sample_configuration(100))
    member = Configuration(part.cellcodes[-1], part.learning_rates[0], part.batch_sizes[-1])
    Values(space, values=to_values(member, encoding, whole_cells=True)).check_valid_configuration()
    write_configuration_space(space, tmp_path / "space.json")
    assert read_configuration_space(tmp_path / "space.json") == space


def test_a_value_that_is_not_the_fixed_one_is_illegal() -> None:
    space = configuration_space("ordinal", restriction=PARTS["lr"])
    with pytest.raises(IllegalValueError):
        Values(space, values=to_values(Configuration("0|10|210", 0.2, 64), "ordinal"))


@pytest.mark.parametrize(("part", "restricted"), [(PARTS["lr"], {"lr": 0.1}), (None, None), (Subspace(), None)])
def test_the_restriction_is_in_the_metadata(part: Subspace | None, restricted: dict[str, Any] | None) -> None:
    assert configuration_space(restriction=part).meta.get("restriction") == restricted


@pytest.mark.slow
@pytest.mark.parametrize("facade", [HyperparameterOptimizationFacade, BlackBoxFacade, RandomFacade])
@pytest.mark.parametrize("part", [PARTS["hyperparameters"], PARTS["classes-at-lr"]], ids=["fixed", "classes"])
def test_smac_stays_inside(bench: Benchmark, tmp_path: Path, facade: Any, part: Subspace) -> None:
    target = smac_target(bench)
    space = configuration_space("ordinal", seed=0, restriction=part)
    scenario = Scenario(space, output_directory=tmp_path, deterministic=True, seed=0, n_trials=14)
    size = {} if facade is RandomFacade else {"n_configs": 8}  # fewer than SMAC's own, so that its model proposes, too
    design = facade.get_initial_design(scenario, **size)
    facade(scenario, target, initial_design=design, callbacks=[SmacReport(target)], logging_level=False).optimize()
    records = target.run.logger.records
    assert len(records) == 14
    assert all(record.configuration in part for record in records)


@pytest.mark.slow
def test_smac_with_budgets_stays_inside(bench: Benchmark, tmp_path: Path) -> None:
    part, ladder = PARTS["classes-at-lr"], FidelityLadder.hyperband(1, 12, eta=3)
    target, budgets = smac_target(bench, ladder), smac_budgets(ladder)
    scenario = Scenario(
        configuration_space("ordinal", seed=0, restriction=part),
        output_directory=tmp_path,
        deterministic=True,
        n_trials=30,
        min_budget=budgets.min_budget,
        max_budget=budgets.max_budget,
    )
    intensifier = HyperbandFacade.get_intensifier(scenario, eta=budgets.eta)  # type: ignore[arg-type]
    HyperbandFacade(
        scenario, target, intensifier=intensifier, callbacks=[SmacReport(target)], logging_level=False
    ).optimize()
    assert len(target.run.logger) == 30
    assert all(record.configuration in part for record in target.run.logger.records)


# -- files


def without_meta(space: ConfigurationSpace) -> ConfigurationSpace:
    space.meta = None
    return space


@encodings
@parts
@pytest.mark.parametrize("ending", ["json", "yaml", "yml"])
def test_a_space_is_read_back_equal(encoding: Encoding, part: Subspace, ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"space.{ending}"
    space = configuration_space(encoding, restriction=part)
    write_configuration_space(space, path)
    assert read_configuration_space(path) == space
    by_configspace = ConfigurationSpace.from_json if ending == "json" else ConfigurationSpace.from_yaml
    assert by_configspace(path) == without_meta(space)


@encodings
@pytest.mark.parametrize("name", ["{}.json", "{}.yaml", "{}-one-per-class.json"])
def test_the_committed_files_are_the_spaces(encoding: Encoding, name: str) -> None:
    part = Subspace(one_per_class="one-per-class" in name)
    assert read_configuration_space(EXPORTED / name.format(encoding)) == configuration_space(encoding, restriction=part)


def test_every_committed_file_is_tested() -> None:
    assert len(list(EXPORTED.iterdir())) == 9


def test_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidValueError, match=r"ending of 'space.txt': '.txt' is not one of '.json'"):
        write_configuration_space(configuration_space(), tmp_path / "space.txt")
    assert not list(tmp_path.iterdir())


def test_yaml_names_the_package_that_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(MissingExtraError, match="pip install pyyaml"):
        write_configuration_space(configuration_space(), tmp_path / "space.yaml")
    assert not list(tmp_path.iterdir())
    write_configuration_space(configuration_space(), tmp_path / "space.json")


@pytest.mark.parametrize("ending", ["json", "yaml"])
def test_configspaces_own_readers_lack_but_the_metadata(ending: str, tmp_path: Path) -> None:
    space = configuration_space("ordinal", restriction=Subspace(one_per_class=True))
    path = tmp_path / f"space.{ending}"
    write_configuration_space(space, path)
    read = {"json": ConfigurationSpace.from_json, "yaml": ConfigurationSpace.from_yaml}[ending](path)
    assert read.meta is None
    read.meta = space.meta
    assert read == space
