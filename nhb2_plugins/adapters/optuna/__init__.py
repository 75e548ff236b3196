"""Optuna: the objective, its search space, recorded runs as a study, and its samplers behind ask and tell."""
