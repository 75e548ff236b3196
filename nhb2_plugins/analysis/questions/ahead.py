"""Which optimizers are ahead of random search? A test of each one's final regrets against its exact law."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from nhb2_plugins.analysis import parts
from nhb2_plugins.analysis.curves import final_regrets
from nhb2_plugins.analysis.draws import deciding, depends_in_words, means_by_variant, rotates
from nhb2_plugins.analysis.model import FEWEST_FOR_VERDICTS, SIGNIFICANCE, CampaignFacts, Floats, Refusal
from nhb2_plugins.analysis.question import Question, of_results
from nhb2_plugins.analysis.questions.random_search import MatchRow, matches
from nhb2_plugins.analysis.rank_statistics import holm, p_against_law, places_in_law
from nhb2_plugins.analysis.results import CampaignResults, OptimizerRuns, epochs_in_words
from nhb2_plugins.analysis.tables import N_RUNS, OPTIMIZER, Column, ReportTable, rows_of, table_of
from nhb2_plugins.analysis.wording import listed, p_text
from nhb2_plugins.trajectory.baseline import RandomSearchBaseline, RegretLaw
from nhb2_plugins.trajectory.run_file import RunHeader


@dataclass(frozen=True)
class AheadRow:
    """One optimizer's final regrets against the law of random search's.

    Attributes:
        optimizer: marked name.
        n_runs: its runs.
        searched_at: the epochs that it searched at, in words, where it is random search at others than the law's.
        better: probability that a run of it ends better than one of random search; None where refused.
        p_value: two-sided, exact for random search itself; None where refused.
        p_holm: corrected for the number of optimizers tested (Holm).
        match: when its mean is as good as random search's at the end of the budget; None where that is not known.
        refused: why there is no test; empty where there is one.
        depends: of a search on several draws why there is no verdict although the test is significant.
    """

    optimizer: str
    n_runs: int
    searched_at: str = ""
    better: float | None = None
    p_value: float | None = None
    p_holm: float | None = None
    match: MatchRow | None = None
    refused: str = ""
    depends: str = ""

    @property
    def verdict(self) -> str:
        """``ahead``, ``behind``, ``not told apart``, or ``not tested`` with the reason."""
        if self.p_holm is None or self.better is None:
            return f"not tested: {self.refused}"
        if self.p_holm >= SIGNIFICANCE:
            return "not told apart"
        if self.depends:
            return f"not decided: {self.depends}"
        return "ahead" if self.better > 0.5 else "behind"


def ahead(results: CampaignResults) -> tuple[AheadRow, ...]:
    """Every optimizer that was run, with p-values corrected for their number; none where random search is not known."""
    baseline = results.baseline
    if baseline is None or not baseline.over_time:
        return ()
    found = matches(results)
    means = {} if isinstance(found, Refusal) else {row.optimizer: row for row in found if row.level == "mean"}
    rows = [_row(each, baseline, means) for each in results.optimizers if each.runs]
    if results.stopping is not None:
        sequential = "seeds were added until pairs were decided, and this test is of a number fixed beforehand"
        return tuple(replace(row, better=None, p_value=None, refused=sequential) for row in rows)
    corrected = iter(holm([row.p_value for row in rows if row.p_value is not None]))
    return tuple(row if row.p_value is None else replace(row, p_holm=next(corrected)) for row in rows)


def _row(optimizer: OptimizerRuns, baseline: RandomSearchBaseline, means: Mapping[str, MatchRow]) -> AheadRow:
    header, name = optimizer.runs[0].header, optimizer.marked_name
    row = AheadRow(name, len(optimizer.runs), match=means.get(name))
    if header.algorithm == "random_search" and header.epochs != (baseline.measure_epoch,):
        row = replace(row, searched_at=epochs_in_words(header.epochs))
    law = baseline.law(header.n_workers, header.budget_s)
    if law is None or (refused := _why_not(optimizer)):
        return replace(row, refused=_without_law(header, baseline) if law is None else refused)
    return tested(row, optimizer, law)


def tested(row: AheadRow, optimizer: OptimizerRuns, law: RegretLaw) -> AheadRow:
    """The row with what the test says."""
    places = places_in_law(final_regrets(optimizer), law)
    return replace(
        row,
        better=float(1 - places.mean()),
        p_value=float(p_against_law(places)),
        depends=_depends(optimizer, places),
    )


def _depends(optimizer: OptimizerRuns, places: Floats) -> str:
    if not rotates([optimizer]):
        return ""
    headers = [run.header for run in optimizer.runs]
    better = {name: means_by_variant(headers, (0.5 - places).tolist(), name) for name in deciding(optimizer)}
    return depends_in_words(optimizer.marked_name, "random search", better)


def _why_not(optimizer: OptimizerRuns) -> str:
    if len(optimizer.runs) < FEWEST_FOR_VERDICTS:
        return f"fewer than {FEWEST_FOR_VERDICTS} runs"
    if not optimizer.with_result:
        return "no result"
    if optimizer.runs[0].header.crossing != "drop":
        return "evaluations that cross the budget count here, and not for exact random search"
    return ""


def _without_law(header: RunHeader, baseline: RandomSearchBaseline) -> str:
    if header.budget_s is None:
        return "no limit of simulated time"
    if header.max_evaluations is not None or header.has_several_objectives:
        return "the law of random search is known of one objective by the end of a simulated time"
    if not baseline.laws:
        return "an earlier version recorded random search without its law; nhb2 run with the same specification adds it"
    return "the law of random search is not recorded for its budget"


def _words(rows: Sequence[AheadRow], facts: CampaignFacts) -> Iterator[str]:
    """Who is ahead of random search, who is not, and who was not tested."""
    at_end = f"exact random search at {epochs_in_words((facts.measure_epoch,))}"
    said = {
        "ahead": f"Ahead of {at_end}",
        "not told apart": f"Not told apart from {at_end}",
        "behind": f"Behind {at_end}",
    }
    how = (
        f" (two-sided tests of the final regrets against its law at the end of the budget, Holm-corrected for all "
        f"optimizers, level {SIGNIFICANCE:g})"
    )
    for verdict, text in said.items():
        own = [_told(row) for row in rows if row.verdict == verdict]
        if own:
            yield f"{text}: {listed(own)}{how}."
            how = ""
    for row in rows:
        if row.verdict.startswith("not decided"):
            yield f"Not decided between {row.optimizer} and {at_end}: {row.depends}."
    reasons = dict.fromkeys(row.refused for row in rows if row.refused)
    for reason in reasons:
        own = [f"{row.optimizer} ({row.n_runs} runs)" for row in rows if row.refused == reason]
        yield f"No verdict against {at_end}: {listed(own)}: {reason}."


def _told(row: AheadRow) -> str:
    parts_ = [f"searched at {row.searched_at}"] if row.searched_at else []
    parts_.append(f"better with probability {row.better:.2f}")
    parts_.append(p_text(row.p_holm or 0.0))
    if row.verdict == "ahead" and row.match is not None and row.match.time_s is not None:
        parts_.append(f"as good after {row.match.time_s:,.0f} s, {row.match.speed_up or 0:.1f} times as fast")
    return f"{row.optimizer} ({', '.join(parts_)})"


_COLUMNS: Final = (
    OPTIMIZER,
    N_RUNS,
    Column("verdict", "verdict", "text"),
    Column("better", "better with probability"),
    Column("p_holm", "p (Holm)", "p"),
    Column("p_value", "p", "p"),
)


def _table(rows: Sequence[AheadRow], facts: CampaignFacts) -> ReportTable:
    return table_of(
        "ahead",
        "Against exact random search, final regret",
        _COLUMNS,
        rows_of(rows, _COLUMNS),
        (
            f"Exact random search evaluates at {epochs_in_words((facts.measure_epoch,))}. Two-sided test of the places "
            f"of the runs in its law, level {SIGNIFICANCE:g} after Holm's correction over the optimizers; no verdict "
            f"of fewer than {FEWEST_FOR_VERDICTS} runs.",
        ),
    )


def _parts(rows: Sequence[AheadRow], facts: CampaignFacts) -> tuple[parts.Part, ...]:
    if not rows:
        return ()
    table = _table(rows, facts)
    return (parts.TablePart(section=parts.RANKS, place=60, table=table, title=table.title),)


QUESTION: Final = Question(
    "ahead", of_results(ahead), words=_words, tables=lambda rows, facts: (_table(rows, facts),), parts=_parts
)
