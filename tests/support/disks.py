"""Disks that refuse: real ones where this process may mount them, limits of the process elsewhere."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FULL_DISK_BYTES = 1 << 20

LIMITED = f"""
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, ({FULL_DISK_BYTES // 8}, resource.RLIM_INFINITY))
"""
"""Code that makes a process meet a full disk with any large file."""


@contextmanager
def small_disk(place: Path, *, read_only: bool = False) -> Iterator[bool]:
    """Mount a file system of 1 MiB; says whether that was permitted."""
    place.mkdir(exist_ok=True)
    options = f"size={FULL_DISK_BYTES}" + (",ro" if read_only else "")
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)]
    try:
        mounted = subprocess.run(command, capture_output=True).returncode == 0
    except OSError:
        mounted = False
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", str(place)], check=True)
