from __future__ import annotations

from nhb2_plugins.testing.fresh_process import output_of

CODE = """
import sys
sys.modules["pytest"] = None
try:
    import nhb2_plugins.testing
except ImportError as error:
    print(type(error).__name__, error)
"""


def test_a_missing_pytest_is_named_with_the_command_that_installs_it() -> None:
    assert output_of(CODE, hash_seed=0) == "MissingExtraError the suites need pytest: pip install pytest\n"
