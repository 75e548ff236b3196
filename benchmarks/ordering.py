"""The order of optimizers on the embedded table, under the settings of the benchmark's paper: docs/surrogate.md.

    pip install ".[quickstart]"
    nhb2 run ordering --out RESULTS
    python benchmarks/ordering.py RESULTS [--write docs/surrogate.md]

The campaign takes a minute.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from nhb2_plugins.analysis.results import OptimizerRuns, read_results
from nhb2_plugins.benchmark import Benchmark
from nhb2_plugins.campaign_directory import CampaignDirectory
from nhb2_plugins.exact import random_search_over_time
from nhb2_plugins.table.embedded import open_embedded

sys.path.append(str(Path(__file__).resolve().parent / "speed"))
from page import markdown_table, write_figures

BEGIN, END = "<!-- order: written by benchmarks/ordering.py -->", "<!-- end of order -->"


def row(optimizer: OptimizerRuns, measure_epoch: int) -> list[str]:
    """Name, number of runs, and the error of the last incumbents."""
    errors = [run.incumbents[-1].measured.measured_error_pct(measure_epoch) for run in optimizer.with_result]
    standard_error = np.std(errors, ddof=1) / np.sqrt(len(errors))
    return [optimizer.name, str(len(errors)), f"{np.mean(errors):.2f} ± {standard_error:.2f}"]


def lines(results: Path) -> Iterator[str]:
    """The table, and whose numbers they are."""
    campaign = read_results(results, CampaignDirectory(results).order())
    header = campaign.header
    bench = Benchmark(open_embedded())
    exact = random_search_over_time(bench, header.budget_s).mean_error_pct[0]
    rows = [["Random search, exact", "", f"{exact:.2f}"]]
    rows += [row(each, header.measure_epoch) for each in campaign.optimizers]
    yield markdown_table(["optimizer", "runs", "error, mean ± standard error"], rows)
    yield ""
    yield (
        f"Validation error in percent after {header.measure_epoch} epochs, of what was found in "
        f"{header.budget_s:,.0f} simulated seconds. Numbers of the {bench.provenance.label}."
    )


def main() -> None:
    """Print the figures, or write them into the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, help="of `nhb2 run ordering`")
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    text = "\n".join(lines(options.results))
    if options.write:
        write_figures(options.write, text, BEGIN, END)
    else:
        print(text)


if __name__ == "__main__":
    main()
