"""``python -m nhb2_plugins.compat SCRIPT [ARGS]``."""

import sys

from nhb2_plugins.compat.drop_in import main

if __name__ == "__main__":
    main(sys.argv[1:])
