"""Fit a surrogate to records of the benchmark: expected value *and* spread of accuracy and cost for every row.

This is not the surrogate of the benchmark's authors, which predicts 200 epochs and is not published: this one is fitted
to whatever records of the 12-epoch table one has, and fills the rest of that table.

Errors and costs are modelled on a log scale by Gaussian processes over features of what a cell computes
(:mod:`nhb2_plugins.table.surrogate.features`), with one row per isomorphism class, learning rate and batch size.
``docs/surrogate.md`` compares families and feature sets and states the cross-validated figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nhb2_plugins.cells import canonical_codes
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.fidelity import SCHEDULE_EPOCHS
from nhb2_plugins.space import BATCH_SIZES, LEARNING_RATES, N_HYPERPARAMETERS
from nhb2_plugins.table.draws import DrawSet
from nhb2_plugins.table.store import Table
from nhb2_plugins.table.surrogate.build import build_model, write_surrogate_table
from nhb2_plugins.table.surrogate.features import rows_of
from nhb2_plugins.table.surrogate.form import TableForm, assumptions_of, fitted_form
from nhb2_plugins.table.surrogate.model import (
    LogModel,
    Prediction,
    all_rows,
    connected_classes,
    cost_structure,
    error_structure,
    fit_log_model,
    predict_row_errors,
)
from nhb2_plugins.table.surrogate.posterior import build_draws
from nhb2_plugins.table.surrogate.records import Records
from nhb2_plugins.table.synthesis import TableModel

Float = NDArray[np.float64]
Integer = NDArray[np.int64]

MINIMUM_RECORDS: Final = 20


@dataclass(frozen=True, eq=False)
class Surrogate:
    """A fitted surrogate: see :func:`fit_surrogate`.

    Attributes:
        error: of the validation error after 12 epochs, in percent.
        cost: of the train + validation seconds of 12 epochs.
        form: the shape of everything else.
        n_records: distinct records that error and cost were fitted to.
    """

    error: LogModel
    cost: LogModel
    form: TableForm
    n_records: int

    def predict_error(self, indices: Sequence[int] | Integer) -> Prediction:
        """Validation error in percent after 12 epochs of configurations, by their index in the space."""
        return predict_row_errors(self.error, rows_of(indices))

    def predict_cost(self, indices: Sequence[int] | Integer) -> Prediction:
        """Train + validation seconds of 12 epochs of configurations, by their index in the space."""
        return self.cost.predict(rows_of(indices))

    def intervals_csv(self, coverage: float = 0.9) -> str:
        """What new records are expected to be, as CSV: a line for each class, learning rate and batch size.

        Columns: ``cellcode`` (the class's first), ``lr``, ``batch_size``; ``error_pct`` and ``cost_s``, as expected
        after 12 epochs, and ``…_low`` and ``…_high`` of each, the interval that a new record falls into.

        Args:
            coverage: probability that it does, between 0 and 1.
        """
        rows = all_rows()
        named = {"error_pct": predict_row_errors(self.error, rows), "cost_s": self.cost.predict(rows)}
        header = ["cellcode", "lr", "batch_size"]
        columns: list[Float] = []
        for name, prediction in named.items():
            header += [name, f"{name}_low", f"{name}_high"]
            columns += [prediction.value, *prediction.interval(coverage)]
        settings = product(canonical_codes(), LEARNING_RATES, BATCH_SIZES)
        numbers = np.column_stack(columns).tolist()
        lines = (
            f"{code},{lr},{batch_size},{','.join(format(number, '.3f') for number in values)}"
            for (code, lr, batch_size), values in zip(settings, numbers, strict=True)
        )
        return "\n".join([",".join(header), *lines]) + "\n"

    def to_model(self, *, created: str, seeds: tuple[int, ...] = (222, 555, 888), noise_seed: int = 0) -> TableModel:
        """The whole table as a compact model (:mod:`nhb2_plugins.table.synthesis`).

        Args:
            created: ISO date to record.
            seeds: the training seeds to name; their noise is synthetic.
            noise_seed: key of that noise.
        """
        return build_model(self.form, self.error, self.cost, created=created, seeds=seeds, noise_seed=noise_seed)

    def to_draws(self, model: TableModel, n_draws: int) -> DrawSet:
        """Tables that could be the real one, beside the model of their mean (:mod:`nhb2_plugins.table.draws`).

        Args:
            model: as :meth:`to_model` returned it.
            n_draws: how many.
        """
        return build_draws(self.error, self.cost, self.form, model, n_draws)

    def to_table(self, directory: Path, *, created: str, source: str, overwrite: bool = False) -> Table:
        """Write a full table of kind ``surrogate``.

        Args:
            directory: where to; must not exist or be empty, unless ``overwrite``.
            created: ISO date to record.
            source: one line on the records, for the table's provenance.
            overwrite: replace a table that is there.

        Raises:
            TableError: the directory is in use or cannot be written.
        """
        model = self.to_model(created=created)
        return write_surrogate_table(
            model,
            directory,
            source=source,
            note=self._note,
            assumptions=assumptions_of(self.form),
            overwrite=overwrite,
        )

    def to_draw_tables(
        self, directory: Path, n_draws: int, *, created: str, source: str, overwrite: bool = False
    ) -> list[Table]:
        """Write tables that could be the real one, ``directory-draw-0``, ``directory-draw-1``, … (84 MB each).

        Args:
            directory: beside which they are; that of :meth:`to_table`.
            n_draws: how many.
            created: as :meth:`to_table`, and so are the others.
            source: see there.
            overwrite: see there.

        Raises:
            TableError: a directory is in use or cannot be written.
        """
        if n_draws == 0:
            return []
        model = self.to_model(created=created)
        draws = self.to_draws(model, n_draws)
        return [
            write_surrogate_table(
                draws.model_of(model, draw),
                directory_of_draw(directory, draw),
                source=source,
                note=self._note,
                assumptions=assumptions_of(self.form, draw),
                overwrite=overwrite,
                draw=(draw, n_draws),
            )
            for draw in range(n_draws)
        ]

    @property
    def _note(self) -> str:
        return f"fitted to {self.n_records} records: its numbers are not the published benchmark's"


def directory_of_draw(directory: Path, draw: int) -> Path:
    """Where :meth:`Surrogate.to_draw_tables` puts a draw."""
    return directory.with_name(f"{directory.name}-draw-{draw}")


def validation_records(records: Records) -> tuple[Integer, Float, Float]:
    """Rows, errors and costs of the validation records after 12 epochs of connected cells.

    Identical records of isomorphic cells count once; different ones (other seeds) are kept.
    """
    chosen = (records.epoch == SCHEDULE_EPOCHS) & (records.split == "valid")
    table = np.column_stack([rows_of(records.index[chosen]), records.error_pct[chosen], records.cost_s[chosen]])
    table = table[np.isin(table[:, 0] // N_HYPERPARAMETERS, connected_classes())]
    # The same value may be printed with different float noise.
    _, first = np.unique(np.column_stack([table[:, 0], table[:, 1:].round(6)]), axis=0, return_index=True)
    kept = table[first]
    return kept[:, 0].astype(np.int64), kept[:, 1], kept[:, 2]


def fit_surrogate(records: Records) -> Surrogate:
    """Fit a surrogate to records.

    The error and the cost are fitted to validation records after 12 epochs (of any seeds: where one row has several,
    they tell noise from the rest). Other epochs, other splits and 200 epochs, where there are enough of them, replace
    what :class:`nhb2_plugins.table.surrogate.form.TableForm` assumes.

    Raises:
        InvalidValueError: fewer than 20 distinct records of connected cells after 12 epochs.
    """
    rows, errors, costs = validation_records(records)
    if len(rows) < MINIMUM_RECORDS:
        raise InvalidValueError(
            f"{len(rows)} distinct validation records after {SCHEDULE_EPOCHS} epochs of connected cells are too few: "
            f"at least {MINIMUM_RECORDS} are needed"
        )
    error = fit_log_model(rows, errors, error_structure())
    return Surrogate(
        error=error,
        cost=fit_log_model(rows, costs, cost_structure()),
        form=fitted_form(error, records),
        n_records=len(rows),
    )
