"""The drop-in for ``nashpobench2api`` 1.0.0: the same answers, log and results, from this package's tables.

``docs/compat.md`` says how to use it, and lists the places where the reference misbehaves on invalid use and this class
raises a clear error instead.

    python -m nhb2_plugins.compat SCRIPT [ARGS]

runs an unmodified script that imports ``nashpobench2api``, ``nashpobench2api.api`` or ``nashpobench2api.utils``.
"""

from nhb2_plugins.compat.api import NASHPOBench2API, NoQueryYetError, PositionError, RefusedQueryError
from nhb2_plugins.compat.drop_in import install
from nhb2_plugins.compat.operations import get_ith_op, set_ith_op
from nhb2_plugins.compat.reference_results import results

__all__ = [
    "NASHPOBench2API",
    "NoQueryYetError",
    "PositionError",
    "RefusedQueryError",
    "get_ith_op",
    "install",
    "results",
    "set_ith_op",
]
