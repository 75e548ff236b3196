"""A compact model of a table, and its expansion into every column of the schema.

A :class:`TableModel` holds what a surrogate has to say about a table as small integers: expected errors and costs, the
spread over seeds, the shapes of learning curves. :func:`synthesize` turns it into the columns. The expansion runs on
every user's machine and its result is identified by a digest, so it must give the same bytes on any processor, any
numpy and any number of threads. It therefore uses integer arithmetic, the exactly rounded operations of IEEE 754
(``+ - * /``, rounding to an integer) one array operation at a time, and the raw integer stream of Philox; everything
that needs a logarithm or a sum in no fixed order was settled when the model was made.

Units: errors and accuracies count images, ``ERROR_UNITS`` = 25,000 to 100 % (so one unit is 0.004 %); times are
milliseconds; shares, shapes and relative spreads are in 1/``SCALE``.
"""

from __future__ import annotations

import math
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nhb2_plugins.errors import TableError, TableNotFoundError
from nhb2_plugins.table.schema import CLASS_OF_CELL, EXPECTED_ACC_200, column_shapes

MODEL_FORMAT: Final = 2
ERROR_UNITS: Final = 25_000
CHANCE_ERROR: Final = 22_500
"""Error of a network that has learnt nothing: 90 %, in units of 1/25,000."""
TEST_IMAGES: Final = 10_000
SCALE: Final = 10_000
N_EPOCHS: Final = 12
N_HYPERPARAMETERS: Final = 48
N_CELLCODES: Final = 4_096
N_DEVIATES: Final = 4_096

Float = NDArray[np.float64]
Integer = NDArray[np.int64]

# One stream of raw integers per noise; the numbers are part of the format.
_STREAM_SEED_ERROR, _STREAM_CURVE, _STREAM_TRAIN, _STREAM_TEST, _STREAM_COST, _STREAM_EPOCH_TIME = range(6)


@dataclass(frozen=True, eq=False)
class TableModel:
    """Everything that determines a table, as integers. ``n_rows`` = classes × 48, in the schema's row order.

    Attributes:
        seeds: the training seeds, ascending.
        noise_seed: key of the random stream.
        created: ISO date on which the model was made.
        class_of_cell: (4096,), the row class of each cellcode in index order.
        error_mean: (n_rows,), expected validation error after 12 epochs, in 1/25,000.
        error_spread: (n_rows,), its standard deviation over seeds, in 1/25,000.
        deviate_kind: (n_rows,), which row of ``deviates`` the seeds' noise of the error is drawn from.
        cost_kind: (n_rows,), which one that of the cost is drawn from.
        deviates: (n_kinds, 4096), quantiles of unit-variance distributions, in 1/10,000; the first is normal.
        curve_kind: (n_rows,), which learning curve a row follows.
        curve_shape: (n_curves, 48, 12), the part of the way from chance to the final error that is still to go after
            each epoch, in 1/10,000; 0 after the last.
        curve_noise: (48, 12), standard deviation of the validation error after an epoch around its curve, in 1/25,000.
        train_ratio: (48, 12), training error over validation error, in 1/10,000.
        test_ratio: (48, 12), test error over validation error, in 1/10,000.
        split_noise: (2,), standard deviation of what the training (first) and the test error add of their own, as a
            fraction of the validation error, in 1/10,000.
        expected_error_200: (n_rows,), expected test error after 200 epochs, in 1/100,000.
        cost_mean: (n_rows,), train + validation time of 12 epochs, in ms.
        cost_spread: (n_rows,), its relative standard deviation over seeds, in 1/10,000.
        valid_share: (n_rows,), the part of ``cost_mean`` that is validation, in 1/10,000.
        test_share: (n_rows,), test time over validation time, in 1/10,000.
        epoch_jitter: (1,), relative standard deviation of one epoch's time, in 1/10,000.
    """

    seeds: tuple[int, ...]
    noise_seed: int
    created: str
    class_of_cell: Integer
    error_mean: Integer
    error_spread: Integer
    deviate_kind: Integer
    cost_kind: Integer
    deviates: Integer
    curve_kind: Integer
    curve_shape: Integer
    curve_noise: Integer
    train_ratio: Integer
    test_ratio: Integer
    split_noise: Integer
    expected_error_200: Integer
    cost_mean: Integer
    cost_spread: Integer
    valid_share: Integer
    test_share: Integer
    epoch_jitter: Integer

    def __post_init__(self) -> None:
        _check_model(self)

    @property
    def n_rows(self) -> int:
        """Number of (class, learning rate, batch size) rows."""
        return len(self.error_mean)

    @property
    def n_classes(self) -> int:
        """Number of row classes."""
        return self.n_rows // N_HYPERPARAMETERS


_SCALARS: Final = ("seeds", "noise_seed", "created")
ARRAY_FIELDS: Final = tuple(field.name for field in fields(TableModel) if field.name not in _SCALARS)
_PER_ROW: Final = (
    "error_mean",
    "error_spread",
    "deviate_kind",
    "cost_kind",
    "curve_kind",
    "expected_error_200",
    "cost_mean",
    "cost_spread",
    "valid_share",
    "test_share",
)
_UPPER_BOUND: Final = {
    "error_mean": CHANCE_ERROR,
    "error_spread": ERROR_UNITS,
    "expected_error_200": 100_000,
    "valid_share": SCALE,
    "curve_shape": SCALE,
}


def _check_model(model: TableModel) -> None:
    if not model.seeds or list(model.seeds) != sorted(set(model.seeds)):
        raise TableError(f"seeds {model.seeds!r} are not ascending and distinct")
    n_rows = len(model.error_mean)
    if n_rows == 0 or n_rows % N_HYPERPARAMETERS:
        raise TableError(f"{n_rows} rows are not a positive multiple of {N_HYPERPARAMETERS}")
    n_kinds, n_curves = len(model.deviates), len(model.curve_shape)
    shapes: dict[str, tuple[int, ...]] = {
        **dict.fromkeys(_PER_ROW, (n_rows,)),
        "class_of_cell": (N_CELLCODES,),
        "deviates": (n_kinds, N_DEVIATES),
        "curve_shape": (n_curves, N_HYPERPARAMETERS, N_EPOCHS),
        **dict.fromkeys(("curve_noise", "train_ratio", "test_ratio"), (N_HYPERPARAMETERS, N_EPOCHS)),
        "split_noise": (2,),
        "epoch_jitter": (1,),
    }
    upper = {
        **_UPPER_BOUND,
        **dict.fromkeys(("deviate_kind", "cost_kind"), n_kinds - 1),
        "curve_kind": n_curves - 1,
        "class_of_cell": n_rows // N_HYPERPARAMETERS - 1,
    }
    for name, shape in shapes.items():
        array = getattr(model, name)
        if array.shape != shape or array.dtype != np.int64:
            raise TableError(f"{name} is {array.dtype} of shape {array.shape}, not int64 of shape {shape}")
        if name != "deviates" and (array.min() < 0 or array.max() > upper.get(name, np.iinfo(np.int32).max)):
            raise TableError(f"{name} has a value outside 0..{upper.get(name, 'int32')}: {array.min()}..{array.max()}")
    if model.curve_shape[:, :, -1].any():
        raise TableError("curve_shape does not end at 0: a curve must reach its final error")


def save_model(path: Path, model: TableModel) -> None:
    """Write a model as one compressed ``.npz`` file; equal models give equal files with the same zlib."""
    arrays: dict[str, NDArray[Any]] = {
        "format": np.array([MODEL_FORMAT], dtype="<i4"),
        "seeds": np.array(model.seeds, dtype="<i8"),
        "noise_seed": np.array([model.noise_seed], dtype="<i8"),
        "created": np.array([model.created], dtype="<U10"),
        **{name: narrowed(getattr(model, name)) for name in ARRAY_FIELDS},
    }
    with path.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def narrowed(array: Integer) -> NDArray[Any]:
    """The array in the smallest of the integer types that holds it (little-endian)."""
    low, high = int(array.min()), int(array.max())
    for dtype in ("u1", "<u2", "<i2", "<i4"):
        bounds = np.iinfo(dtype)
        if bounds.min <= low and high <= bounds.max:
            return array.astype(dtype)
    raise TableError(f"a model's values {low}..{high} do not fit 32 bits")


def load_model(path: Path) -> TableModel:
    """Read a model written by :func:`save_model`.

    Raises:
        TableNotFoundError: there is no such file.
        TableError: the file is damaged, of another format, or a value in it is out of range.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except FileNotFoundError as error:
        raise TableNotFoundError(f"there is no table model at {path}") from error
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, KeyError) as error:
        raise TableError(f"the table model {path} is damaged: {type(error).__name__}: {error}") from error
    missing = [name for name in ("format", *_SCALARS, *ARRAY_FIELDS) if name not in arrays]
    if missing:
        raise TableError(f"the table model {path} lacks {', '.join(missing)}")
    if arrays["format"].tolist() != [MODEL_FORMAT]:
        raise TableError(
            f"the table model {path} has format {arrays['format'].tolist()}; this version reads {MODEL_FORMAT}"
        )
    return TableModel(
        seeds=tuple(arrays["seeds"].tolist()),
        noise_seed=int(arrays["noise_seed"][0]),
        created=str(arrays["created"][0]),
        **{name: arrays[name].astype(np.int64) for name in ARRAY_FIELDS},
    )


def synthesize(model: TableModel) -> dict[str, NDArray[Any]]:
    """Every column of :func:`nhb2_plugins.table.schema.column_shapes`: percent and seconds, float64; int64 classes.

    A seed whose error reaches chance level has diverged: all its curves are flat at 10 %.
    """
    expansion = Expansion(model)
    return {name: expansion.column(name) for name in column_shapes(len(model.seeds), model.n_classes)}


class Expansion:
    """The columns of a model, each computed when it is asked for: one takes hundredths of a second.

    Args:
        model: what they are computed from.
    """

    def __init__(self, model: TableModel) -> None:
        self._model = model

    def column(self, name: str) -> NDArray[Any]:
        """A new array with a column of :func:`synthesize`."""
        model, (split, _, quantity) = self._model, name.partition("_")
        if name == EXPECTED_ACC_200:
            return np.asarray((100_000 - model.expected_error_200) / 1000.0)
        if name == CLASS_OF_CELL:
            return model.class_of_cell.copy()
        if quantity == "acc":
            return _accuracy(model, self._final_errors, split)
        if quantity == "time":
            return _times(model, split)
        return self._total(name)

    @cached_property
    def _final_errors(self) -> Integer:
        return _final_errors(self._model)

    def _total(self, name: str) -> Float:
        parts = ("train", "valid") if name == "total_trainval_time" else (name.split("_")[1],)
        total = np.zeros((len(self._model.seeds), self._model.n_rows))
        for split in parts:
            for seconds in _epoch_times(self._model, split):
                total += seconds
        return total


def _raw(model: TableModel, stream: int, n: int, skipped: int = 0) -> NDArray[np.uint64]:
    """``n`` integers of a stream, after the first few, whose number is a multiple of four."""
    key = np.array([model.noise_seed, stream], dtype=np.uint64)
    generator = np.random.Philox(key=key)
    generator.advance(skipped // 4)  # four integers a step
    return generator.random_raw(n)


def _deviates(
    model: TableModel, stream: int, shape: tuple[int, ...], kind: Integer | int = 0, *, skipped: int = 0
) -> Float:
    """Unit-variance deviates of an array's shape; ``kind`` selects the distribution (broadcast over the last axis)."""
    raw = _raw(model, stream, math.prod(shape), skipped)
    raw >>= np.uint64(52)
    positions = raw.view(np.int64).reshape(shape)
    if isinstance(kind, int):
        return np.take(model.deviates[kind] / SCALE, positions)
    return np.asarray((model.deviates / SCALE)[kind, positions])


def _final_errors(model: TableModel) -> Integer:
    """Validation error after the last epoch, (n_seeds, n_rows), in 1/25,000."""
    shape = (len(model.seeds), model.n_rows)
    noise = _deviates(model, _STREAM_SEED_ERROR, shape, model.deviate_kind)
    spread = np.where(model.error_mean < CHANCE_ERROR, model.error_spread, 0)
    errors = np.rint(model.error_mean + noise * spread).astype(np.int64)
    return np.clip(errors, 0, CHANCE_ERROR)


def _accuracy(model: TableModel, final: Integer, split: str) -> Float:
    """Epoch by epoch, which holds a twelfth of the noise at once, and in place: new memory takes as long as numbers."""
    units = TEST_IMAGES if split == "test" else ERROR_UNITS
    diverged = final >= CHANCE_ERROR
    column = np.empty((N_EPOCHS, *final.shape))
    for epoch, error in enumerate(_validation_errors(model, final)):
        if split != "valid":
            error *= _ratio(model, split, epoch, final.shape)
        error *= units / ERROR_UNITS
        images = np.rint(error, out=error)
        images[diverged] = 0.9 * units
        np.clip(images, 0.0, 0.9 * units, out=images)
        accuracy = np.subtract(units, images, out=column[epoch])
        accuracy /= units
        accuracy *= 100.0
    return column


def _ratio(model: TableModel, split: str, epoch: int, shape: tuple[int, ...]) -> Float:
    """Another split's error after an epoch (0-based), over that of validation, with noise of its own."""
    stream, name, part = _OF_VALIDATION[split]
    ratio = _deviates(model, stream, shape, skipped=epoch * math.prod(shape))
    ratio *= model.split_noise[part]
    ratio /= SCALE
    ratio += np.tile(getattr(model, name)[:, epoch] / SCALE, model.n_classes)
    return ratio


_OF_VALIDATION: Final = {"train": (_STREAM_TRAIN, "train_ratio", 0), "test": (_STREAM_TEST, "test_ratio", 1)}
"""What makes another split's error of the validation error: a stream of noise, a ratio, and which noise's size."""


def _validation_errors(model: TableModel, final: Integer) -> Iterator[Float]:
    """Validation error after each epoch, (n_seeds, n_rows), in 1/25,000, not yet a whole number of images."""
    hyperparameters = np.arange(model.n_rows) % N_HYPERPARAMETERS
    to_go = (CHANCE_ERROR - final).astype(np.float64)
    share_to_go = to_go / CHANCE_ERROR
    for epoch in range(N_EPOCHS):
        error = to_go * (model.curve_shape[model.curve_kind, hyperparameters, epoch] / SCALE)
        error += final
        if epoch < N_EPOCHS - 1:
            noise = _deviates(model, _STREAM_CURVE, final.shape, skipped=epoch * final.size)
            noise *= np.tile(model.curve_noise[:, epoch], model.n_classes) * share_to_go
            error += noise
        # Noise is symmetric but the range is not: past chance level it is folded back, not cut off into a flat curve.
        yield np.minimum(error, 2.0 * CHANCE_ERROR - error, out=error)


def _times(model: TableModel, split: str) -> Float:
    """Epoch by epoch into the column: a list of them beside it would be held twice."""
    column = np.empty((N_EPOCHS, len(model.seeds), model.n_rows))
    for epoch, seconds in enumerate(_epoch_times(model, split)):
        column[epoch] = seconds
    return column


def _epoch_times(model: TableModel, split: str) -> Iterator[Float]:
    """Seconds of each epoch, (n_seeds, n_rows)."""
    shape = (len(model.seeds), model.n_rows)
    noise = _deviates(model, _STREAM_COST, shape, model.cost_kind)
    relative = noise * (model.cost_spread / SCALE)
    # Between half of the expected cost and three times it.
    total = np.rint(model.cost_mean * np.clip(1.0 + relative, 0.5, 3.0))
    valid = np.rint(total * (model.valid_share / SCALE))
    test = np.rint(valid * (model.test_share / SCALE))
    amounts = {"train": total - valid, "valid": valid, "test": test}
    return _split_over_epochs(model, amounts[split], skipped=list(amounts).index(split) * N_EPOCHS * total.size)


def _split_over_epochs(model: TableModel, amount: Float, *, skipped: int) -> Iterator[Float]:
    """Whole milliseconds that add up to ``amount``, in seconds."""
    begin, share = np.zeros_like(amount), amount / N_EPOCHS
    for epoch in range(1, N_EPOCHS + 1):
        end = amount
        if epoch < N_EPOCHS:
            end = _deviates(model, _STREAM_EPOCH_TIME, amount.shape, skipped=skipped + epoch * amount.size)
            end *= model.epoch_jitter[0] / SCALE
            end += epoch
            end *= share
            np.rint(end, out=end)
        seconds = np.subtract(end, begin, out=begin)
        np.maximum(seconds, 0.0, out=seconds)
        seconds /= 1000.0
        yield seconds
        begin = end
