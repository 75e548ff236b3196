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
    "sh_emoa": ("izquierdo2021bag",),
}
_SETTINGS: Final[Mapping[str, Mapping[str, str]]] = {
    "sampler": {
        "tpe": "bergstra2011algorithms",
        "cmaes": "hansen2001cma",
        "random": "bergstra2012random",
        "nsgaii": "deb2002nsga2",
        "nsgaiii": "deb2014nsga3",
    },
    "facade": {"random": "bergstra2012random", "multi_fidelity": "li2018hyperband", "hyperband": "li2018hyperband"},
}
"""Of an algorithm's setting, by its value."""
_DEFAULTS: Final[Mapping[str, Mapping[str, str]]] = {"optuna": {"sampler": "tpe"}}
_WITH_OBJECTIVES: Final[Mapping[str, str]] = {
    "regularized_evolution": "deb2002nsga2",
    "smac": "knowles2006parego",
    "tpe": "ozaki2022motpe",
}
"""What makes an algorithm, or a sampler, minimise several objectives."""
_INTERVALS: Final = (
    "efron1979bootstrap",
    "hesterberg2015bootstrap",
    "hettmansperger1986interpolated",
    "land1972lognormal",
)
_FRONTS: Final = ("grunert2001attainment", "ishibuchi2015modified", "zitzler1999strength")
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
    yield from _INTERVALS
    if not isinstance(analysis.baseline_time, Refusal):
        yield "bergstra2012random"
    for card in analysis.optimizers:
        yield from _used_by(card, analysis.has_front)
    if analysis.has_front:
        yield from _FRONTS
    yield from (key for package, key in _PACKAGES.items() if package in map(str.lower, analysis.versions))
    tests = {row.test for row in analysis.pairs}
    yield from (key for name, key in _TESTS.items() if any(test.startswith(name) for test in tests))
    if any(tests):
        yield from ("holm1979simple", "virtanen2020scipy")
    if analysis.stopping is not None:
        yield "vovk2024symmetry"
    if not isinstance(analysis.friedman, Refusal):
        yield from ("friedman1937ranks", "demsar2006statistical")
    if not isinstance(analysis.improvement, Refusal):
        yield "agarwal2021precipice"


def _used_by(card: OptimizerCard, has_front: bool) -> Iterator[str]:
    yield from _ALGORITHMS.get(card.algorithm, ())
    chosen = {**_DEFAULTS.get(card.algorithm, {}), **card.settings} if card.algorithm in _PACKAGES else {}
    names = {setting: str(chosen.get(setting)) for setting in _SETTINGS}
    yield from (_SETTINGS[setting][name] for setting, name in names.items() if name in _SETTINGS[setting])
    if has_front:
        yield from (key for name, key in _WITH_OBJECTIVES.items() if name in (card.algorithm, *names.values()))
