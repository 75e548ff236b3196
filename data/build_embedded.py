"""Build the embedded table's model, ``embedded.npz``, its manifest, ``embedded.json``, and its datasheet.

    python data/build_embedded.py --records records.csv [more.csv ...] --created 2026-11-24

The records are not part of this repository; the datasheet says where they are published. Its cross-validated figures
come from ``validation.json`` (``validate_surrogate.py``). Needs the extra ``surrogate``; takes about a minute.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import kendalltau

from nhb2_plugins.table.schema import Manifest, Provenance
from nhb2_plugins.table.surrogate.features import rows_of
from nhb2_plugins.table.surrogate.fit import Surrogate, fit_surrogate
from nhb2_plugins.table.surrogate.records import Records, read_records_csv
from nhb2_plugins.table.synthesis import TableModel, load_model, save_model, synthesize
from nhb2_plugins.table.writer import table_in_memory

HERE = Path(__file__).parent
NOISE_SEED = 20211117  # the first day of ACML 2021
MOST_COPIES = 0.02
"""A fitted value may hit a published one by chance (one in a few hundred); more than this share is a copy."""


def share_of_copies(columns: dict[str, NDArray[Any]], records: Records) -> dict[str, float]:
    """Share of records whose published value stands in the table, for any seed."""
    rows = rows_of(records.index)
    errors = 100.0 - columns["valid_acc"][-1][:, rows]
    costs = columns["total_trainval_time"][:, rows]
    return {
        "error": float((np.abs(errors - records.error_pct) < 1e-6).any(axis=0).mean()),
        "cost": float((np.abs(costs - records.cost_s) < 5e-4).any(axis=0).mean()),
    }


def table_figures(model: TableModel, columns: dict[str, NDArray[Any]], surrogate: Surrogate) -> dict[str, Any]:
    """What the datasheet says of the table itself."""
    valid, expected_200 = columns["valid_acc"], columns["expected_acc_200"]
    sample = np.random.default_rng(0).choice(model.n_rows, 5000, replace=False)

    def tau(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
        return float(kendalltau(one[sample], other[sample]).statistic)

    return {
        "best_error": 100.0 - float(valid[-1].mean(axis=0).max()),
        "best_error_first_seed": 100.0 - float(valid[-1, 0].max()),
        "tau_seeds": tau(valid[-1, 0], valid[-1, 1]),
        "tau_200": tau(valid[-1].mean(axis=0), expected_200),
        "tau_epochs": {epoch: tau(valid[epoch - 1, 0], valid[-1, 0]) for epoch in (1, 3, 4, 6, 9)},
        "diverged": int((valid[-1][:, model.error_mean < 22_500] <= 10.0).sum()),
        "chance_rows": int((model.error_mean == 22_500).sum()),
        "spread_points": float(np.median(model.error_spread[model.error_mean < 22_500]) / 250.0),
        "spread_points_good": float(np.median(model.error_spread[model.error_mean < 6_250]) / 250.0),
        "cost_spread": float(np.median(model.cost_spread) / 10_000.0),
        "cost_noise_factor": surrogate.cost.noise_factor,
        "form": surrogate.form,
    }


def manifest_of(columns: dict[str, NDArray[Any]], model: TableModel, checksums: dict[str, str]) -> Manifest:
    """What the table is known by, once its columns are computed again."""
    provenance = Provenance(
        kind="embedded",
        source="fitted to published records of NAS-HPO-Bench-II; see data/DATASHEET.md",
        created=model.created,
        seeds=model.seeds,
        note="a fitted table: its numbers are not the published benchmark's",
        checksums=checksums,
    )
    return table_in_memory(columns, provenance).manifest


def main() -> None:
    """Fit, write, check, describe, and print the digests of the model and of the table it expands to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=Path, nargs="+", required=True, metavar="FILE")
    parser.add_argument("--created", required=True, help="ISO date to record")
    parser.add_argument("--output", type=Path, default=HERE, metavar="DIR")
    arguments = parser.parse_args()
    records = Records.concatenate(read_records_csv(path) for path in arguments.records)
    surrogate = fit_surrogate(records)
    path = arguments.output / "embedded.npz"
    save_model(path, surrogate.to_model(created=arguments.created, noise_seed=NOISE_SEED))
    model = load_model(path)
    columns = synthesize(model)
    copies = share_of_copies(columns, records)
    if max(copies.values()) > MOST_COPIES:
        raise SystemExit(f"published values stand in the table: {copies}")
    digests = {name: hashlib.sha256(column.tobytes()).hexdigest() for name, column in sorted(columns.items())}
    model_digest = hashlib.sha256(path.read_bytes()).hexdigest()
    manifest = manifest_of(columns, model, {path.name: model_digest})
    path.with_suffix(".json").write_text(manifest.to_json(), encoding="ascii")
    datasheet = (HERE / "DATASHEET.template.md").read_text(encoding="utf-8")
    figures = {
        "validation": json.loads((HERE / "validation.json").read_text(encoding="utf-8")),
        "table": table_figures(model, columns, surrogate),
        "n_records": surrogate.n_records,
        "created": arguments.created,
        "copies": copies,
        "model_bytes": path.stat().st_size,
        "model_digest": model_digest,
        "digests": "\n".join(f"{digest}  {name}" for name, digest in digests.items()),
    }
    (arguments.output / "DATASHEET.md").write_text(datasheet.format(**figures), encoding="utf-8")
    print(f"{model_digest}  {path.name}\n{figures['digests']}")


if __name__ == "__main__":
    main()
