"""Makes nhb2_plugins/table/reference/public_records.json, and the marks of a test, from a file of public records.

    pip install .
    python data/build_public_digest.py RECORDS.csv

The file has the columns cellcode, lr, batch_size, valid_error_pct (100 - validation accuracy after 12 epochs) and
cost_s (training and validation seconds of these epochs). Only the configurations' indices and one digest of the values
are written; and for tests/table/test_published_marks.py four bits of a digest of each value, which tell whether a table
holds it but not what it is.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
from pathlib import Path

from nhb2_plugins.space import Configuration
from nhb2_plugins.table.reference.public_records import PublicRecords

ROOT = Path(__file__).parents[1]
OUTPUT = ROOT / "nhb2_plugins" / "table" / "reference" / "public_records.json"
MARKS = ROOT / "tests" / "table" / "published_marks.json"


def read_records(path: Path) -> dict[int, tuple[float, float]]:
    """Records by configuration index; a configuration recorded twice must have the same values."""
    records: dict[int, tuple[float, float]] = {}
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            configuration = Configuration(row["cellcode"], float(row["lr"]), int(row["batch_size"]))
            record = float(row["valid_error_pct"]), float(row["cost_s"])
            if records.setdefault(configuration.index, record) != record:
                raise SystemExit(f"{configuration} has two records: {records[configuration.index]} and {record}")
    return records


def mark(index: int, value: float) -> str:
    """Four bits of a value's digest, as a hexadecimal digit: one value in sixteen has the same."""
    return hashlib.sha256(f"{index}:{value:.3f}".encode()).hexdigest()[0]


def marks_of(records: dict[int, tuple[float, float]]) -> dict[str, str]:
    """The marks of errors and costs, by ascending configuration index."""
    return {
        name: "".join(mark(index, records[index][which]) for index in sorted(records))
        for which, name in enumerate(("error", "cost"))
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("records", type=Path, metavar="RECORDS.csv")
    records = read_records(parser.parse_args().records)
    OUTPUT.write_text(PublicRecords.of(records).to_json(), encoding="ascii")
    MARKS.write_text(json.dumps(marks_of(records)) + "\n", encoding="ascii")
    print(f"{OUTPUT}: {len(records)} records")
