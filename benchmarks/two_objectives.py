"""The figures of docs/objectives.md: fronts, exact against simulated random search, and the shipped comparison.

    pip install ".[quickstart]"
    nhb2 run two_objectives --out RESULTS
    python benchmarks/two_objectives.py RESULTS --front FRONT.csv [--write docs/objectives.md]

FRONT.csv is a published front (``valid_error_pct,cost_s``), that of the real table. Takes about a minute beside the
campaign.
"""

from __future__ import annotations

import argparse
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from nhb2_plugins.analysis.analyse import analyse, report_tables
from nhb2_plugins.analysis.results import read_results
from nhb2_plugins.benchmark import Benchmark
from nhb2_plugins.campaign_directory import CampaignDirectory
from nhb2_plugins.exact import FrontQuality, exact_front, random_hypervolume, random_hypervolume_over_time
from nhb2_plugins.landscape.published_front import quality_against, read_front
from nhb2_plugins.landscape.view import View
from nhb2_plugins.table.embedded import open_embedded

sys.path.append(str(Path(__file__).resolve().parent / "speed"))
from page import markdown_table, write_figures

BEGIN, END = "<!-- figures: written by benchmarks/two_objectives.py -->", "<!-- end of figures -->"
N_RUNS = 10_000
COUNTS = (50, 100, 200, 350)
TIMES_S = (2_000.0, 5_000.0, 20_000.0)


def wrapped(text: str, indent: str = "") -> str:
    """A paragraph in lines of the page's width."""
    return textwrap.fill(text, 124, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def comparison(results: Path) -> Iterator[str]:
    """The campaign's final archives, and what its tests say."""
    analysis = analyse(read_results(results, CampaignDirectory(results).order()))
    fronts = next(each for each in report_tables(analysis) if each.name == "fronts")
    regret = {row.optimizer: row.regret for row in analysis.comparison}
    yield "### Five optimizers, 350 evaluations"
    yield ""
    yield f"{analysis.table_label}; {analysis.conditions}."
    yield ""
    headings = ["optimizer", "regret (pp)", *fronts.headings[1:]]
    yield markdown_table(headings, [[row[0], str(regret[row[0]]), *row[1:]] for row in fronts.shown()])
    yield ""
    yield from (wrapped(f"- {sentence}", "  ") for sentence in analysis.sentences)
    yield ""


def random_search(bench: Benchmark) -> Iterator[str]:
    """Exact against simulated hypervolume."""
    search = random_hypervolume(bench)
    quality = FrontQuality.of(exact_front(bench).values)
    outcome_of = np.repeat(np.arange(len(search.outcomes.values)), search.outcomes.n_configurations)
    draws = np.random.default_rng(0).integers(0, len(outcome_of), (N_RUNS, COUNTS[-1]))
    runs = search.outcomes.values[outcome_of[draws]]
    ended = np.cumsum(runs[:, :, 1], axis=1)
    over_time = random_hypervolume_over_time(bench, TIMES_S)
    exact = {f"{n} evaluations": search.mean(n) for n in COUNTS} | dict(
        zip((f"{time:,.0f} s" for time in TIMES_S), over_time.tolist(), strict=True)
    )
    sizes = [np.full(N_RUNS, n) for n in COUNTS] + [(ended <= time).sum(axis=1) for time in TIMES_S]
    rows = []
    for (what, mean), n_seen in zip(exact.items(), sizes, strict=True):
        pairs = zip(runs, n_seen, strict=True)
        found = np.array([quality.hypervolume_pct(run[:n]) if n else 0.0 for run, n in pairs])
        expected, error = 100 * mean / search.front, found.std(ddof=1) / np.sqrt(N_RUNS)
        rows.append([what, f"{expected:.3f}", f"{found.mean():.3f}", f"{(found.mean() - expected) / error:+.2f}"])
    yield "### Random search, exact and simulated"
    yield ""
    yield f"Random search on the {bench.provenance.label}, hypervolume in percent of the front's, {N_RUNS:,} runs:"
    yield ""
    yield markdown_table(["after", "exact", "mean of runs", "difference in standard errors"], rows)
    yield ""


def against(bench: Benchmark, front: Path) -> Iterator[str]:
    """The table's front and a published one."""
    published = read_front(front)
    frame = quality_against(View.of(bench), published)
    own = exact_front(bench, published.objectives)
    yield "### The embedded table's front, and the real one"
    yield ""
    yield wrapped(
        f"The front of the {bench.provenance.label} has {len(own.indices)} points, from ({own.values[0, 0]:.3f} %, "
        f"{own.values[0, 1]:,.1f} s) to ({own.values[-1, 0]:.3f} %, {own.values[-1, 1]:,.1f} s); the real table's "
        f"{len(published.values)}, from ({published.values[0, 0]:.3f} %, {published.values[0, 1]:,.1f} s) to "
        f"({published.values[-1, 0]:.3f} %, {published.values[-1, 1]:,.1f} s). Each measured against the other:"
    )
    yield ""
    names = ("embedded table's", "real table's")
    rows = [
        [
            name,
            f"{row.hypervolume_ratio:.4f}",
            f"{row.igd_plus:.4f}",
            f"{row.epsilon:.4f}",
            f"{100 * row.attained:.0f} %",
        ]
        for name, row in zip(names, frame.itertuples(), strict=True)
    ]
    yield markdown_table(["front", "hypervolume ratio", "IGD+", "epsilon", "of the other's points attained"], rows)


def main() -> None:
    """Print the figures, or write them into the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, help="of `nhb2 run two_objectives`")
    parser.add_argument("--front", type=Path, required=True)
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    bench = Benchmark(open_embedded())
    lines = [*comparison(options.results), *random_search(bench), *against(bench, options.front)]
    if options.write:
        write_figures(options.write, "\n".join(lines), BEGIN, END)
    else:
        print("\n".join(lines))


if __name__ == "__main__":
    main()
