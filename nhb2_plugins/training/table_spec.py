"""What a table is trained from: typed YAML.

::

    name: digits
    data: digits                      # or CIFAR-10's directory, or an .npz file, relative to this file
    configurations:
      cells: [0|10|210, 2|20|202]     # each at all learning rates and batch sizes, where none are given
    seeds: [222]
    together: 8                       # train so many of one batch size at once
    network: {channels: [4, 8, 16], cells_per_stage: 1}
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

import numpy as np
from pydantic import Field, ValidationError, field_validator, model_validator

from nhb2_plugins.benchmark import open_benchmark
from nhb2_plugins.campaign.keys import Flag, Keys, Number, WholeNumber
from nhb2_plugins.campaign.spec import Restriction
from nhb2_plugins.campaign.wrong_values import explain_wrong_values
from nhb2_plugins.campaign.yaml_text import read_keys
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.fidelity import SCHEDULE_EPOCHS
from nhb2_plugins.landscape.pareto import front_indices
from nhb2_plugins.space import BATCH_SIZES, LEARNING_RATES, N_CONFIGURATIONS, Configuration, parse_cellcode
from nhb2_plugins.table.reference.public_records import shipped_records
from nhb2_plugins.training.sources import DIGITS
from nhb2_plugins.training.task import AUTHORS_SEEDS, Execution, NetworkOptions, Precision, TrainingTask


class TableSpecError(InvalidValueError):
    """A specification of a table cannot be used."""


class Sample(Keys):
    """So many of the configurations, drawn without replacement."""

    n: int = Field(ge=1, strict=True)
    seed: int = Field(default=0, ge=0, strict=True)


class ConfigurationsSpec(Keys):
    """Which configurations are trained: one of the first five, and a sample of it where one is asked for.

    Attributes:
        cells: cellcodes, each at ``lrs`` × ``batch_sizes``.
        listed: whole configurations: cellcode, learning rate, batch size.
        restriction: a part of the space.
        public: those with public records (1,232 and more of the real table's first seed).
        front: those on the Pareto front of error and cost of the table in use.
        lrs: learning rates of ``cells``; all where not given.
        batch_sizes: likewise.
        sample: train only so many of them.
    """

    cells: tuple[str, ...] | None = None
    listed: tuple[tuple[str, Number, WholeNumber], ...] | None = None
    restriction: Restriction | None = None
    public: Flag = False
    front: Flag = False
    lrs: tuple[Number, ...] = LEARNING_RATES
    batch_sizes: tuple[WholeNumber, ...] = BATCH_SIZES
    sample: Sample | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        ways = [name for name in _WAYS if getattr(self, name) not in (None, False)]
        if len(ways) != 1:
            raise InvalidValueError(f"exactly one of {', '.join(_WAYS)} says which, and not {ways or 'none'}")
        if not (self.public or self.front):
            _ = self.configurations()  # the values are in the space
        return self

    def configurations(self) -> tuple[Configuration, ...]:
        """Them, each once, in index order.

        Raises:
            InvalidValueError: a value that is not in the space.
            TableError: the table in use cannot be opened (``front``).
        """
        indices = np.unique(np.fromiter((each.index for each in self._all()), dtype=np.int64))
        if self.sample is not None:
            rng = np.random.default_rng(self.sample.seed)
            indices = np.sort(rng.choice(indices, min(self.sample.n, len(indices)), replace=False))
        return tuple(map(Configuration.from_index, indices))

    def _all(self) -> Iterable[Configuration]:
        if self.cells is not None:
            cells = [parse_cellcode(cell) for cell in self.cells]
            return (Configuration(*each) for each in product(cells, self.lrs, self.batch_sizes))
        if self.listed is not None:
            return (Configuration(parse_cellcode(cell), lr, size) for cell, lr, size in self.listed)
        if self.restriction is not None:
            return map(Configuration.from_index, self.restriction.subspace.indices)
        return map(Configuration.from_index, shipped_records().indices if self.public else _front())


_WAYS: Final = ("cells", "listed", "restriction", "public", "front")


def _front() -> Iterable[int]:
    accuracies, costs = open_benchmark().evaluate_many(np.arange(N_CONFIGURATIONS))
    return front_indices(100 - accuracies, costs).tolist()


class NetworkSpec(Keys):
    """Sizes of the network, where not the benchmark's."""

    channels: tuple[Annotated[int, Field(ge=1, strict=True)], ...] = Field(default=(16, 32, 64), min_length=1)
    cells_per_stage: int = Field(default=5, ge=1, strict=True)
    pool_counts_padding: Flag = True
    outer_biases: Flag = True


class ExecutionSpec(Keys):
    """How to compute, as :class:`~nhb2_plugins.training.task.Execution`."""

    device: str = "cpu"
    precision: Precision = "float32"
    deterministic: Flag = False
    tf32: Flag = False
    channels_last: Flag = False
    compiles: Flag = False
    prune_dead: Flag = False
    evaluation_batch_size: int | None = Field(default=None, ge=1, strict=True)

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        self.options()
        return self

    def options(self) -> Execution:
        """As training takes them."""
        return Execution(**self.model_dump())


class TableSpec(Keys):
    """A whole table.

    Attributes:
        name: a short name; the default directory is called after it.
        data: ``digits``, or a place, relative to the specification's file.
        configurations: what is trained.
        seeds: with each of them, each once.
        epochs: length of the schedule, 12 or 200: others could not be exported.
        together: configurations of one batch size and seed that are trained at once; 1 for one after the other, whose
            times are those of a run alone.
        network: sizes.
        execution: how to compute.
    """

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")
    data: str = Field(min_length=1)
    configurations: ConfigurationsSpec
    seeds: tuple[Annotated[int, Field(ge=0, lt=2**63, strict=True)], ...] = Field(default=AUTHORS_SEEDS, min_length=1)
    epochs: Literal[12, 200] = SCHEDULE_EPOCHS
    together: int = Field(default=1, ge=1, strict=True)
    network: NetworkSpec = NetworkSpec()
    execution: ExecutionSpec = ExecutionSpec()

    @field_validator("seeds")
    @classmethod
    def _each_once(cls, seeds: tuple[int, ...]) -> tuple[int, ...]:
        if repeated := [seed for seed in seeds if seeds.count(seed) > 1]:
            raise InvalidValueError(f"{repeated[0]} is there twice")
        return seeds

    def groups(self, network: NetworkOptions) -> list[tuple[TrainingTask, ...]]:
        """What is trained, in the groups that are trained together; the longest first.

        Args:
            network: the specification's, with the data's channels and labels.
        """
        chosen = self.configurations.configurations()
        groups: list[tuple[TrainingTask, ...]] = []
        for batch_size, seed in product(sorted({each.batch_size for each in chosen}), self.seeds):
            tasks = [TrainingTask(each, seed, self.epochs, network) for each in chosen if each.batch_size == batch_size]
            groups += [tuple(tasks[start : start + self.together]) for start in range(0, len(tasks), self.together)]
        return groups

    def network_options(self) -> NetworkOptions:
        """Sizes, before the data say how many channels and labels."""
        return NetworkOptions(**self.network.model_dump())

    def identity(self, data_checksum: str) -> dict[str, Any]:
        """What a directory's runs have in common, as JSON gives it back; how many are trained together is not part."""
        kept = self.model_dump(mode="json", include={"epochs", "network", "execution"})
        return {"data": data_checksum, **kept}


def read_table_spec(path: Path) -> TableSpec:
    """Read a specification.

    Raises:
        TableSpecError: no such file, not YAML, or not a specification; every wrong key is named.
    """
    try:
        spec = TableSpec.model_validate(read_keys(path, "a specification of a table", TableSpecError))
    except ValidationError as error:
        wrong = explain_wrong_values(error, TableSpec)
        raise TableSpecError(f"{path} is not a specification of a table: {wrong}") from error
    if spec.data == DIGITS:
        return spec
    return spec.model_copy(update={"data": str(path.resolve().parent / spec.data)})
