"""Run code in a new interpreter, with a hash seed of its own: what differs there depends on the process."""

from __future__ import annotations

import os
import subprocess
import sys


def output_of(code: str, *, hash_seed: int) -> str:
    """What the code prints, in a process that imports from the same places as this one.

    Raises:
        AssertionError: the process failed; its errors are shown.
    """
    environment = {
        **os.environ,
        "PYTHONHASHSEED": str(hash_seed),
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise AssertionError(f"the process ended with {done.returncode}:\n{done.stderr}")
    return done.stdout
