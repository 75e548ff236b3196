"""Code of other packages, tried in a process of its own first: what it ends there, it would have ended here."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

_CAME_BACK: Final = 73
"""The status of a process in which the code came to its end, or raised; no usual one."""


def ending_of(code: str, *arguments: str, given: bytes = b"") -> str:
    """How code ends the process that runs it, in words; empty where it comes back, or raises.

    A process that is ended by ``os._exit(0)`` says nothing and looks as if all had gone well.

    Args:
        code: a line of Python, which has ``sys``.
        *arguments: ``sys.argv[1:]`` of it,
        given: and its standard input.
    """
    text = f"import os, sys\ntry:\n    {code}\nexcept BaseException:\n    pass\nos._exit({_CAME_BACK})\n"
    paths = os.pathsep.join(path or str(Path.cwd()) for path in sys.path)
    try:
        ended = subprocess.run(
            [sys.executable, "-c", text, *arguments],
            input=given,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": paths},
            check=False,
        )
    except OSError:  # no process can be had: then not
        return ""
    return "" if ended.returncode == _CAME_BACK else f"it ends the process, with status {ended.returncode}"
