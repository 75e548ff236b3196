"""What a comparison rests on and is to be cited: the benchmark, optimizers, frameworks, statistics."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from nhb2_plugins.analysis.model import CampaignAnalysis, OptimizerCard, Refusal

_HERE: Final = Path(__file__).parent
_ALGORITHMS: Final[Mapping[str, tuple[str, ...]]] = {
    "random_search": ("bergstra2012random",),
    "regularized_evolution": ("real2019regularized",),
    "reinforce": ("williams1992simple",),
    "rs_then_rea": ("bergstra2012random", "real2019regularized"),
    "bohb_then_rea": ("falkner2018bohb", "real2019regularized"),
    "local_search": ("white2021exploring",),
    "asha": ("li2020asha",),
    "successive_halving": ("jamieson2016nonstochastic",),
    "hyperband": ("li2018hyperband",),
    "bohb": ("falkner2018bohb",),
}
_SAMPLERS: Final[Mapping[str, tuple[str, ...]]] = {"tpe": ("bergstra2011algorithms",), "cmaes": ("hansen2001cma",)}
_PACKAGES: Final[Mapping[str, str]] = {
    "configspace": "lindauer2019boah",
    "numpy": "harris2020numpy",
    "optuna": "akiba2019optuna",
    "smac": "lindauer2022smac3",
}
_TESTS: Final[Mapping[str, str]] = {"Wilcoxon": "wilcoxon1945individual", "Mann-Whitney": "mann1947test"}


def benchmark_reference() -> str:
    """The benchmark's paper, as BibTeX."""
    return (_HERE / "citation.bib").read_text(encoding="utf-8").rstrip()


def references(analysis: CampaignAnalysis) -> str:
    """Everything that a comparison used, as BibTeX, the benchmark first."""
    entries = (_HERE / "references.bib").read_text(encoding="utf-8").strip().split("\n\n")
    used = set(_used(analysis))
    chosen = [entry for entry in entries if re.split("[{,]", entry)[1] in used]
    return "\n\n".join([benchmark_reference(), *chosen]) + "\n"


def _used(analysis: CampaignAnalysis) -> Iterator[str]:
    yield "efron1979bootstrap"
    if not isinstance(analysis.baseline_time, Refusal):
        yield "bergstra2012random"
    for card in analysis.optimizers:
        yield from _ALGORITHMS.get(card.algorithm, ())
        yield from _SAMPLERS.get(_sampler(card), ())
    yield from (key for package, key in _PACKAGES.items() if package in map(str.lower, analysis.versions))
    tests = {row.test for row in analysis.pairs}
    yield from (key for name, key in _TESTS.items() if any(test.startswith(name) for test in tests))
    if any(tests):
        yield "holm1979simple"
    if not isinstance(analysis.friedman, Refusal):
        yield from ("friedman1937ranks", "demsar2006statistical")
    if not isinstance(analysis.improvement, Refusal):
        yield "agarwal2021precipice"


def _sampler(card: OptimizerCard) -> str:
    return str(card.settings.get("sampler", "tpe")) if card.algorithm == "optuna" else ""
