"""Validate the surrogate on records held out, and write the figures that the datasheet and the docs quote.

    pip install ".[surrogate]" matplotlib
    python data/validate_surrogate.py --records records.csv [more.csv ...]

The files need a column ``run``. Held out, chosen before anything was fitted: three whole runs of random search (a
uniform sample), three whole runs of other methods, and every record of 100 classes. Structures were chosen on the rest,
by leaving out records and classes. Writes ``held_out.json`` and plots next to this script, and figures into the docs.
Takes about ten minutes of one core.
"""

from __future__ import annotations

import argparse
import csv
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray

from nhb2_plugins.cells import canonical_codes
from nhb2_plugins.space import N_HYPERPARAMETERS
from nhb2_plugins.table.surrogate.features import rows_of
from nhb2_plugins.table.surrogate.model import (
    ERROR_REGIONS_PCT,
    LogModel,
    Prediction,
    cost_structure,
    error_structure,
    fit_log_model,
)
from nhb2_plugins.table.surrogate.records import read_records_csv
from nhb2_plugins.table.surrogate.validation import draw_records, ranks_among_draws, score, score_by_region, uniformity

mpl.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.ticker import FixedLocator, NullLocator

HERE = Path(__file__).parent
FIGURES = HERE / "held_out.json"
DOCS = HERE.parent / "docs" / "surrogate.md"
UNIFORM_RUNS = ("random_search-b350-s13", "random_search-b350-s14", "random_search-b200-s1")
ADAPTIVE_RUNS = ("nsganetv2-b350-s17", "tpe-b350-s14", "sh_emoa-b350-s4")
N_HELD_OUT_CLASSES = 100
CLASS_SEED = 2026
GOOD_ERROR_PCT = 25.0
N_DRAWS = 41
TICKS = {"error": (15, 20, 30, 40, 60, 80), "cost": (50, 100, 200, 400, 800, 1600)}
LABELS = {"error": "validation error after 12 epochs (%)", "cost": "train + validation time (s)"}

Float = NDArray[np.float64]
Integer = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Published:
    """Distinct records by table row, and which set each belongs to."""

    rows: Integer
    error: Float
    cost: Float
    is_uniform: Mask
    uniform: Mask
    adaptive: Mask
    unseen: Mask

    @property
    def rest(self) -> Mask:
        """What is fitted to."""
        return ~(self.uniform | self.adaptive | self.unseen)

    def values(self, quantity: str) -> Float:
        """Errors or costs."""
        return self.error if quantity == "error" else self.cost


def read_published(paths: list[Path]) -> Published:
    """All distinct records, and the runs that they occur in."""
    found: dict[int, tuple[float, float, set[str]]] = {}
    for path in paths:
        records = read_records_csv(path)
        with path.open(newline="", encoding="utf-8") as file:
            runs = [row["run"] for row in csv.DictReader(file)]
        rows = rows_of(records.index).tolist()
        for row, error, cost, run in zip(rows, records.error_pct, records.cost_s, runs, strict=True):
            found.setdefault(row, (error, cost, set()))[2].add(run)
    rows = np.array(sorted(found))
    held_classes = np.random.Generator(np.random.Philox(key=CLASS_SEED)).permutation(len(canonical_codes()))
    unseen = np.isin(rows // N_HYPERPARAMETERS, held_classes[:N_HELD_OUT_CLASSES])

    def occurs(names: tuple[str, ...]) -> Mask:
        return np.array([bool(found[row][2] & set(names)) for row in rows.tolist()])

    uniform = occurs(UNIFORM_RUNS) & ~unseen
    return Published(
        rows,
        np.array([found[row][0] for row in rows.tolist()]),
        np.array([found[row][1] for row in rows.tolist()]),
        np.array([any(run.startswith("random_search") for run in found[row][2]) for row in rows.tolist()]),
        uniform,
        occurs(ADAPTIVE_RUNS) & ~uniform & ~unseen,
        unseen,
    )


def scores_of(truth: Float, prediction: Prediction, quantity: str) -> dict[str, Any]:
    """Overall, by predicted region, by decile, and by learning rate and batch size where that is asked of errors."""
    figures: dict[str, Any] = asdict(score(truth, prediction))
    if quantity == "error":
        good = asdict(score(truth, prediction, truth < GOOD_ERROR_PCT))
        figures["tau_good"] = good["tau"]
        figures["regions"] = [asdict(one) for one in score_by_region(truth, prediction, ERROR_REGIONS_PCT)]
    else:
        figures["above_1.2"] = float((truth > 1.2 * prediction.value).mean())
    edges = np.quantile(prediction.value, np.linspace(0.1, 0.9, 9)).tolist()
    figures["deciles"] = [
        {"up_to": edge, "relative_error": one.relative_error, "coverage_90": one.coverage_90}
        for edge, one in zip([*edges, None], score_by_region(truth, prediction, edges), strict=True)
    ]
    return figures


def by_setting(rows: Integer, truth: Float, prediction: Prediction) -> list[list[float]]:
    """Median relative error in percent at each learning rate (rows) and batch size (columns)."""
    off, setting = np.abs(prediction.value / truth - 1.0), rows % N_HYPERPARAMETERS
    return (
        np.array([100.0 * np.median(off[setting == number]) for number in range(N_HYPERPARAMETERS)])
        .reshape(8, 6)
        .round(2)
        .tolist()
    )


def validate(published: Published, quantity: str) -> tuple[dict[str, Any], LogModel]:
    """Fit to the rest, score the held-out sets; and the rest by leaving out single records and whole classes."""
    rest, values = published.rest, published.values(quantity)
    structure = error_structure() if quantity == "error" else cost_structure()
    model = fit_log_model(published.rows[rest], values[rest], structure)
    rows, truth = model.process.rows, values[rest]
    alone, classes = model.predict_left_out(), model.predict_left_out(rows // N_HYPERPARAMETERS)
    uniform = published.is_uniform[rest]
    figures: dict[str, Any] = {
        "fitted_to": int(rest.sum()),
        "left_out": scores_of(truth, alone, quantity),
        "left_out_uniform": scores_of(truth[uniform], alone.take(uniform), quantity),
        "left_out_classes": scores_of(truth, classes, quantity),
        "left_out_by_setting": by_setting(rows, truth, alone),
    }
    held = {name: getattr(published, name) for name in ("uniform", "adaptive", "unseen")}
    held["all_held_out"] = ~rest
    for name, chosen in held.items():
        figures[name] = scores_of(values[chosen], model.predict(published.rows[chosen]), quantity)
    outside = published.rows[~rest]
    ranks = ranks_among_draws(values[~rest], lambda generator: draw_records(model, outside, generator), N_DRAWS)
    figures["ranks"] = np.bincount(ranks, minlength=N_DRAWS + 1).tolist()
    figures["ranks_p"] = uniformity(ranks, N_DRAWS)
    figures["ranks_p_by_class"] = uniformity(ranks, N_DRAWS, groups=outside // N_HYPERPARAMETERS)
    return figures, model


def plot_predictions(truth: Float, prediction: Prediction, quantity: str) -> None:
    """Predicted against published, held out, with 90 % intervals."""
    low, high = prediction.interval()
    figure, axis = plt.subplots(figsize=(5, 5), layout="constrained")
    bars = [prediction.value - low, high - prediction.value]
    axis.errorbar(truth, prediction.value, yerr=bars, fmt=".", markersize=3, linewidth=0.4, alpha=0.5)
    ends = [truth.min() * 0.9, truth.max() * 1.1]
    axis.plot(ends, ends, color="black", linewidth=0.7)
    label = LABELS[quantity]
    axis.set(xscale="log", yscale="log", xlim=ends, ylim=ends, xlabel=f"published {label}", ylabel=f"predicted {label}")
    for one in (axis.xaxis, axis.yaxis):
        one.set_major_locator(FixedLocator(TICKS[quantity]))
        one.set_minor_locator(NullLocator())
        one.set_major_formatter("{x:g}")
    figure.savefig(HERE / f"held_out_{quantity}.png", dpi=100, metadata={"Software": None})
    plt.close(figure)


def plot_calibration(truth: Float, prediction: Prediction, ranks: list[int], quantity: str) -> None:
    """Observed against nominal coverage, and ranks of the truth among draws; held out."""
    nominal = np.linspace(0.02, 0.98, 49)
    observed = [((low <= truth) & (truth <= high)).mean() for low, high in map(prediction.interval, nominal)]
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 4), layout="constrained")
    left.plot(nominal, observed)
    left.plot([0, 1], [0, 1], color="black", linewidth=0.7)
    left.set(xlabel="nominal coverage", ylabel="observed coverage, held out", title=f"Intervals: {LABELS[quantity]}")
    right.bar(np.arange(len(ranks)), ranks, width=1.0)
    right.axhline(sum(ranks) / len(ranks), color="black", linewidth=0.7)
    right.set(xlabel=f"rank of the published value among {len(ranks) - 1} draws", ylabel="records", title="Draws")
    figure.savefig(HERE / f"intervals_{quantity}.png", dpi=100, metadata={"Software": None})
    plt.close(figure)


SETS = {
    "uniform": "random search (uniform)",
    "adaptive": "other methods",
    "unseen": "classes without a record",
    "all_held_out": "all of them",
}
REGIONS = ("below 18 %", "18 … 25 %", "25 … 50 %", "above 50 %")


def table_of(figures: dict[str, Any]) -> str:
    """The held-out figures as Markdown."""
    lines = ["| held out | n | tau | tau, error < 25 % | off by | in 50 % | in 90 % |", "|---|---|---|---|---|---|---|"]

    def line(name: str, row: dict[str, Any], good: str, off: str) -> None:
        inside = f"{row['coverage_50']:.1%} | {row['coverage_90']:.1%}"
        lines.append(f"| {name} | {row['n']:,} | {row['tau']:.3f} | {good} | {off} | {inside} |")

    for name, label in SETS.items():
        row = figures["error"][name]
        line(f"error: {label}", row, f"{row['tau_good']:.3f}", f"{row['absolute_error']:.2f} points")
    for label, row in zip(REGIONS, figures["error"]["all_held_out"]["regions"], strict=True):
        line(f"error, predicted {label}", row, "–", f"{row['absolute_error']:.2f} points")
    for name, label in SETS.items():
        row = figures["cost"][name]
        line(f"cost: {label}", row, "–", f"{row['relative_error']:.1%} (median)")
    alone, uniform, cost = (
        figures["error"]["left_out"],
        figures["error"]["left_out_uniform"],
        figures["cost"]["left_out"],
    )
    ranks = [figures[quantity][name] for name in ("ranks_p", "ranks_p_by_class") for quantity in ("error", "cost")]
    text = (
        f"Fitted to {figures['error']['fitted_to']:,} records. These themselves, each left out in turn: tau "
        f"{alone['tau']:.3f}, {alone['absolute_error']:.2f} points, {alone['tau_good']:.3f} below 25 % (random "
        f"search's alone {uniform['tau']:.3f}, {uniform['absolute_error']:.2f}, {uniform['tau_good']:.3f});\ncost "
        f"{cost['tau']:.3f}, {cost['relative_error']:.1%}. That ranks of the held-out values among "
        f"{N_DRAWS} draws are uniform has p = {ranks[0]:.2g} for errors, {ranks[1]:.2g} for costs\n({ranks[2]:.2g} and "
        f"{ranks[3]:.2g} where records of one class are not taken for independent)."
    )
    return "\n".join([*lines, "", text])


def write_docs(figures: dict[str, Any]) -> None:
    """Put the figures into the docs, between their marks."""
    mark, end = "<!-- figures: held out -->\n", "<!-- end -->"
    before, after = DOCS.read_text(encoding="utf-8").split(mark)
    DOCS.write_text(f"{before}{mark}{table_of(figures)}\n{end}{after.split(end, 1)[1]}", encoding="utf-8")


def main() -> None:
    """Validate what was asked for; the other quantity keeps its figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=Path, nargs="+", required=True, metavar="FILE")
    parser.add_argument("--quantities", nargs="+", choices=("error", "cost"), default=("error", "cost"))
    arguments = parser.parse_args()
    published = read_published(arguments.records)
    figures = json.loads(FIGURES.read_text(encoding="utf-8")) if FIGURES.exists() else {}
    figures = {name: figures[name] for name in ("error", "cost") if name in figures}
    for quantity in arguments.quantities:
        figures[quantity], model = validate(published, quantity)
        chosen = ~published.rest
        truth, prediction = published.values(quantity)[chosen], model.predict(published.rows[chosen])
        plot_predictions(truth, prediction, quantity)
        plot_calibration(truth, prediction, figures[quantity]["ranks"], quantity)
        FIGURES.write_text(json.dumps(figures, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        print(quantity, json.dumps(figures[quantity], indent=1), flush=True)
    if set(figures) == {"error", "cost"}:
        write_docs(figures)


if __name__ == "__main__":
    main()
