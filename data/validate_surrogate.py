"""Validate the surrogate, compare it with others, and write the figures that the datasheet and the docs quote.

    python data/validate_surrogate.py --records scored.csv [--extra fitting_only.csv ...]

Writes ``validation.json`` and four plots next to this script, and puts the figures into ``docs/surrogate.md``. Needs
the extra ``surrogate`` and matplotlib; takes about a quarter of an hour of one core.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray
from scipy.stats import kendalltau, norm
from sklearn.ensemble import ExtraTreesRegressor, HistGradientBoostingRegressor, RandomForestRegressor

from nhb2_plugins.space import N_HYPERPARAMETERS
from nhb2_plugins.table.surrogate.features import HYPERPARAMETER_FEATURES, row_features
from nhb2_plugins.table.surrogate.fit import validation_records
from nhb2_plugins.table.surrogate.model import (
    Prediction,
    Structure,
    error_structure,
    fit_log_model,
    predict_errors,
)
from nhb2_plugins.table.surrogate.records import Records, read_records_csv
from nhb2_plugins.table.surrogate.signal_features import SIGNAL_FEATURES
from nhb2_plugins.table.surrogate.validation import (
    GOOD_ERROR_PCT,
    Fit,
    OutOfFold,
    Predictor,
    cross_validate,
    fit_error,
)

mpl.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.ticker import FixedLocator, NullLocator

HERE = Path(__file__).parent
FIGURES = HERE / "validation.json"
DOCS = HERE.parent / "docs" / "surrogate.md"
COMPARED_SHUFFLES = (0,)
SHARES = (0.25, 0.5, 0.75)
SECTIONS = ("error", "cost", "error_without_extra", "comparison", "learning_curve")
TICKS = {"error": (15, 20, 30, 40, 60, 80), "cost": (50, 100, 200, 400, 800, 1600)}
LABELS = {"error": "validation error after 12 epochs (%)", "cost": "train + validation time (s)"}

Float = NDArray[np.float64]
Integer = NDArray[np.int64]
Figures = dict[str, float | None]


def edges() -> tuple[str, ...]:
    """The one-hot edges of the trained cell."""
    return tuple(name for name in row_features().names if name.startswith("edge "))


def words() -> tuple[str, ...]:
    """Counts of each sequence of operations over the paths."""
    return tuple(name for name in row_features().names if name.startswith("paths "))


def nas_bench_201() -> tuple[str, ...]:
    """The three errors of NAS-Bench-201."""
    return tuple(name for name in row_features().names if name.startswith("log NAS-Bench-201 error"))


def gaussian_process(cell: tuple[str, ...], *, terms: int = 3) -> Fit:
    """The chosen kernel over other features of a cell; one term and constant noise with ``terms=1``."""
    both = (*cell, *HYPERPARAMETER_FEATURES)
    if terms == 1:
        structure = Structure(terms=(both,), noise=())
    else:
        structure = Structure(terms=(both, cell, HYPERPARAMETER_FEATURES), noise=error_structure().noise)
    return lambda rows, values: partial(predict_errors, fit_log_model(rows, values, structure))


def trees(make: Callable[[], object]) -> Fit:
    """A tree ensemble of scikit-learn on every feature; it states no spread."""
    matrix = row_features().values

    def fit(rows: Integer, values: Float) -> Predictor:
        model = make()
        model.fit(matrix[rows], np.log(values))  # type: ignore[attr-defined]

        def predict(asked: Integer) -> Prediction:
            unknown = np.full(len(asked), np.nan)
            return Prediction(np.exp(model.predict(matrix[asked])), unknown, unknown)  # type: ignore[attr-defined]

        return predict

    return fit


def families() -> dict[str, Fit]:
    """What is compared: name → family."""
    plain = (nas_bench_201()[0], "log NAS-Bench-201 time", "live convolutions", "live pools", "depth", "direct skips")
    counts = ("live convolutions", "live pools")
    return {
        "random forest, all features": trees(lambda: RandomForestRegressor(300, random_state=0)),
        "extra trees, all features": trees(lambda: ExtraTreesRegressor(300, random_state=0)),
        "gradient boosting, all features": trees(lambda: HistGradientBoostingRegressor(random_state=0)),
        "GP, one term: NAS-Bench-201 on CIFAR-10, counts, edges": gaussian_process((*plain, *edges()), terms=1),
        "GP, three terms: NAS-Bench-201 on CIFAR-10, counts, edges": gaussian_process((*plain, *edges())),
        "GP, three terms: path sequences, counts": gaussian_process((*words(), *counts)),
        "GP, three terms: signal, counts": gaussian_process((*SIGNAL_FEATURES, *counts)),
        "GP, three terms: NAS-Bench-201 ×3, path sequences, counts": gaussian_process(
            (*nas_bench_201(), *words(), *counts)
        ),
        "GP, one term: NAS-Bench-201 ×3, signal, counts": gaussian_process(
            (*nas_bench_201(), *SIGNAL_FEATURES, *counts), terms=1
        ),
        "GP, three terms: NAS-Bench-201 ×3, signal, counts (chosen)": fit_error,
    }


def on_part(share: float) -> Fit:
    """The chosen family fitted to a part of the classes."""

    def fit(rows: Integer, values: Float) -> Predictor:
        classes = np.unique(rows // N_HYPERPARAMETERS)
        kept = np.random.default_rng(0).choice(classes, int(share * len(classes)), replace=False)
        chosen = np.isin(rows // N_HYPERPARAMETERS, kept)
        return fit_error(rows[chosen], values[chosen])

    return fit


def noise_floor(result: OutOfFold) -> dict[str, float]:
    """What a predictor that knew every expected error would score, if the fitted noise were all seed noise."""
    prediction, generator = result.predictions[0], np.random.default_rng(0)
    taus, good_taus, errors = [], [], []
    for _ in range(20):
        truth = prediction.value * np.exp(prediction.log_noise * generator.normal(size=len(prediction.value)))
        good = truth < GOOD_ERROR_PCT
        taus.append(kendalltau(truth, prediction.value).statistic)
        good_taus.append(kendalltau(truth[good], prediction.value[good]).statistic)
        errors.append(np.abs(truth - prediction.value).mean())
    return {
        "tau": float(np.mean(taus)),
        "tau_good": float(np.mean(good_taus)),
        "absolute_error": float(np.mean(errors)),
    }


def neighbour_spread(result: OutOfFold) -> dict[str, float]:
    """Spread of the log error between records of one class, one step of learning rate and of batch size apart.

    The noise scale lr / batch size is the same for both, and the model's own difference is taken out; what is left,
    over √2, bounds one record's noise from above without the model's nugget.
    """
    prediction = result.predictions[0]
    residual = np.log(result.truth) - np.log(prediction.value)
    by_row = dict(zip(result.rows.tolist(), residual.tolist(), strict=True))
    truth = dict(zip(result.rows.tolist(), result.truth.tolist(), strict=True))
    pairs = [(row, row + 7) for row in by_row if row + 7 in by_row and row % 6 < 5 and row % N_HYPERPARAMETERS + 7 < 48]
    differences = np.array([by_row[b] - by_row[a] for a, b in pairs])
    good = np.array([max(truth[a], truth[b]) < GOOD_ERROR_PCT for a, b in pairs])
    robust = {"all": differences, "good": differences[good]}
    return {
        "pairs": len(pairs),
        "pairs_good": int(good.sum()),
        **{
            f"log_spread_{name}": float(np.median(np.abs(part)) / norm.ppf(0.75) / np.sqrt(2.0))
            for name, part in robust.items()
        },
    }


def plot_predictions(result: OutOfFold, quantity: str) -> None:
    """Out-of-fold predictions against the published values."""
    figure, axis = plt.subplots(figsize=(4.6, 4.4), constrained_layout=True)
    axis.plot(result.truth, result.predictions[0].value, ".", markersize=3, alpha=0.5)
    limits = [result.truth.min() * 0.95, result.truth.max() * 1.05]
    axis.plot(limits, limits, color="black", linewidth=0.7)
    axis.set(xscale="log", yscale="log", xlabel=f"published {LABELS[quantity]}", ylabel="predicted out of fold")
    for one in (axis.xaxis, axis.yaxis):
        one.set_major_locator(FixedLocator(TICKS[quantity]))
        one.set_major_formatter("{x:g}")
        one.set_minor_locator(NullLocator())
    axis.set_title("Surrogate against published records")
    figure.savefig(HERE / f"predicted_{quantity}.png", dpi=100, metadata={"Software": None})
    plt.close(figure)


def plot_calibration(result: OutOfFold, quantity: str) -> None:
    """Share of records inside intervals of every nominal coverage."""
    nominal = np.linspace(0.05, 0.99, 48)
    observed = []
    for level in nominal:
        low, high = result.predictions[0].interval(float(norm.ppf(0.5 + level / 2.0)))
        observed.append(float(((low <= result.truth) & (result.truth <= high)).mean()))
    figure, axis = plt.subplots(figsize=(4.6, 4.4), constrained_layout=True)
    axis.plot(nominal, observed)
    axis.plot([0, 1], [0, 1], color="black", linewidth=0.7)
    axis.set(xlabel="nominal coverage", ylabel="observed coverage, out of fold")
    axis.set_title(f"Calibration: {LABELS[quantity]}")
    figure.savefig(HERE / f"calibration_{quantity}.png", dpi=100, metadata={"Software": None})
    plt.close(figure)


def _cell(value: float | None, digits: int, *, percent: bool = False) -> str:
    if value is None:
        return "–"
    return f"{value:.{digits}%}" if percent else f"{value:.{digits}f}"


def table_of_final(figures: dict[str, Any]) -> str:
    """The chosen model's figures."""
    lines = ["| | tau | tau, error < 25 % | error | 90 % intervals cover |", "|---|---|---|---|---|"]
    for name, key in (
        (f"validation error, with {figures['extra_rows']} further records", "error"),
        ("validation error, scored records alone", "error_without_extra"),
    ):
        row = figures[key]
        lines.append(
            f"| {name} | {row['tau']:.3f} | {row['tau_good']:.3f} | "
            f"{row['absolute_error']:.2f} points (mean absolute) | "
            f"{row['coverage']:.1%} ({row['coverage_good']:.1%} below 25 %) |"
        )
    cost = figures["cost"]
    lines.append(
        f"| cost, with {figures['extra_rows']} further records | {cost['tau']:.3f} | – | "
        f"{cost['relative_error']:.1%} (median relative) | {cost['coverage']:.1%} |"
    )
    return "\n".join([*lines, "", f"Scored: {figures['scored_rows']:,} distinct records."])


def paragraph_on_floor(figures: dict[str, Any]) -> str:
    """What is known of the noise, and the learning curve."""
    floor, pairs = figures["noise_floor"], figures["neighbours"]
    lines = ["| share of the classes fitted to | tau | MAE | tau, error < 25 % |", "|---|---|---|---|"]
    for share, row in figures["learning_curve"].items():
        lines.append(f"| {float(share):.0%} | {row['tau']:.3f} | {row['absolute_error']:.2f} | {row['tau_good']:.3f} |")
    return (
        "Two upper bounds of the seeds' noise. The fitted noise has a median of "
        f"{figures['median_log_noise']:.1%} of the error's value; if all of it were seed noise, a predictor that knew "
        f"every expected error would reach tau {floor['tau']:.3f}, {floor['absolute_error']:.2f} points and, below "
        f"25 %, tau {floor['tau_good']:.3f}. Without the model's noise: records of one class, one step of learning "
        f"rate *and* of batch size apart ({pairs['pairs']} pairs; SGD's noise scale is the same) differ, the model's "
        f"own difference taken out, by a robust spread of {pairs['log_spread_all']:.1%} a record, "
        f"{pairs['log_spread_good']:.1%} below 25 % ({pairs['pairs_good']} pairs).\n\n"
        "How much more records would help (one shuffle, no further records, fits to a part of the training\n"
        "classes):\n\n" + "\n".join(lines)
    )


def table_of_comparison(figures: dict[str, Any]) -> str:
    """The families."""
    lines = ["| family: features | tau | MAE | tau, error < 25 % | coverage of 90 % |", "|---|---|---|---|---|"]
    for name, row in sorted(figures["comparison"].items(), key=lambda item: item[1]["tau"]):
        cells = (
            _cell(row["tau"], 3),
            _cell(row["absolute_error"], 2),
            _cell(row["tau_good"], 3),
            _cell(row["coverage"], 1, percent=True),
        )
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def write_docs(figures: dict[str, Any]) -> None:
    """Put the figures into the docs, between their marks."""
    text = DOCS.read_text(encoding="utf-8")
    blocks = {"final": table_of_final, "floor": paragraph_on_floor, "comparison": table_of_comparison}
    for name, block in blocks.items():
        mark, end = f"<!-- figures: {name} -->\n", "<!-- end -->"
        before, after = text.split(mark)
        text = f"{before}{mark}{block(figures)}\n{end}{after.split(end, 1)[1]}"
    DOCS.write_text(text, encoding="utf-8")


def scores_of(result: OutOfFold, *, spread: bool = True) -> Figures:
    """The figures as a dictionary; coverage only where the family states a spread."""
    figures = {name: None if np.isnan(value) else value for name, value in asdict(result.scores()).items()}
    return figures if spread else {**figures, "coverage": None, "coverage_good": None}


def compared(records: Records) -> dict[str, Figures]:
    """Every family on the scored records alone."""
    figures = {}
    for name, family in families().items():
        result = cross_validate(records, fit=family, seeds=COMPARED_SHUFFLES)
        figures[name] = scores_of(result, spread=name.startswith("GP"))
        print(name, figures[name], flush=True)
    return figures


def learning_curve(records: Records) -> dict[str, Figures]:
    """The chosen family fitted to a part of the classes."""
    return {
        f"{share:.2f}": scores_of(cross_validate(records, fit=on_part(share), seeds=COMPARED_SHUFFLES))
        for share in SHARES
    }


def count_new_rows(records: Records, extra: list[Records]) -> int:
    """Distinct rows of the further records that are not scored."""
    found = [validation_records(part)[0] for part in extra]
    return len(np.setdiff1d(np.concatenate([np.empty(0, dtype=np.int64), *found]), validation_records(records)[0]))


def main() -> None:
    """Run the sections that were asked for; keep the others as they are."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=Path, required=True, metavar="FILE", help="scored (and fitted to)")
    parser.add_argument("--extra", type=Path, nargs="*", default=[], metavar="FILE", help="fitted to only")
    parser.add_argument(
        "--sections", nargs="+", choices=SECTIONS, default=SECTIONS, help="the others keep their figures"
    )
    arguments = parser.parse_args()
    records = read_records_csv(arguments.records)
    extra: list[Records] = [read_records_csv(path) for path in arguments.extra]
    figures = json.loads(FIGURES.read_text(encoding="utf-8")) if FIGURES.exists() else {}
    figures["extra_rows"] = count_new_rows(records, extra)
    for section in arguments.sections:
        if section == "comparison":
            figures[section] = compared(records)
        elif section == "learning_curve":
            figures[section] = learning_curve(records)
        elif section == "error_without_extra":
            figures[section] = scores_of(cross_validate(records))
        else:
            result = cross_validate(records, extra=extra, quantity=section)
            figures[section] = scores_of(result)
            figures["scored_rows"] = len(result.rows)
            plot_predictions(result, section)
            plot_calibration(result, section)
            if section == "error":
                figures["noise_floor"], figures["neighbours"] = noise_floor(result), neighbour_spread(result)
                figures["median_log_noise"] = float(np.median(result.predictions[0].log_noise))
        FIGURES.write_text(json.dumps(figures, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        print(section, json.dumps(figures[section], indent=1), flush=True)
    if set(SECTIONS) <= set(figures):
        write_docs(figures)


if __name__ == "__main__":
    main()
