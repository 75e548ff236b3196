"""What an evaluation is charged: a policy, and a ledger of what a run has already paid for.

- ``from_scratch``: every evaluation pays its whole cost, as the reference package bills (the default).
- ``continued``: within the 12-epoch schedule only the epochs beyond what the same configuration, split and seed already
  ran are paid. 200 epochs is another schedule and is always paid in full.
- ``cached``: a repeated identical evaluation (configuration, epoch, split, seed) is free.
"""

from __future__ import annotations

from typing import Final, Literal, get_args

from nhb2_plugins.benchmark import Benchmark, Observation, Seed
from nhb2_plugins.errors import InvalidValueError, describe_choices
from nhb2_plugins.fidelity import LONG_EPOCHS, Split
from nhb2_plugins.space import Configuration

Charging = Literal["from_scratch", "continued", "cached"]
CHARGING_POLICIES: Final[tuple[Charging, ...]] = get_args(Charging)


def checked_charging(policy: str) -> Charging:
    """The policy.

    Raises:
        InvalidValueError: not one of :data:`CHARGING_POLICIES`.
    """
    if policy not in CHARGING_POLICIES:
        raise InvalidValueError(describe_choices(policy, CHARGING_POLICIES, what="charging policy"))
    return policy


class Charger:
    """Charges one run's evaluations; remembers what the run has paid for.

    Args:
        bench: the benchmark the observations come from.
        policy: one of :data:`CHARGING_POLICIES`.

    Raises:
        InvalidValueError: an unknown policy.
    """

    def __init__(self, bench: Benchmark, policy: str = "from_scratch") -> None:
        self.policy: Final = checked_charging(policy)
        self._bench = bench
        self._paid_epoch: dict[tuple[int, Split, Seed], int] = {}
        self._paid: set[tuple[int, int, Split, Seed]] = set()

    def charge(self, configuration: Configuration, observation: Observation) -> float:
        """Seconds to charge for an evaluation, which counts as paid from now on."""
        if self.policy == "continued":
            return self._charge_continuation(configuration, observation)
        if self.policy == "cached":
            return self._charge_once(configuration, observation)
        return observation.cost_s

    def _charge_continuation(self, configuration: Configuration, observation: Observation) -> float:
        if observation.epoch == LONG_EPOCHS:
            return observation.cost_s
        run = (configuration.index, observation.split, observation.seed)
        paid_epoch = self._paid_epoch.get(run, 0)
        if observation.epoch <= paid_epoch:
            return 0.0
        self._paid_epoch[run] = observation.epoch
        if paid_epoch == 0:
            return observation.cost_s
        paid = self._bench.evaluate(configuration, paid_epoch, observation.split, observation.seed)
        # A published total may be a little less than the sum of its epochs.
        return max(0.0, observation.cost_s - paid.cost_s)

    def _charge_once(self, configuration: Configuration, observation: Observation) -> float:
        evaluation = (configuration.index, observation.epoch, observation.split, observation.seed)
        if evaluation in self._paid:
            return 0.0
        self._paid.add(evaluation)
        return observation.cost_s
