"""A campaign's specification: typed YAML.

A specification and a seed decide a run; two equal specifications on one table give the same bytes (wall-clock fields
aside).
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    field_validator,
    model_validator,
)

from nhb2_plugins.arguments import MAX_SEARCH_SEED
from nhb2_plugins.budget import Crossing, Overhead
from nhb2_plugins.campaign.keys import Flag, Keys, Number, WholeNumber, refuse_truth_value
from nhb2_plugins.campaign.wrong_values import explain_wrong_values
from nhb2_plugins.campaign.yaml_text import read_keys
from nhb2_plugins.campaign_directory import LONGEST_LABEL
from nhb2_plugins.charging import Charging
from nhb2_plugins.errors import CampaignError, InvalidValueError, describe_choices
from nhb2_plugins.fidelity import LONG_EPOCHS, SCHEDULE_EPOCHS, FidelityLadder, checked_epoch, is_same_budget
from nhb2_plugins.objectives import ERROR_PCT, checked_search_objectives
from nhb2_plugins.optimizers.registry import check_ladder, check_takes, registration
from nhb2_plugins.simulation import MOST_WORKERS
from nhb2_plugins.space import parse_cellcode
from nhb2_plugins.subspace import WHOLE_SPACE, Subspace
from nhb2_plugins.table.embedded import embedded_draws
from nhb2_plugins.table.location import expanded_user, shipped_directories
from nhb2_plugins.text_table import printable

SHIPPED_DIRECTORIES: Final = shipped_directories("configs")
"""Where shipped specifications are: package data in an installed wheel, ``configs/`` in a checkout."""

QUICKSTART: Final = "quickstart"
"""The shipped specification that runs when none is named."""

MOST_RUNS: Final = 200_000
"""Runs that one campaign may have: their plans alone are held in memory."""

NAMED_TABLES: Final = ("embedded", "imported")
"""Tables that a specification can name without saying where they are."""

_LONGEST_NAME: Final = 100
_LONGEST_SLUG: Final = 60  # of up to four bytes each; a name has 255
_NUMBER: Final = "number"
_LIST: Final = "list"
_RULE: Final = "rule"
_WORD: Final = "word"
_KINDS: Final = (_NUMBER, _LIST, _RULE, _WORD)
"""Kinds of value that one key may have."""


def _kind(value: object) -> str:
    if isinstance(value, list | tuple):
        return _LIST
    if isinstance(value, str) and not _is_number(value):
        return _WORD
    return _RULE if isinstance(value, dict | HyperbandLadder) else _NUMBER


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _one_of(*allowed: str) -> Discriminator:
    """Decide by a value's kind what it is checked as, so that one error is told, and not one for every kind."""
    return Discriminator(lambda value: kind if (kind := _kind(value)) in allowed else allowed[0])


_Seed = Annotated[int, Field(ge=0, le=MAX_SEARCH_SEED, strict=True)]


class HyperbandLadder(Keys):
    """Hyperband's budgets ``max_epoch · eta^-k`` down to ``min_epoch``."""

    min_epoch: Number = Field(gt=0)
    max_epoch: Number = Field(gt=0)
    eta: Number = Field(default=3, gt=1)


class Restriction(Keys):
    """A part of the space, as :class:`~nhb2_plugins.subspace.Subspace`: nothing given is all of it."""

    cellcode: str | None = None
    lr: Number | None = None
    batch_size: WholeNumber | None = None
    one_per_class: Flag = False

    @field_validator("cellcode", mode="before")
    @classmethod
    def _as_written(cls, cellcode: object) -> object:
        if isinstance(cellcode, int) and not isinstance(cellcode, bool):
            raise InvalidValueError(f"cellcode {cellcode} is a number, as YAML reads digits: quote it, '0|10|210'")
        return parse_cellcode(cellcode) if isinstance(cellcode, str) else cellcode

    @model_validator(mode="after")
    def _is_there(self) -> Self:
        _ = self.subspace
        return self

    @property
    def subspace(self) -> Subspace:
        """As what the search spaces are built from."""
        return Subspace(**self.model_dump())


class OptimizerSpec(Keys):
    """One optimizer of a campaign.

    Attributes:
        algorithm: a registered name.
        label: its name in tables and figures; the algorithm's where not given.
        seeds: number of runs (seeds 0 … n-1), or the list of seeds.
        epoch: the fidelity searched at: 1..12, or 200.
        ladder: budgets in epochs, or Hyperband's rule; only for optimizers that choose among fidelities.
        settings: keyword arguments of the optimizer.
        budget_s: simulated seconds of its runs, where not the campaign's; ``unlimited`` for one that ends by itself.
        n_workers: simulated workers of its runs, where not the campaign's.
        charging: its charging policy, where not the campaign's.
        overhead: whether its own wall-clock time counts, where not as in the campaign.
        restriction: a part of the campaign's space that it alone is kept to, for example one cell.
    """

    algorithm: str
    label: str = Field(default="", max_length=LONGEST_LABEL)
    seeds: Annotated[
        Annotated[int, Field(ge=1, le=MOST_RUNS, strict=True), Tag(_NUMBER)]
        | Annotated[tuple[_Seed, ...], Field(min_length=1), Tag(_LIST)],
        _one_of(_NUMBER, _LIST),
    ]
    epoch: int = Field(default=SCHEDULE_EPOCHS, strict=True)
    ladder: (
        Annotated[
            Annotated[tuple[Number, ...], Field(min_length=1), Tag(_LIST)] | Annotated[HyperbandLadder, Tag(_RULE)],
            _one_of(_LIST, _RULE),
        ]
        | None
    ) = None
    settings: dict[str, Any] = Field(default_factory=dict)
    budget_s: (
        Annotated[
            Annotated[float, Field(gt=0, allow_inf_nan=False), BeforeValidator(refuse_truth_value), Tag(_NUMBER)]
            | Annotated[Literal["unlimited"], Tag(_WORD)],
            _one_of(_NUMBER, _WORD),
        ]
        | None
    ) = None
    n_workers: int | None = Field(default=None, ge=1, le=MOST_WORKERS, strict=True)
    charging: Charging | None = None
    overhead: Overhead | None = None
    restriction: Restriction = Restriction()

    @field_validator("algorithm")
    @classmethod
    def _known(cls, algorithm: str) -> str:
        registration(algorithm)
        return algorithm

    @field_validator("label")
    @classmethod
    def _can_be_shown(cls, label: str) -> str:
        if printable(label) != label:
            raise InvalidValueError(f"{printable(label)!r} holds characters that cannot be shown, here as their codes")
        if label and not label.strip():
            raise InvalidValueError(f"{label!r} shows nothing")
        return label

    @field_validator("seeds")
    @classmethod
    def _differ(cls, seeds: int | tuple[int, ...]) -> int | tuple[int, ...]:
        if isinstance(seeds, tuple) and len(set(seeds)) < len(seeds):
            raise InvalidValueError(f"seeds must differ, and {[s for s, n in Counter(seeds).items() if n > 1]} do not")
        return seeds

    @field_validator("epoch")
    @classmethod
    def _fidelity(cls, epoch: int) -> int:
        return checked_epoch(epoch)

    @model_validator(mode="after")
    def _ladder_fits(self) -> Self:
        check_ladder(self.algorithm, has_ladder=self.ladder is not None)
        _refuse_hidden_rungs(self.fidelity_ladder())
        if registration(self.algorithm).ladder == "always" and self.epoch != SCHEDULE_EPOCHS:
            raise InvalidValueError(
                f"algorithm {self.algorithm!r} searches at the epochs of its ladder, not at epoch {self.epoch}"
            )
        return self

    @model_validator(mode="after")
    def _ends(self) -> Self:
        ending = registration(self.algorithm).ending_setting
        if self.budget_s == "unlimited" and (ending is None or self.settings.get(ending) is None):
            needs = f"the setting {ending!r}" if ending else "a budget: it never ends by itself"
            raise InvalidValueError(f"an unlimited {self.algorithm!r} needs {needs}")
        return self

    @property
    def name(self) -> str:
        """The label, or the algorithm's name where there is none."""
        return self.label or self.algorithm

    @property
    def slug(self) -> str:
        """The name as a directory: its letters, of any script, and digits, as many as every file system takes."""
        words = re.sub(r"[\W_]+", "_", unicodedata.normalize("NFC", self.name).lower()).strip("_")
        return words[:_LONGEST_SLUG] or "optimizer"

    @property
    def seed_list(self) -> tuple[int, ...]:
        """The seeds, one a run."""
        return tuple(range(self.seeds)) if isinstance(self.seeds, int) else self.seeds

    def fidelity_ladder(self) -> FidelityLadder | None:
        """The ladder, where there is one."""
        if self.ladder is None:
            return None
        if isinstance(self.ladder, HyperbandLadder):
            return FidelityLadder.hyperband(self.ladder.min_epoch, self.ladder.max_epoch, self.ladder.eta)
        return FidelityLadder(self.ladder)


def _refuse_hidden_rungs(ladder: FidelityLadder | None) -> None:
    """A budget above 12 epochs is served by 12 or by 200, which can be far from what was written."""
    for budget, rung in () if ladder is None else zip(ladder.budgets, ladder.rungs, strict=True):
        if budget > SCHEDULE_EPOCHS and not is_same_budget(budget, rung):
            raise InvalidValueError(
                f"a budget of {budget:.6g} epochs would be served by {rung}: the fidelities are 1..{SCHEDULE_EPOCHS} "
                f"and {LONG_EPOCHS}, so write {rung}"
            )


def _check_searches_front(optimizer: OptimizerSpec) -> None:
    """Refuse an optimizer that knows one objective alone, or searches where the front is not measured."""
    check_takes(optimizer.algorithm, "objectives")
    ladder = optimizer.fidelity_ladder()
    top = optimizer.epoch if ladder is None else ladder.rungs[-1]
    if top != SCHEDULE_EPOCHS:
        raise InvalidValueError(
            f"{optimizer.name!r} searches at {top} epochs: several objectives are compared at {SCHEDULE_EPOCHS}"
        )


class CampaignSpec(Keys):
    """A whole campaign.

    Attributes:
        name: a short name; the default results directory is called after it.
        budget_s: simulated seconds of each run.
        n_workers: simulated workers of each run.
        charging: ``from_scratch``, ``continued`` or ``cached``.
        crossing: ``drop`` (what ends after the budget does not count) or ``count`` (as in the reference's loops).
        measure_epoch: what regret is measured in: validation error at 12 epochs, or expected test error at 200.
        overhead: ``none``, or ``measured``: the wall-clock time that an optimizer takes to propose stands on the
            simulated clock, so that no two runs are quite the same.
        restriction: the part of the space that the campaign is about; regret is to the best in it.
        objectives: what is minimised: the error alone, or two or three of :data:`nhb2_plugins.objectives.OBJECTIVES`.
            Regret is then what is missing to the hypervolume of the exact front, at 12 epochs.
        reference_point: up to where hypervolume counts, a value for each objective; where not given, the nadir of the
            exact front.
        max_evaluations: the most that a run evaluates, whatever is left of its budget; None for no limit.
        draws: runs on several of the embedded table's draws: seed s on draw s modulo this number, for every optimizer
            alike; None for its mean.
        table_seed: ``rotate``: the run of seed s answers from the table's training seed at s modulo their number, for
            every optimizer alike; None for its first.
        table: ``embedded``, ``imported`` (by ``nhb2 data import``, into the user's directory), or a table's directory,
            relative to the specification's file; where not given, the one that ``nhb2 info`` names.
        optimizers: what is compared.
    """

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", max_length=_LONGEST_NAME)
    budget_s: Number = Field(gt=0, allow_inf_nan=False)
    n_workers: int = Field(default=1, ge=1, le=MOST_WORKERS, strict=True)
    charging: Charging = "from_scratch"
    crossing: Crossing = "drop"
    measure_epoch: Literal[12, 200] = 12
    overhead: Overhead = "none"
    restriction: Restriction = Restriction()
    objectives: tuple[str, ...] = (ERROR_PCT,)
    reference_point: tuple[Annotated[Number, Field(allow_inf_nan=False)], ...] = ()
    max_evaluations: int | None = Field(default=None, ge=1, strict=True)
    draws: int | None = Field(default=None, ge=2, strict=True)
    table_seed: Literal["rotate"] | None = None
    table: str | None = Field(default=None, min_length=1)
    optimizers: tuple[OptimizerSpec, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _distinct_names(self) -> Self:
        slugs = [each.slug for each in self.optimizers]
        if len(set(slugs)) != len(slugs):
            same = [each.name for each, slug in zip(self.optimizers, slugs, strict=True) if slugs.count(slug) > 1]
            raise InvalidValueError(
                f"labels of optimizers must differ in their first {_LONGEST_SLUG} letters and digits, and {same} do not"
            )
        return self

    @model_validator(mode="after")
    def _draws_are_there(self) -> Self:
        if self.table_seed is not None:
            self._check_rotation()
        if self.draws is None:
            return self
        if self.table not in (None, "embedded"):
            raise InvalidValueError(f"draws {self.draws}: only the embedded table has draws, not table {self.table!r}")
        if self.draws > (most := embedded_draws()):
            raise InvalidValueError(f"draws {self.draws}: the embedded table has {most}")
        return self

    def _check_rotation(self) -> None:
        if self.draws is not None:
            raise InvalidValueError(f"table_seed and draws {self.draws} both go by the run's seed: name one of them")

    @property
    def is_on_several_tables(self) -> bool:
        """Whether what a run answers from depends on its seed."""
        return self.draws is not None or self.table_seed is not None

    @field_validator("objectives")
    @classmethod
    def _can_be_searched_for(cls, objectives: tuple[str, ...]) -> tuple[str, ...]:
        return checked_search_objectives(objectives)

    @model_validator(mode="after")
    def _objectives_are_measured(self) -> Self:
        if self.reference_point and len(self.reference_point) not in {len(self.objectives)} - {1}:
            raise InvalidValueError(
                f"reference_point {list(self.reference_point)!r} is not one number for each of several objectives, "
                f"which are {list(self.objectives)}"
            )
        if self.has_several_objectives:
            if self.measure_epoch != SCHEDULE_EPOCHS:
                raise InvalidValueError(
                    f"measure_epoch {self.measure_epoch}: several objectives are measured in validation error and cost "
                    f"at {SCHEDULE_EPOCHS} epochs"
                )
            for optimizer in self.optimizers:
                _check_searches_front(optimizer)
        return self

    @property
    def has_several_objectives(self) -> bool:
        """Whether regret is measured in hypervolume."""
        return len(self.objectives) > 1

    @model_validator(mode="after")
    def _is_not_endless(self) -> Self:
        n_runs = sum(each.seeds if isinstance(each.seeds, int) else len(each.seeds) for each in self.optimizers)
        if n_runs > MOST_RUNS:
            raise InvalidValueError(f"optimizers and seeds make {n_runs:,} runs, more than {MOST_RUNS:,}")
        return self

    @model_validator(mode="after")
    def _restrictions_meet(self) -> Self:
        for optimizer in self.optimizers:
            if self.restriction_of(optimizer) != WHOLE_SPACE:
                check_takes(optimizer.algorithm, "restriction")
        return self

    def with_seeds(self, n_seeds: int) -> CampaignSpec:
        """The same campaign with seeds 0 … n-1 for every optimizer.

        Raises:
            CampaignError: too many runs.
        """
        optimizers = [each.model_copy(update={"seeds": n_seeds}).model_dump() for each in self.optimizers]
        return checked_spec({**self.model_dump(), "optimizers": optimizers}, "the campaign with these seeds")

    def workers_of(self, optimizer: OptimizerSpec) -> int:
        """How many simulated workers an optimizer's runs have: its own number, or the campaign's."""
        return optimizer.n_workers or self.n_workers

    def budget_of(self, optimizer: OptimizerSpec) -> float | None:
        """Simulated seconds that an optimizer's runs have; None for no limit."""
        return None if optimizer.budget_s == "unlimited" else optimizer.budget_s or self.budget_s

    def restriction_of(self, optimizer: OptimizerSpec) -> Subspace:
        """The part of the space that an optimizer proposes from: the campaign's, and its own of that."""
        return self.restriction.subspace.restricted(optimizer.restriction.subspace)


def read_spec(path: str | Path) -> CampaignSpec:
    """Read a specification from a file, or a shipped one by its name (``quickstart``).

    Raises:
        CampaignError: no such file, not YAML, or not a specification; every wrong key is named with its value and what
            is allowed.
    """
    found = _find_spec(Path(path))
    spec = checked_spec(read_keys(found, "a campaign specification", CampaignError), str(found))
    if spec.table is None or spec.table in NAMED_TABLES:
        return spec
    return spec.model_copy(update={"table": str(found.resolve().parent / expanded_user(spec.table))})


def checked_spec(content: dict[str, Any], what: str) -> CampaignSpec:
    """The specification of a mapping of keys.

    Args:
        content: keys and values.
        what: named in errors.

    Raises:
        CampaignError: it is none; every wrong key is named with its value and what is allowed.
    """
    try:
        return CampaignSpec.model_validate(content)
    except ValidationError as error:
        wrong = explain_wrong_values(error, CampaignSpec, _KINDS)
        raise CampaignError(f"{what} is not a campaign specification: {wrong}") from error


def shipped_specs() -> list[str]:
    """Names of the specifications that come with this package."""
    names = {file.stem for directory in SHIPPED_DIRECTORIES for file in directory.glob("*.yaml")}
    return sorted(names)


def _find_spec(path: Path) -> Path:
    if path.exists() and not path.is_dir():  # a directory may be the results of a shipped one
        return path
    if path.parent == Path() and not path.suffix:
        for directory in SHIPPED_DIRECTORIES:
            if (directory / f"{path.name}.yaml").is_file():
                return directory / f"{path.name}.yaml"
    raise CampaignError(describe_choices(str(path), shipped_specs(), what="campaign") + ", nor a file")
