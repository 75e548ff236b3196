"""Makes nhb2_plugins/table/reference/public_records.json from a file of public records.

Usage: python data/build_public_digest.py RECORDS.csv

The file has the columns cellcode, lr, batch_size, valid_error_pct (100 - validation accuracy after 12 epochs) and
cost_s (training and validation seconds of these epochs). Only the configurations' indices and one digest of the values
are written.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

from nhb2_plugins.space import Configuration
from nhb2_plugins.table.reference.public_records import PublicRecords

OUTPUT = Path(__file__).parents[1] / "nhb2_plugins" / "table" / "reference" / "public_records.json"


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


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    OUTPUT.write_text(PublicRecords.of(read_records(Path(sys.argv[1]))).to_json(), encoding="ascii")
    print(f"{OUTPUT}: {len(read_records(Path(sys.argv[1])))} records")
