"""What dask loads into each process of a local cluster, by name."""

from __future__ import annotations

import signal


def dask_setup(_worker: object) -> None:
    """Leave Ctrl-C, which a terminal sends to every process, to the client: it ends the workers in good order."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
