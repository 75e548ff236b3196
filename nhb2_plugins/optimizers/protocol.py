"""Moved to nhb2_plugins.ask_tell (the simulation, which is above the optimizers, needs it): import from there."""

from nhb2_plugins.ask_tell import Optimizer as Optimizer
from nhb2_plugins.ask_tell import Suggestion as Suggestion
