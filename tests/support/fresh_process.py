"""Run code in a new interpreter, with a hash seed of its own: what differs there depends on the process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def output_of(code: str, *, hash_seed: int) -> str:
    """What the code prints. Its errors are shown, and fail the test."""
    environment = {**os.environ, "PYTHONHASHSEED": str(hash_seed)}
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise AssertionError(f"the process ended with {done.returncode}:\n{done.stderr}")
    return done.stdout
