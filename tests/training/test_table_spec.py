"""Specifications of tables: what they say, and what is wrong with them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from nhb2_plugins.space import Configuration
from nhb2_plugins.table.reference.public_records import shipped_records
from nhb2_plugins.training.table_spec import ConfigurationsSpec, TableSpec, TableSpecError, read_table_spec
from nhb2_plugins.training.task import Execution, NetworkOptions

SHIPPED = Path(__file__).parents[2] / "configs" / "tables" / "digits.yaml"


def written(directory: Path, **content: Any) -> Path:
    path = directory / "table.yaml"
    base = {"name": "x", "data": "digits", "configurations": {"cells": ["2|20|202"]}}
    path.write_text(yaml.safe_dump({**base, **content}))
    return path


def test_the_shipped_one_is_ten_cells_at_48_settings() -> None:
    spec = read_table_spec(SHIPPED)
    configurations = spec.configurations.configurations()
    assert len(configurations) == 480
    assert len({each.cellcode for each in configurations}) == 10
    assert spec.network_options() == NetworkOptions(channels=(4, 8, 16), cells_per_stage=1)
    assert spec.execution.options() == Execution(evaluation_batch_size=512)


def test_groups_are_of_one_batch_size_and_seed() -> None:
    configurations = ConfigurationsSpec(cells=("010210", "2|20|202"), lrs=(0.1, 0.2), batch_sizes=(16, 32))
    spec = TableSpec(name="x", data="digits", configurations=configurations, seeds=(1, 2), together=3)
    groups = spec.groups(NetworkOptions())
    assert [len(group) for group in groups] == [3, 1] * 4
    for group in groups:
        assert len({(task.configuration.batch_size, task.seed, task.epochs) for task in group}) == 1
    assert len({task.name for group in groups for task in group}) == 16


def test_every_way_to_say_which() -> None:
    def chosen(**content: Any) -> list[Configuration]:
        return list(ConfigurationsSpec(**content).configurations())

    assert chosen(listed=(("010210", 0.1, 256), ("0|10|210", 0.1, 256))) == [Configuration("0|10|210", 0.1, 256)]
    assert len(chosen(restriction={"lr": 0.1, "one_per_class": True})) == 6066
    assert [each.index for each in chosen(public=True)] == list(shipped_records().indices)
    front = chosen(front=True)
    assert 5 < len(front) < 100
    sampled = chosen(restriction={"lr": 0.1}, sample={"n": 7, "seed": 3})
    assert len(sampled) == 7
    assert all(each.lr == 0.1 for each in sampled)
    assert sampled == chosen(restriction={"lr": 0.1}, sample={"n": 7, "seed": 3})
    assert sampled != chosen(restriction={"lr": 0.1}, sample={"n": 7})
    assert len(chosen(cells=("2|20|202",), sample={"n": 1000})) == 48


def test_data_are_found_beside_the_file(tmp_path: Path) -> None:
    assert read_table_spec(written(tmp_path, data="cifar")).data == str(tmp_path / "cifar")
    assert read_table_spec(written(tmp_path, data="/somewhere")).data == "/somewhere"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"configurations": {}}, "exactly one of cells, listed, restriction, public, front"),
        ({"configurations": {"cells": ["010210"], "public": True}}, r"not \['cells', 'public'\]"),
        ({"configurations": {"cells": ["01021"]}}, "01021"),
        ({"configurations": {"cells": ["010210"], "lrs": [0.3]}}, "0.3"),
        ({"configurations": {"restriction": {"lr": 0.3}}}, "0.3"),
        ({"configurations": {"restriction": {"cellcode": 10210}}}, "cellcode 10210 is a number, .*: quote it"),
        ({"configurations": {"restriction": {"rl": 0.3}}}, "'rl' is not one of .*'lr'"),
        ({"configurations": {"public": True, "sample": {"m": 3}}}, "'m' is not one of 'n', 'seed'"),
        ({"network": {"channel": [1]}}, "'channel' is not one of .*'channels'"),
        ({"execution": {"precision": "float16"}}, "execution.precision: 'float16' is not one of 'float32', 'float64'"),
        ({"execution": {"device": "mps"}}, "execution: device 'mps' is not 'cpu', 'cuda' or a GPU"),
        ({"network": {"channels": [0]}}, r"network\.channels\.0"),
        ({"seeds": [-1]}, r"seeds\.0"),
        ({"seeds": [2**63]}, r"seeds\.0"),
        ({"seeds": [222, 555, 222]}, "seeds: 222 is there twice"),
        ({"epochs": 3}, "epochs: 3 is not one of 12, 200"),
        ({"together": 0}, "together"),
        ({"name": "a/b"}, "name: should be letters"),
        ({"more": 1}, "key 'more' is not one of 'name'"),
    ],
)
def test_says_which_key_is_wrong(content: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(TableSpecError, match=message):
        read_table_spec(written(tmp_path, **content))


@pytest.mark.parametrize("text", ["- 1", "a: [", "\0", "name: a\nname: b"])
def test_refuses_what_is_no_mapping(text: str, tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(text)
    with pytest.raises(TableSpecError, match=r"x\.yaml (cannot be read as YAML|holds no mapping)"):
        read_table_spec(tmp_path / "x.yaml")
    with pytest.raises(TableSpecError, match=r"nothing\.yaml cannot be read"):
        read_table_spec(tmp_path / "nothing.yaml")


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "table.yaml")
    with pytest.raises(TableSpecError, match="cannot be read as YAML: "):
        read_table_spec(tmp_path / "table.yaml")
