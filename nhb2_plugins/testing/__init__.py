"""What optimizers, adapters and sinks must keep, as suites that the tests of any package join by inheriting them.

A whole test file of a package with an optimizer of its own::

    from my_package import MyOptimizer
    from nhb2_plugins.testing import OptimizerContract

    class TestMyOptimizer(OptimizerContract):
        optimizer = MyOptimizer

Adapters and sinks say how they are driven in a few lines more: :class:`AdapterContract`, :class:`SinkContract`. This
package's own optimizers, adapters and sinks are held to the same suites. They need pytest, and are imported by nothing
but tests.
"""

from nhb2_plugins.errors import MissingExtraError

try:
    import pytest
except ImportError as error:
    raise MissingExtraError("the suites need pytest: pip install pytest") from error

# Before they are imported, so that a failing assertion shows its values.
pytest.register_assert_rewrite(*(f"{__name__}.{name}" for name in ("adapters", "optimizers", "sinks")))

from nhb2_plugins.testing.adapters import AdapterCase, AdapterContract, Seen  # noqa: E402
from nhb2_plugins.testing.benchmarks import FailingBenchmark, PlantedError, generated_benchmark  # noqa: E402
from nhb2_plugins.testing.comparison import assert_not_worse  # noqa: E402
from nhb2_plugins.testing.optimizers import OptimizerContract  # noqa: E402
from nhb2_plugins.testing.sinks import SinkContract  # noqa: E402

__all__ = [
    "AdapterCase",
    "AdapterContract",
    "FailingBenchmark",
    "OptimizerContract",
    "PlantedError",
    "Seen",
    "SinkContract",
    "assert_not_worse",
    "generated_benchmark",
]
