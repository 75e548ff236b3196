"""Left to the environments that have these optimizers: ``tox -e glue`` and ``tox -e neps``.

``NHB2_TEST_GLUE`` says which of them runs.
"""

from __future__ import annotations

import os

collect_ignore_glob = [] if os.environ.get("NHB2_TEST_GLUE") else ["test_*.py"]
