"""A worker for hpbandster 0.7.4, in threads or in separate processes on a nameserver.

Importing this module repairs hpbandster (:mod:`~nhb2_plugins.adapters.hpbandster.repair`), whose jobs hang on today's
packages otherwise. It must be imported where the optimizer runs, too; a script that starts workers and optimizer in one
process has done so.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, Final

from ConfigSpace import ConfigurationSpace
from hpbandster.core.worker import Worker

import nhb2_plugins.adapters.hpbandster.repair  # noqa: F401 - importing it is what it is for
from nhb2_plugins.adapters.hpbandster.result import run_info
from nhb2_plugins.adapters.hpbandster.search import BOHB_FRAMEWORK
from nhb2_plugins.adapters.run import RecordedRun
from nhb2_plugins.benchmark import Benchmark
from nhb2_plugins.fidelity import FidelityLadder
from nhb2_plugins.optimizers.bohb_model import checked_whole_cells
from nhb2_plugins.problem import Problem, split_arguments
from nhb2_plugins.search_space import configuration_space
from nhb2_plugins.trajectory.logger import TrajectoryLogger

_SHUTDOWN_S: Final = 10.0


class BohbWorker(RecordedRun, Worker):  # type: ignore[misc]  # hpbandster is untyped
    """A real hpbandster worker whose job is a lookup: the loss is the error (percent) at the epoch serving a budget.

    ``run.info`` of a result holds the accuracy and what every adapter says of an evaluation
    (:func:`~nhb2_plugins.adapters.hpbandster.result.run_info`).

    Attributes:
        problem: what it answers.
        recorder: charges and logs; workers of one process may share one, and with it what the run has paid for.
        error: the first unexpected exception of an evaluation. hpbandster turns it into a crashed configuration.
    """

    logger: Any = None  # hpbandster's own, which its constructor sets; the records are in recorder.logger

    def __init__(
        self,
        *,
        bench: Benchmark | Problem,
        ladder: FidelityLadder | Iterable[float] | None = None,
        logger: TrajectoryLogger | None = None,
        whole_cells: bool | None = None,
        hpbandster_logger: logging.Logger | None = None,
        **arguments: Any,
    ) -> None:
        """Set up the worker; hpbandster's ``run()`` starts it.

        Args:
            bench: the problem, which has a ladder; or a benchmark and a problem's keywords. Encodings: ``categorical``
                (the default) or ``integer``, as the optimizer's space.
            ladder: budgets in epochs. A budget in between snaps down to a rung. Beside a benchmark None is (12, 200).
            logger: takes a record per evaluation, in *this* process; None makes one.
            whole_cells: one categorical, ``cell``, in the place of the six edges of that space; None for where the
                restriction needs it, which is ``one_per_class``: hpbandster knows no forbidden clauses.
            hpbandster_logger: hpbandster's own ``logger`` argument. None is its logger ``hpbandster``, which is quiet
                until a program configures logging (hpbandster's default sets the whole program to DEBUG).
            **arguments: a problem's keywords (:class:`~nhb2_plugins.problem.Problem`), beside a benchmark; and
                hpbandster's own: ``run_id``, ``nameserver``, ``nameserver_port``, ``host``, ``id``, ``timeout``.

        Raises:
            InvalidValueError: not a logger, a problem without a ladder, ``one_per_class`` without ``whole_cells``, or
                as :class:`~nhb2_plugins.problem.Problem`.
            TrajectoryError: the logger belongs to another table.
        """
        own, hpbandsters = split_arguments(arguments, table_seed="seed")
        super().__init__(logger=hpbandster_logger or logging.getLogger("hpbandster"), **hpbandsters)
        self._begin(BOHB_FRAMEWORK.problem(bench, own, ladder=ladder), logger)
        self._whole_cells = checked_whole_cells(self.problem.restriction, whole_cells)

    def get_configspace(self, seed: int | None = None) -> ConfigurationSpace:
        """The space for the optimizer, in the worker's encoding and restriction."""
        problem = self.problem
        return configuration_space(
            problem.settled_encoding,
            seed=seed,
            restriction=problem.restriction,
            whole_cells=self._whole_cells,
        )

    def compute(
        self, config_id: object, config: Mapping[str, Any], budget: float, working_directory: str = "", **_: object
    ) -> dict[str, Any] | None:
        """Evaluate a job; called by hpbandster.

        Returns:
            ``{"loss": error in percent, "info": …}``, built-in types only.

        Raises:
            InvalidValueError: a configuration outside the space or its part.
            Exception: whatever else the evaluation raises; the first is kept in :attr:`error`.
        """
        del config_id, working_directory  # what hpbandster passes and a lookup does not need
        record = self._record(config, float(budget))
        return {"loss": record.error_pct, "info": run_info(record)}

    def stop(self) -> None:
        """End a worker that runs in the background, if its optimizer's shutdown has not ended it."""
        if self.thread is not None:
            self.thread.join(_SHUTDOWN_S)
            if self.thread.is_alive():
                self.pyro_daemon.shutdown()
                self.thread.join()
        if self.error is not None:
            _let_go(self.error)


def _let_go(error: Exception) -> None:
    """Empty the frames of Pyro and hpbandster that an error came through.

    Their locals hold the connection to the optimizer, which would stay open as long as somebody keeps the error. The
    frames of the evaluation itself stay as they are, for debuggers.
    """
    frame = error.__traceback__.tb_frame if error.__traceback__ else None
    while frame is not None:
        with suppress(RuntimeError):  # still running
            frame.clear()
        frame = frame.f_back
