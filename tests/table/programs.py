"""Programs that do something to a table in a process of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def run(program: str, *arguments: object, stdin: int = subprocess.DEVNULL) -> subprocess.Popen[str]:
    """Start a Python program that may import the tests' fixtures."""
    prelude = """
        import sys
        from pathlib import Path
        from nhb2_plugins.errors import *
        from nhb2_plugins.table.checksums import *
        from nhb2_plugins.table.store import *
        from nhb2_plugins.table.writer import *
        from tests.core_fixtures import *
    """
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(prelude) + textwrap.dedent(program), *map(str, arguments)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        text=True,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def finished(process: subprocess.Popen[str]) -> str:
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    return output


def leftovers(directory: Path) -> list[str]:
    return sorted(each.name for each in directory.parent.iterdir() if each != directory)
