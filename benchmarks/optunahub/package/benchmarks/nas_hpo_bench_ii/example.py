"""Search with pruning, on simulated training times."""

from __future__ import annotations

import optuna
import optunahub

nas_hpo_bench_ii = optunahub.load_module("benchmarks/nas_hpo_bench_ii")
problem = nas_hpo_bench_ii.Problem(report=True)
study = optuna.create_study(
    directions=problem.directions,
    sampler=optuna.samplers.TPESampler(seed=0),
    pruner=optuna.pruners.MedianPruner(n_startup_trials=5),
)
study.optimize(problem, n_trials=30)
print(problem.table)
print(study.best_value, study.best_params)
print(sum(map(nas_hpo_bench_ii.runtime_func, study.trials)), "seconds of training, simulated")
