"""NAS-HPO-Bench-II for OptunaHub."""

from ._nas_hpo_bench_ii import Problem, runtime_func

__all__ = ["Problem", "runtime_func"]
