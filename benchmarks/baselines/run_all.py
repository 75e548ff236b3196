"""Run every baseline of the paper, one after the other; options are passed on to each, results go to logs/<name>.

They need nothing but the package (``pip install .``).
"""

import subprocess
import sys
from pathlib import Path

SCRIPTS = ("random_search", "rea", "reinforce", "bohb", "rs_then_rea", "bohb_then_rea")

if __name__ == "__main__":
    here = Path(__file__).parent
    failed = [
        name
        for name in SCRIPTS
        if subprocess.run([sys.executable, here / f"{name}.py", *sys.argv[1:]], check=False).returncode
    ]
    sys.exit(f"failed: {', '.join(failed)}" if failed else 0)
