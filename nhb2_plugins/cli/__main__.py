"""``python -m nhb2_plugins.cli`` is ``nhb2``."""

import sys

from nhb2_plugins.cli.main import main

sys.exit(main())
