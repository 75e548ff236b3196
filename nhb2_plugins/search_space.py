"""The joint space as a ConfigSpace definition, in five encodings, and the way back to a configuration.

- ``categorical``: every hyperparameter a categorical of its own values. BOHB's encoding (hpbandster refuses ordinals).
- ``ordinal``: learning rate and batch size keep their order. SMAC's encoding.
- ``integer``: learning rate and batch size as their ranks (0..7, 0..5), for models with a numeric kernel and
  frameworks that know no ordinals.
- ``digits``: all eight as integers, operations by their digits.
- ``unit``: all eight as floats from 0 to 1 (:mod:`nhb2_plugins.encoding` says how they are rounded).

Operations have no order and are categorical in the first three.

A part of the space (:class:`nhb2_plugins.subspace.Subspace`) is made of what ConfigSpace itself enforces: a fixed value
is a categorical with one choice, and one cellcode per isomorphism class a set of forbidden clauses on the six edges.
hpbandster knows no forbidden clauses: where its model's pick is forbidden, it falls back to a random configuration (and
``LadderBohb`` raises). For it and its like, ``whole_cells`` makes the six edges one categorical of cellcodes.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from ConfigSpace import (
    CategoricalHyperparameter,
    ConfigurationSpace,
    ForbiddenAndConjunction,
    ForbiddenInClause,
    OrdinalHyperparameter,
    UniformFloatHyperparameter,
    UniformIntegerHyperparameter,
)
from ConfigSpace.hyperparameters import Hyperparameter

from nhb2_plugins.arguments import checked_choice, checked_flag, checked_kind, checked_search_seed
from nhb2_plugins.encoding import CELL_NAME, NUMERIC_ENCODINGS, Encoding, checked_encoding, hyperparameter_choices
from nhb2_plugins.errors import InvalidValueError, MissingExtraError
from nhb2_plugins.files import read_regular, write_whole
from nhb2_plugins.space import BENCHMARK_NAME, CELLCODES, EDGE_NAMES, EDGES, OPERATIONS, cellcode_digits
from nhb2_plugins.subspace import WHOLE_SPACE, Subspace, checked_restriction

_SUFFIXES: Final = (".json", ".yaml", ".yml")

_Box = tuple[frozenset[int], ...]
"""A set of cellcodes: the digits that each of the six edges may have."""


def configuration_space(
    encoding: Encoding = "categorical",
    *,
    seed: int | None = None,
    restriction: Subspace | None = WHOLE_SPACE,
    whole_cells: bool = False,
) -> ConfigurationSpace:
    """The 196,608 configurations, or a part of them, as a ``ConfigSpace.ConfigurationSpace``.

    Args:
        encoding: see the module's docstring. It is stored in ``space.meta["encoding"]``.
        seed: seeds the space's own generator, 0 … 2³² − 1; None leaves it unseeded.
        restriction: the part of the space; by default, and for None (a YAML file's ``null``), all of it. What it
            restricts is in ``space.meta["restriction"]``.
        whole_cells: one categorical, ``cell``, of the cellcodes that are left, in the place of the six edges;
            ``space.meta["whole_cells"]`` says so.

    Raises:
        InvalidValueError: an unknown encoding, a seed, restriction or ``whole_cells`` that is none, or a part that
            leaves cells out under an encoding that has no cells.
    """
    part = WHOLE_SPACE if restriction is None else checked_restriction(restriction)
    return _space(encoding, seed, part, checked_flag("whole_cells", whole_cells), {})


def believed_configuration_space(
    encoding: Encoding,
    defaults: Mapping[str, Any],
    weights: Mapping[str, Sequence[float]],
    *,
    seed: int | None = None,
    restriction: Subspace = WHOLE_SPACE,
) -> ConfigurationSpace:
    """The space with default values, and with weights where hyperparameters are categorical.

    Args:
        encoding: see the module's docstring.
        defaults: a value by hyperparameter name.
        weights: of each value, in order, by hyperparameter name.
        seed: as :func:`configuration_space`.
        restriction: the part of the space. Where it leaves cells out, ``cell`` stands for the six edges.

    Raises:
        InvalidValueError: as :func:`configuration_space`.
    """
    beliefs = {name: {"default_value": defaults[name], "weights": weights[name]} for name in defaults}
    return _space(encoding, seed, checked_restriction(restriction), restriction.needs_whole_cells, beliefs)


def _space(
    encoding: Encoding, seed: int | None, part: Subspace, whole_cells: bool, beliefs: Mapping[str, dict[str, Any]]
) -> ConfigurationSpace:
    encoding = checked_encoding(encoding)
    seed = None if seed is None else checked_search_seed(seed, otherwise=", or None")
    meta: dict[str, Any] = {"benchmark": BENCHMARK_NAME, "encoding": encoding}
    if restricted := part.to_dict():
        meta["restriction"] = restricted
    if whole_cells:
        meta["whole_cells"] = True
    space = ConfigurationSpace(name=BENCHMARK_NAME, seed=seed, meta=meta)
    choices = hyperparameter_choices(encoding, part, whole_cells=whole_cells)
    space.add([_hyperparameter(encoding, name, values, beliefs.get(name, {})) for name, values in choices.items()])
    if part.needs_whole_cells and not whole_cells:
        space.add([_forbid(space, box) for box in _boxes_outside_one_per_class()])
    return space


def write_configuration_space(space: ConfigurationSpace, path: str | os.PathLike[str]) -> None:
    """Write a space as ConfigSpace does, to JSON or YAML (the file's name says which), and its ``meta`` beside.

    ``ConfigurationSpace.from_json`` and ``from_yaml`` read the same hyperparameters and clauses back, but not the
    ``meta``, which ConfigSpace 1.2 neither writes nor reads, and compares: such a space equals the written one only
    when its ``meta`` is set. :func:`read_configuration_space` does that. YAML is made of JSON's types here: ConfigSpace
    writes forbidden values as Python tuples, which it then refuses to read.

    Raises:
        InvalidValueError: not a space, not a path, or one that ends neither in ``.json`` nor in ``.yaml`` or ``.yml``.
        OSError: the file cannot be written.
    """
    checked_kind("space", space, ConfigurationSpace)
    target = _checked_path(path)
    is_json = _is_json(target)
    text = json.dumps({**space.to_serialized_dict(), "meta": space.meta}, indent=2) + "\n"
    if not is_json:
        text = _yaml().safe_dump(json.loads(text), sort_keys=False)
    write_whole(target, text)


def read_configuration_space(path: str | os.PathLike[str]) -> ConfigurationSpace:
    """The space in a file that :func:`write_configuration_space` wrote, ``meta`` included.

    Raises:
        InvalidValueError: as :func:`write_configuration_space`, or the file does not hold a space.
        OSError: the file cannot be read.
    """
    source = _checked_path(path)
    load = json.loads if _is_json(source) else _yaml().safe_load
    text = read_regular(source)
    try:
        content = dict(load(text.decode()))
        space = ConfigurationSpace.from_serialized_dict({**content, "hyperparameters": content["hyperparameters"]})
    except Exception as error:  # of two parsers, and whatever ConfigSpace meets in a file of another kind
        raise InvalidValueError(f"{source} does not hold a search space: {type(error).__name__}: {error}") from error
    space.meta = content.get("meta")
    return space


def _checked_path(path: str | os.PathLike[str]) -> Path:
    if not isinstance(path, str | os.PathLike):
        raise InvalidValueError(f"path {path!r:.80} is not the name of a file")
    return Path(path)


def _is_json(path: Path) -> bool:
    checked_choice(f"ending of {path.name!r}:", path.suffix, _SUFFIXES)
    return path.suffix == ".json"


def _yaml() -> Any:
    try:
        import yaml
    except ImportError as error:
        raise MissingExtraError("YAML needs PyYAML: pip install pyyaml; JSON needs nothing") from error
    return yaml


def _hyperparameter(
    encoding: Encoding, name: str, values: Sequence[Any], belief: Mapping[str, Any]
) -> Hyperparameter[Any, Any]:
    is_named = name in (*EDGE_NAMES, CELL_NAME) and encoding not in NUMERIC_ENCODINGS
    if encoding == "categorical" or is_named or len(values) == 1:
        return CategoricalHyperparameter(name, values, **belief)
    default = belief.get("default_value")
    if encoding == "ordinal":
        return OrdinalHyperparameter(name, values, default_value=values[0] if default is None else default)
    if encoding == "unit":
        return UniformFloatHyperparameter(name, lower=0.0, upper=1.0, default_value=default)
    return UniformIntegerHyperparameter(name, lower=values[0], upper=values[-1], default_value=default)


def _forbid(space: ConfigurationSpace, box: _Box) -> ForbiddenAndConjunction | ForbiddenInClause:
    clauses = [
        ForbiddenInClause(space[name], [OPERATIONS[digit] for digit in sorted(digits)])
        for name, digits in zip(EDGE_NAMES, box, strict=True)
        if len(digits) < len(OPERATIONS)
    ]
    return clauses[0] if len(clauses) == 1 else ForbiddenAndConjunction(*clauses)


@lru_cache(maxsize=1)
def _boxes_outside_one_per_class() -> tuple[_Box, ...]:
    """The 3,085 cellcodes that are not canonical, as few boxes: ConfigSpace asks every clause for every draw."""
    kept = set(Subspace(one_per_class=True).cellcodes)
    boxes: set[_Box] = {
        tuple(frozenset({digit}) for digit in cellcode_digits(code)) for code in CELLCODES if code not in kept
    }
    for edge in reversed(range(len(EDGES))):
        boxes = set(_merged(boxes, edge))
    return tuple(sorted(boxes, key=lambda box: [sorted(digits) for digits in box]))


def _merged(boxes: set[_Box], edge: int) -> Iterator[_Box]:
    """Boxes that differ at one edge alone, united there."""
    united: dict[tuple[_Box, _Box], frozenset[int]] = {}
    for box in boxes:
        rest = box[:edge], box[edge + 1 :]
        united[rest] = united.get(rest, frozenset()) | box[edge]
    return ((*before, digits, *after) for (before, after), digits in united.items())
