"""The published format with 48 rows, by hand: one class, and numbers that say where they stand.

An accuracy reads ``<tens><units>.<epoch><seed>``: tens = rank of the learning rate (1..8, as 0.003125 … 0.4), units =
rank of the batch size (1..6, as 16 … 512), two digits of the epoch, the seed's rank (1..3). Validation with lr 0.1,
batch size 256, after 7 epochs, seed 555 is 65.072. Training is 10 points above, test 10 points below; the expectation
at 200 epochs is ``<tens><units>.5``.

An epoch takes as many seconds of training as the batch size's rank, 0.5 s of validation and 0.25 s of test. The stored
totals are 0.125 s more than their parts, to see which is used.
"""

from __future__ import annotations

from itertools import product
from typing import Any

from nhb2_plugins.space import BATCH_SIZES, CELLCODES, LEARNING_RATES

HASH = "only-class"
SEEDS = (222, 555, 888)
_ABOVE_VALIDATION = {"train": 1, "valid": 0, "test": -1}


def accuracy(split: str, lr: float, batch_size: int, epoch: int, seed: int) -> float:
    tens = LEARNING_RATES.index(lr) + 1 + _ABOVE_VALIDATION[split]
    units = BATCH_SIZES.index(batch_size) + 1
    return float(f"{tens}{units}.{epoch:02d}{SEEDS.index(seed) + 1}")


def epoch_seconds(split: str, batch_size: int) -> float:
    return {"train": float(BATCH_SIZES.index(batch_size) + 1), "valid": 0.5, "test": 0.25}[split]


def mini_bench12() -> dict[str, dict[tuple[Any, ...], Any]]:
    """The content of ``bench12.pkl``."""
    keys = [(HASH, lr, batch, seed) for seed, lr, batch in product(SEEDS, LEARNING_RATES, BATCH_SIZES)]
    bench: dict[str, dict[tuple[Any, ...], Any]] = {
        "lr": {key: key[1] for key in keys},
        "batch_size": {key: key[2] for key in keys},
        "seed": {key: key[3] for key in keys},
    }
    for split, epoch in product(_ABOVE_VALIDATION, range(1, 13)):
        bench[f"{split}_acc_{epoch - 1}"] = {key: accuracy(split, key[1], key[2], epoch, key[3]) for key in keys}
        bench[f"{split}_time_{epoch - 1}"] = {key: epoch_seconds(split, key[2]) for key in keys}
    for name, splits in (
        ("total_train_time", ("train",)),
        ("total_trainval_time", ("train", "valid")),
        ("total_test_time", ("test",)),
    ):
        bench[name] = {key: 12 * sum(epoch_seconds(split, key[2]) for split in splits) + 0.125 for key in keys}
    return bench


def mini_contents() -> dict[str, Any]:
    """The three files' contents, by name; made anew each time, so that a test may spoil them."""
    expected = {
        (HASH, lr, batch): float(f"{i}{j}.5")
        for (i, lr), (j, batch) in product(enumerate(LEARNING_RATES, 1), enumerate(BATCH_SIZES, 1))
    }
    return {
        "bench12.pkl": mini_bench12(),
        "cellinfo.pkl": {"hash": dict.fromkeys(CELLCODES, HASH)},
        "avgaccs200.pkl": {"avg_acc": expected},
    }
