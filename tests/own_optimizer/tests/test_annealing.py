from annealing import SimulatedAnnealing

from nhb2_plugins.testing import OptimizerContract


class TestAnnealing(OptimizerContract):
    optimizer = SimulatedAnnealing
