"""Studies and trials that the tests of this folder make."""

from __future__ import annotations

from typing import Any

import optuna
from optuna.samplers import RandomSampler
from optuna.trial import FixedTrial

from nhb2_plugins.encoding import to_values
from nhb2_plugins.space import Configuration

CONFIGURATION = Configuration("0|10|210", lr=0.1, batch_size=256)


def make_study(seed: int = 0, **arguments: Any) -> optuna.Study:
    return optuna.create_study(sampler=RandomSampler(seed=seed), **arguments)


def fixed(configuration: Configuration = CONFIGURATION) -> FixedTrial:
    return FixedTrial(dict(to_values(configuration)))
