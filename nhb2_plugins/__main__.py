"""``python -m nhb2_plugins`` is ``nhb2``, also where no script is on the path."""

import sys

from nhb2_plugins.cli.main import main

sys.exit(main())
