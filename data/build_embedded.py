"""Build the embedded table's model, ``embedded.npz``, from published records.

    python data/build_embedded.py --records records.csv [more.csv ...] --created 2026-11-24

The records are not part of this repository; ``DATASHEET.md`` says where they are published.
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

from nhb2_plugins.table.surrogate import fit_surrogate
from nhb2_plugins.table.surrogate_records import Records, read_records_csv
from nhb2_plugins.table.synthesis import load_model, save_model, synthesize

OUTPUT = Path(__file__).parent / "embedded.npz"
NOISE_SEED = 20211117  # the first day of ACML 2021


def main() -> None:
    """Fit, write, and print the digests of the model and of the table it expands to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=Path, nargs="+", required=True, metavar="FILE")
    parser.add_argument("--created", required=True, help="ISO date to record")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    arguments = parser.parse_args()
    records = Records.concatenate(read_records_csv(path) for path in arguments.records)
    surrogate = fit_surrogate(records)
    save_model(arguments.output, surrogate.to_model(created=arguments.created, noise_seed=NOISE_SEED))
    columns = synthesize(load_model(arguments.output))
    checksum = f"{hashlib.sha256(arguments.output.read_bytes()).hexdigest()}  {arguments.output.name}"
    arguments.output.with_suffix(".sha256").write_text(checksum + "\n", encoding="ascii")
    print(checksum)
    for name, column in sorted(columns.items()):
        print(f"{hashlib.sha256(column.tobytes()).hexdigest()}  {name}")


if __name__ == "__main__":
    main()
