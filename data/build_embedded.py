"""Build the embedded table: ``embedded.npz`` (its model) and ``embedded_draws.npz`` (its draws), their manifests
``embedded.json`` and ``embedded_draws.json``, and the datasheet.

    pip install ".[surrogate]"
    python data/build_embedded.py --records records.csv [more.csv ...] --front front.csv --created 2026-11-26

The records, and the public front of the real table, are not part of this repository; the datasheet says where they are
published. Figures on held-out records come from ``held_out.json`` (``validate_surrogate.py``). Takes about
ten minutes of one core.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import kendalltau

from nhb2_plugins.space import BATCH_SIZES, LEARNING_RATES
from nhb2_plugins.table.draws import model_of_draw, save_draws
from nhb2_plugins.table.embedded import DRAWS_FILE, MODEL_FILE, manifest_of_draw
from nhb2_plugins.table.schema import Manifest, Provenance
from nhb2_plugins.table.surrogate.features import rows_of
from nhb2_plugins.table.surrogate.fit import Surrogate, fit_surrogate
from nhb2_plugins.table.surrogate.form import CURVES, TableForm, assumptions_of
from nhb2_plugins.table.surrogate.records import Records, read_records_csv
from nhb2_plugins.table.synthesis import CHANCE_ERROR, Expansion, TableModel, load_model, save_model, synthesize
from nhb2_plugins.table.writer import table_in_memory

HERE = Path(__file__).parent
NOISE_SEED = 20211117  # the first day of ACML 2021
N_DRAWS = 27
"""Three of each combination of three learning curves and three dampings at 200 epochs."""
MOST_COPIES = 0.02
"""A fitted value may hit a published one by chance (one in a few hundred); more than this share is a copy."""
SAMPLED = 5000

Columns = dict[str, NDArray[Any]]
Float = NDArray[np.float64]


def share_of_copies(columns: Columns, records: Records) -> dict[str, float]:
    """Share of records whose published value stands in the table, for any seed."""
    rows = rows_of(records.index)
    errors = 100.0 - columns["valid_acc"][-1][:, rows]
    costs = columns["total_trainval_time"][:, rows]
    return {
        "error": float((np.abs(errors - records.error_pct) < 1e-6).any(axis=0).mean()),
        "cost": float((np.abs(costs - records.cost_s) < 5e-4).any(axis=0).mean()),
    }


def tau_of(one: Float, other: Float, chosen: NDArray[np.bool_]) -> float:
    """Kendall's tau over at most ``SAMPLED`` of the chosen rows."""
    rows = np.flatnonzero(chosen)
    rows = np.random.default_rng(0).choice(rows, min(SAMPLED, len(rows)), replace=False)
    return float(kendalltau(one[rows], other[rows]).statistic)


def curve_figures(columns: Columns, connected: NDArray[np.bool_]) -> dict[str, float]:
    """Kendall's tau of the first seed's ranking after 4 epochs with that after 12, overall and among the good."""
    early, final = 100.0 - columns["valid_acc"][3, 0], 100.0 - columns["valid_acc"][11, 0]
    best = final <= np.quantile(final[connected], 0.1)
    regions = {"all": connected, "good": connected & (final < 25.0), "best": connected & best}
    return {name: tau_of(early, final, chosen) for name, chosen in regions.items()}


def front_of(errors: Float, costs: Float) -> Float:
    """The points (error, cost) that none other is better than in both, by ascending cost, (n, 2)."""
    order = np.lexsort((errors, costs))
    best = np.minimum.accumulate(errors[order])
    new = np.flatnonzero(np.diff(best, prepend=np.inf) < 0.0)
    return np.column_stack([best[new], costs[order][new]])


def front_gaps(front: Float, public: Float) -> list[tuple[float, float]]:
    """At each public point: by how many points, and by what part of the cost, this front is worse (or better)."""
    gaps = []
    for error, cost in public:
        cheap, good = front[front[:, 1] <= cost], front[front[:, 0] <= error]
        at_cost = float(cheap[:, 0].min() - error) if len(cheap) else float("inf")
        at_error = float(good[:, 1].min() / cost - 1.0) if len(good) else float("inf")
        gaps.append((at_cost, at_error))
    return gaps


def pooled_difference(valid: Float, chosen: NDArray[np.bool_]) -> float:
    """Standard deviation of one seed, as a part of the error, from the differences between seeds."""
    errors = 100.0 - valid[-1][:, chosen]
    return float(np.sqrt((errors.var(axis=0, ddof=1) / errors.mean(axis=0) ** 2).mean()))


def table_figures(model: TableModel, columns: Columns, public: Float) -> dict[str, Any]:
    """What the datasheet says of the table itself."""
    valid, connected = columns["valid_acc"], model.error_mean < CHANCE_ERROR
    expected = model.error_mean / 250.0
    costs = columns["total_trainval_time"]
    front = front_of(100.0 - valid[-1, 0], costs[0])
    gaps = front_gaps(front, public)
    edges = (0.0, 18.0, 25.0, 50.0, 90.0)
    return {
        "best_expected": float(expected.min()),
        "best_of_seeds": [100.0 - float(seed.max()) for seed in valid[-1]],
        "seed_spread": {
            int(low): pooled_difference(valid, connected & (expected >= low) & (expected < high))
            for low, high in pairwise(edges)
        },
        "tau_seeds": tau_of(valid[-1, 0], valid[-1, 1], connected),
        "tau_200": tau_of(valid[-1].mean(axis=0), columns["expected_acc_200"], connected),
        "curves": curve_figures(columns, connected),
        "diverged": int((valid[-1][:, connected] <= 10.0).sum()),
        "chance_rows": int((~connected).sum()),
        "cost_range": [float(costs.min()), float(costs.max())],
        "cost_above": float((costs > 1.2 * model.cost_mean / 1000.0).mean()),
        "front": [[*point, *gap] for point, gap in zip(public.tolist(), gaps, strict=True)],
        "front_worst": [max(gaps, key=lambda gap: min(abs(gap[0]) / 0.6, abs(gap[1]) / 0.06))[i] for i in (0, 1)],
    }


def assumption_figures(model: TableModel, path: Path) -> dict[str, dict[str, float]]:
    """For each variant of the curves, of the first draw that has it: its name and what it does to the early epochs."""
    connected = model.error_mean < CHANCE_ERROR
    return {
        name: curve_figures({"valid_acc": Expansion(model_of_draw(path, model, draw)).column("valid_acc")}, connected)
        for draw, name in enumerate(CURVES)
    }


def markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def goals_table(validation: dict[str, Any], table: dict[str, Any], n_bytes: int) -> str:
    """Every goal that was set beforehand, and whether it is met."""
    (uniform, every), (cost_uniform, cost_every) = (
        (validation[quantity]["uniform"], validation[quantity]["all_held_out"]) for quantity in ("error", "cost")
    )
    rows = []

    def add(goal: str, values: Sequence[float], shown: str, low: float, high: float = float("inf")) -> None:
        met = "met" if all(low <= value <= high for value in values) else "missed"
        rows.append((goal, ", ".join(format(value, shown) for value in values), met))

    add("error: tau ≥ 0.95 (random search's, all held out)", (uniform["tau"], every["tau"]), ".3f", 0.95)
    offs = (uniform["absolute_error"], every["absolute_error"])
    add("error: off by ≤ 1.0 point on average (the same)", offs, ".2f", 0.0, 1.0)
    add("error: tau below 25 % ≥ 0.87 (the same)", (uniform["tau_good"], every["tau_good"]), ".3f", 0.87)
    add("cost: tau ≥ 0.94 (the same)", (cost_uniform["tau"], cost_every["tau"]), ".3f", 0.94)
    medians = (cost_uniform["relative_error"], cost_every["relative_error"])
    add("cost: off by ≤ 3 % in the median (the same)", medians, ".1%", 0.0, 0.03)
    for nominal, low, high in ((50, 0.45, 0.55), (90, 0.87, 0.93)):
        inside = [region[f"coverage_{nominal}"] for region in every["regions"]]
        goal = f"{low:.0%} … {high:.0%} of errors in {nominal} % intervals (below 18, to 25, to 50, above)"
        add(goal, inside, ".1%", low, high)
    add("seeds differ by 1.5 … 2.2 % of the error below 18 %", (table["seed_spread"][0],), ".2%", 0.015, 0.022)
    add("lowest error of each seed 13.3 … 14.2 %", table["best_of_seeds"], ".2f", 13.3, 14.2)
    near = sum(is_near(*gaps) for _, _, *gaps in table["front"])
    n_points = len(table["front"])
    add(f"points of the public front within 0.6 points or 6 % of the cost: all {n_points}", (near,), "d", n_points)
    add("model and draws ≤ 3 MB", (n_bytes / 1e6,), ".2f", 0.0, 3.0)
    return markdown(("goal", "found", ""), rows)


def is_near(at_cost: float, at_error: float) -> bool:
    """Whether the front is within 0.6 points of a public point at its cost, or within 6 % of its cost at its error."""
    return abs(at_cost) <= 0.6 or abs(at_error) <= 0.06


def front_table(front: Sequence[Sequence[float]]) -> str:
    """The public front, and how the table's is off there."""
    header = ("public error", "public cost", "table's error at that cost", "table's cost at that error", "")
    rows = [
        (
            f"{error:.2f} %",
            f"{cost:,.1f} s",
            f"{at_cost:+.2f} points" if np.isfinite(at_cost) else "none is so cheap",
            f"{at_error:+.1%}" if np.isfinite(at_error) else "never",
            "" if is_near(at_cost, at_error) else "missed",
        )
        for error, cost, at_cost, at_error in front
    ]
    return markdown(header, rows)


def deciles_table(validation: dict[str, Any]) -> str:
    """How far off held-out records are, by tenths of the predicted value."""
    sides = [validation[quantity]["all_held_out"]["deciles"] for quantity in ("error", "cost")]
    rows = [
        [
            str(number),
            *(
                text
                for one, unit in zip(pair, (" %", " s"), strict=True)
                for text in (
                    "–" if one["up_to"] is None else f"{one['up_to']:.1f}{unit}",
                    f"{one['relative_error']:.1%}",
                    f"{one['coverage_90']:.0%}",
                )
            ),
        ]
        for number, pair in enumerate(zip(*sides, strict=True), start=1)
    ]
    header = ("tenth", "error up to", "off by (median)", "in 90 %", "cost up to", "off by (median)", "in 90 %")
    return markdown(header, rows)


def settings_table(validation: dict[str, Any]) -> str:
    """Median relative error of left-out records at each learning rate and batch size, in percent."""
    header = ("learning rate", *(f"batch {batch_size}" for batch_size in BATCH_SIZES))
    by_setting = validation["error"]["left_out_by_setting"]
    return markdown(header, ([f"{lr:g}", *map(str, row)] for lr, row in zip(LEARNING_RATES, by_setting, strict=True)))


def manifest_of(columns: Columns, model: TableModel, form: TableForm, checksums: dict[str, str]) -> Manifest:
    """What the table is known by, once its columns are computed again."""
    provenance = Provenance(
        kind="embedded",
        source="fitted to published records of NAS-HPO-Bench-II; see data/DATASHEET.md",
        created=model.created,
        seeds=model.seeds,
        note="a fitted table, good for ordering searches at 12 epochs as far as its draws agree: its numbers are not "
        "the published benchmark's",
        checksums=checksums,
        assumptions=assumptions_of(form),
    )
    return table_in_memory(columns, provenance).manifest


def write_mean(
    surrogate: Surrogate, records: Records, created: str, directory: Path
) -> tuple[TableModel, Manifest, dict[str, Any]]:
    """Write the model of the mean and its manifest; figures over its files."""
    path = directory / MODEL_FILE
    save_model(path, surrogate.to_model(created=created, noise_seed=NOISE_SEED))
    model = load_model(path)
    columns = synthesize(model)
    copies = share_of_copies(columns, records)
    if max(copies.values()) > MOST_COPIES:
        raise SystemExit(f"published values stand in the table: {copies}")
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    manifest = manifest_of(columns, model, surrogate.form, {path.name: sha256})
    path.with_suffix(".json").write_text(manifest.to_json(), encoding="ascii")
    sums = {path.name: sha256, **{name: column.sha256 for name, column in sorted(manifest.columns.items())}}
    digests = "\n".join(f"{digest}  {name}" for name, digest in sums.items())
    return model, manifest, {"copies": copies, "bytes": path.stat().st_size, "digests": digests}


def write_draws(surrogate: Surrogate, model: TableModel, manifest: Manifest, directory: Path) -> dict[str, Any]:
    """Write the draws and their manifest; figures over them."""
    path = directory / DRAWS_FILE
    save_draws(path, surrogate.to_draws(model, N_DRAWS))
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    lines: list[dict[str, Any]] = []
    lowest, highest_cost = [], []
    for draw in range(N_DRAWS):
        columns = synthesize(model_of_draw(path, model, draw))
        of_draw = table_in_memory(columns, manifest.provenance).manifest
        entry = {
            "columns": {name: column.sha256 for name, column in of_draw.columns.items()},
            "digest": of_draw.provenance.digest,
            "assumptions": assumptions_of(surrogate.form, draw),
        }
        manifest_of_draw(manifest, entry, (draw, N_DRAWS), sha256)
        lines.append(entry)
        lowest.append(100.0 - float(columns["valid_acc"][-1, 0].max()))
        highest_cost.append(float(columns["total_trainval_time"].max()))
    content = json.dumps({"sha256": sha256, "draws": lines}, indent=0, sort_keys=True) + "\n"
    path.with_suffix(".json").write_text(content, encoding="ascii")
    return {"lowest": [min(lowest), max(lowest)], "highest_cost": max(highest_cost), "bytes": path.stat().st_size}


def datasheet(figures: dict[str, Any]) -> str:
    """The datasheet's text, with the figures of the held-out records."""
    validation = json.loads((HERE / "held_out.json").read_text(encoding="utf-8"))
    tables = {
        "goals": goals_table(validation, figures["table"], figures["table"]["bytes"] + figures["draws"]["bytes"]),
        "by_decile": deciles_table(validation),
        "by_setting": settings_table(validation),
        "front": front_table(figures["table"]["front"]),
    }
    template = (HERE / "DATASHEET.template.md").read_text(encoding="utf-8")
    return template.format(validation=validation, **tables, **figures)


def read_front(path: Path) -> Float:
    """The public front, (n, 2): error in percent, cost in seconds."""
    with path.open(newline="", encoding="utf-8") as file:
        return np.array([[float(row["valid_error_pct"]), float(row["cost_s"])] for row in csv.DictReader(file)])


def main() -> None:
    """Fit, write, check, describe, and print the digests of the models and of the table they expand to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=Path, nargs="+", required=True, metavar="FILE")
    parser.add_argument("--front", type=Path, required=True, metavar="FILE", help="the public front of the real table")
    parser.add_argument("--created", required=True, help="ISO date to record")
    parser.add_argument("--output", type=Path, default=HERE, metavar="DIR")
    arguments = parser.parse_args()
    records = Records.concatenate(read_records_csv(path) for path in arguments.records)
    surrogate = fit_surrogate(records)
    model, manifest, mean = write_mean(surrogate, records, arguments.created, arguments.output)
    table = {**mean, **table_figures(model, synthesize(model), read_front(arguments.front))}
    draws = write_draws(surrogate, model, manifest, arguments.output)
    assumed = assumption_figures(model, arguments.output / DRAWS_FILE)
    print(json.dumps({"table": table, "draws": draws, "assumed": assumed}, indent=1))
    figures = {"table": table, "draws": draws, "assumed": assumed, "form": surrogate.form}
    figures |= {"n_draws": N_DRAWS, "n_records": surrogate.n_records, "created": arguments.created}
    (arguments.output / "DATASHEET.md").write_text(datasheet(figures), encoding="utf-8")


if __name__ == "__main__":
    main()
