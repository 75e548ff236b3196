"""Joint optimisation of architecture and hyperparameters against taking one after the other, or one alone.

Every strategy here searches exhaustively within what it may touch, so that what it loses is due to its order alone.
Ties go to the first in index order.

Source of the question: Hirose, Yoshinari, Shirakawa, ACML 2021 (arXiv:2110.10165).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from nhb2_plugins.benchmark import Benchmark, Seed
from nhb2_plugins.landscape.anova import ARCHITECTURE, HYPERPARAMETERS, FunctionalAnova, functional_anova
from nhb2_plugins.landscape.view import Floats, Measured, View
from nhb2_plugins.space import CELLCODES, N_CELLCODES, N_CONFIGURATIONS, N_HYPERPARAMETERS, Configuration

if TYPE_CHECKING:
    import pandas

DEFAULT_LR: Final = 0.1
DEFAULT_BATCH_SIZE: Final = 256
"""The setting that an architecture search without hyperparameter search uses here: that of NAS-Bench-201's training
(Dong, Yang, ICLR 2020), on the same network and data."""


@dataclass(frozen=True, eq=False)
class JointSearch(Measured):
    """What each strategy reaches. Made by :func:`joint_search`. All errors in percent.

    Attributes:
        optimum_error_pct: of the joint search.
        architecture_only: the best error over cells under each of the 48 hyperparameter settings, shape (48,).
        hyperparameters_only: the best error over settings of each cell, shape (4096,).
        hyperparameters_first: two stages, the hyperparameters tuned on each cell, then the best cell under the setting
            found, shape (4096,).
        architecture_first: two stages, the best cell under each setting, then the best setting of that cell, (48,).
        alternating: the two stages in turn from each cell until neither changes anything, shape (4096,).
        default: position of the default setting among the 48.
        anova: the exact decomposition of error, and of cost, by ``"error"`` and ``"cost"``.
    """

    optimum_error_pct: float
    architecture_only: Floats
    hyperparameters_only: Floats
    hyperparameters_first: Floats
    architecture_first: Floats
    alternating: Floats
    default: int
    anova: Mapping[str, FunctionalAnova]

    @property
    def interaction_share(self) -> float:
        """Share of the error's variance that architecture and hyperparameters explain only together."""
        return self.anova["error"].interaction_share(ARCHITECTURE, HYPERPARAMETERS)

    def to_frame(self) -> pandas.DataFrame:
        """The strategies; one row each.

        Columns: ``strategy``; ``start`` (what is fixed, or fixed first, and over what the statistics are);
        ``n_configurations`` it looks at; ``mean_error_pct``; ``mean_regret_pct``, ``median_regret_pct`` and
        ``worst_regret_pct`` to the joint optimum; ``optimum_share``, the share of starts that reach it.

        Raises:
            MissingExtraError: pandas is not installed.
        """
        setting = f"lr {DEFAULT_LR:g}, batch size {DEFAULT_BATCH_SIZE}"
        two_stages = N_CELLCODES + N_HYPERPARAMETERS
        default = slice(self.default, self.default + 1)
        rows: list[tuple[str, str, int | None, Floats]] = [
            ("joint", "nothing fixed", N_CONFIGURATIONS, np.array([self.optimum_error_pct])),
            ("architecture only", setting, N_CELLCODES, self.architecture_only[default]),
            ("architecture only", "each of 48 settings", N_CELLCODES, self.architecture_only),
            ("hyperparameters only", "each of 4,096 cells", N_HYPERPARAMETERS, self.hyperparameters_only),
            ("hyperparameters, then architecture", "each of 4,096 cells", two_stages, self.hyperparameters_first),
            ("architecture, then hyperparameters", setting, two_stages, self.architecture_first[default]),
            ("architecture, then hyperparameters", "each of 48 settings", two_stages, self.architecture_first),
            ("alternating until nothing changes", "each of 4,096 cells", None, self.alternating),
        ]
        regrets = [error - self.optimum_error_pct for *_, error in rows]
        columns = {
            "strategy": [row[0] for row in rows],
            "start": [row[1] for row in rows],
            "n_configurations": [np.nan if row[2] is None else row[2] for row in rows],
            "mean_error_pct": [float(row[3].mean()) for row in rows],
            "mean_regret_pct": [float(regret.mean()) for regret in regrets],
            "median_regret_pct": [float(np.median(regret)) for regret in regrets],
            "worst_regret_pct": [float(regret.max()) for regret in regrets],
            "optimum_share": [float((regret == 0).mean()) for regret in regrets],
        }
        return self.frame(columns)

    def shares_frame(self) -> pandas.DataFrame:
        """Shares of the variance: ``component``, then ``error_share`` and ``cost_share``.

        Architecture is the six edges as one coordinate, hyperparameters are learning rate and batch size as one.

        Raises:
            MissingExtraError: pandas is not installed.
        """
        columns: dict[str, object] = {"component": ["architecture", "hyperparameters", "interaction of the two"]}
        for quantity, anova in self.anova.items():
            columns[f"{quantity}_share"] = [
                anova.closed_share(ARCHITECTURE),
                anova.closed_share(HYPERPARAMETERS),
                anova.interaction_share(ARCHITECTURE, HYPERPARAMETERS),
            ]
        return self.frame(columns)


def joint_search(bench: Benchmark, epoch: int = 12, split: str | None = None, seed: Seed | None = None) -> JointSearch:
    """Compare joint search with one-sided and two-stage searches, exactly.

    Raises:
        InvalidValueError: as :meth:`Benchmark.evaluate`.
    """
    view = View.of(bench, epoch, split, seed)
    error = view.error_by_cell
    best_setting = np.argmin(error, axis=1)
    best_cell = np.argmin(error, axis=0)
    architecture_only = error.min(axis=0)
    hyperparameters_only = error.min(axis=1)
    settled = _settle(best_setting[best_cell])
    where = (view.epoch, view.split, view.seed)
    return JointSearch(
        optimum_error_pct=float(error.min()),
        architecture_only=architecture_only,
        hyperparameters_only=hyperparameters_only,
        hyperparameters_first=architecture_only[best_setting],
        architecture_first=hyperparameters_only[best_cell],
        alternating=architecture_only[settled[best_setting]],
        default=Configuration(CELLCODES[0], DEFAULT_LR, DEFAULT_BATCH_SIZE).index,
        anova={q: functional_anova(bench, *where, quantity=q) for q in ("error", "cost")},
        table=view.table,
        measure=view.measure,
    )


def _settle(follow: NDArray[np.intp]) -> NDArray[np.intp]:
    """Where repeated moves between settings lead; each move lowers the error or stays, so there is no cycle."""
    while not np.array_equal(further := follow[follow], follow):
        follow = further
    return follow
