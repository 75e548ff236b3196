"""What an evaluation is charged, and when its result can be known: a policy, and what a run has already paid for.

- ``from_scratch``: every evaluation pays its whole cost, as the reference package bills (the default).
- ``continued``: within the 12-epoch schedule only the epochs beyond what the same configuration, split and seed already
  ran are paid. 200 epochs is another schedule and is always paid in full.
- ``cached``: a repeated identical evaluation (configuration, epoch, split, seed) is free.

Whatever spares costs rests on an evaluation that was paid before, and waits until that one has ended: a repeat of an
evaluation that is still running is told when the first ends, and a continuation trains on from there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, get_args

from nhb2_plugins.arguments import checked_choice
from nhb2_plugins.benchmark import Benchmark, Observation
from nhb2_plugins.fidelity import LONG_EPOCHS
from nhb2_plugins.space import Configuration

if TYPE_CHECKING:
    from nhb2_plugins.trajectory.record import TrialRecord

Charging = Literal["from_scratch", "continued", "cached"]
CHARGING_POLICIES: Final[tuple[Charging, ...]] = get_args(Charging)


def checked_charging(policy: str) -> Charging:
    """The policy.

    Raises:
        InvalidValueError: not one of :data:`CHARGING_POLICIES`.
    """
    return checked_choice("charging policy", policy, CHARGING_POLICIES)


class Bill(NamedTuple):
    """What an evaluation is charged.

    Attributes:
        charged_s: simulated seconds that are paid for it.
        end_s: the simulated second at which its result is known.
    """

    charged_s: float
    end_s: float


class _Trained(NamedTuple):
    """Up to which epoch a run was paid for, and the simulated second at which it gets there."""

    epoch: int
    end_s: float


class Charger:
    """Charges one run's evaluations; remembers what the run has paid for, and when each of it ends.

    Args:
        bench: the benchmark the observations come from.
        policy: one of :data:`CHARGING_POLICIES`.

    Raises:
        InvalidValueError: an unknown policy.
    """

    def __init__(self, bench: Benchmark, policy: str = "from_scratch") -> None:
        self.policy: Final = checked_charging(policy)
        self._bench = bench
        # By training run: what was paid of it, each further than the one before.
        self._trained: dict[Any, list[_Trained]] = {}
        self._ends: dict[Any, float] = {}  # by evaluation

    def bill(self, configuration: Configuration, observation: Observation, start_s: float) -> Bill:
        """The bill of an evaluation that starts at a simulated second; it counts as paid from now on."""
        if self.policy == "continued" and observation.epoch != LONG_EPOCHS:
            return self._bill_continuation(configuration, observation, start_s)
        if self.policy == "cached":
            return self._bill_once(configuration, observation, start_s)
        return Bill(observation.cost_s, start_s + observation.cost_s)

    def remember(self, record: TrialRecord) -> None:
        """Take in an evaluation that was billed earlier in the run, and when it ended."""
        if self.policy == "continued" and record.epoch != LONG_EPOCHS:
            trained = self._trained.setdefault(_training_run(record.configuration, record), [])
            if not trained or record.epoch > trained[-1].epoch:
                trained.append(_Trained(record.epoch, record.end_s))
        elif self.policy == "cached":
            self._ends.setdefault(_evaluation(record.configuration, record), record.end_s)

    def _bill_continuation(self, configuration: Configuration, observation: Observation, start_s: float) -> Bill:
        trained = self._trained.setdefault(_training_run(configuration, observation), [])
        for paid in trained:
            if observation.epoch <= paid.epoch:
                return Bill(0.0, max(start_s, paid.end_s))
        charged_s = observation.cost_s
        if trained:
            paid_epoch, end_s = trained[-1]
            start_s = max(start_s, end_s)
            paid_s = self._bench.evaluate(configuration, paid_epoch, observation.split, observation.seed).cost_s
            # A published total may be a little less than the sum of its epochs.
            charged_s = max(0.0, charged_s - paid_s)
        trained.append(_Trained(observation.epoch, start_s + charged_s))
        return Bill(charged_s, start_s + charged_s)

    def _bill_once(self, configuration: Configuration, observation: Observation, start_s: float) -> Bill:
        evaluation = _evaluation(configuration, observation)
        end_s = self._ends.get(evaluation)
        if end_s is not None:
            return Bill(0.0, max(start_s, end_s))
        self._ends[evaluation] = start_s + observation.cost_s
        return Bill(observation.cost_s, start_s + observation.cost_s)


def _training_run(configuration: Configuration, observation: Observation | TrialRecord) -> tuple[Any, ...]:
    return configuration.index, observation.split, observation.seed


def _evaluation(configuration: Configuration, observation: Observation | TrialRecord) -> tuple[Any, ...]:
    return configuration.index, observation.epoch, observation.split, observation.seed
