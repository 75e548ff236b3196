"""NAS-HPO-Bench-II as a plugin suite for hyperparameter-optimisation frameworks."""
