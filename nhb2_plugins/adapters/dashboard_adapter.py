"""optuna-dashboard on recorded runs: trajectories into an Optuna storage, and its pages on loopback.

Studies are kept in memory unless a storage is named. Optuna writes every trial and attribute by itself, so that a
storage's speed decides how long loading takes: of 100 trials, about 0.02 s in memory, 0.1 s in a journal file, 1.2 s in
SQLite.
"""

from __future__ import annotations

import hashlib
import re
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from socketserver import ThreadingMixIn
from types import FrameType
from typing import Any, Final
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import optuna
from optuna.storages import BaseStorage, InMemoryStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from optuna_dashboard import save_note, wsgi

from nhb2_plugins.adapters.optuna.quiet import quiet
from nhb2_plugins.adapters.optuna.records import SIMULATED_EPOCH, study_from_records
from nhb2_plugins.errors import InvalidValueError
from nhb2_plugins.objectives import ERROR_PCT
from nhb2_plugins.table.embedded import table_in_words
from nhb2_plugins.text_table import printable
from nhb2_plugins.trajectory.record import TrialRecord

LOOPBACK: Final = "127.0.0.1"
_LONGEST_TEXT: Final = 200  # in a note
_DIGEST: Final = "nhb2_records"
"""The attribute that says which records a study was made of; written last, so that a study without it is not whole."""


def open_storage(name: str | None) -> BaseStorage:
    """The storage that a name stands for.

    Args:
        name: a database's URL such as ``sqlite:///studies.db``, the path of a journal file, or None for memory.

    Raises:
        InvalidValueError: it cannot be opened.
    """
    if name is None:
        return InMemoryStorage()
    try:
        return RDBStorage(name) if "://" in name else JournalStorage(JournalFileBackend(str(Path(name))))
    except Exception as error:  # SQLAlchemy's and its drivers' errors have no common base; neither have a journal's
        raise InvalidValueError(f"cannot open the storage {name!r}: {error}") from error


def load_studies(
    storage: BaseStorage,
    studies: Mapping[str, Sequence[TrialRecord]],
    objectives: Sequence[str] = (ERROR_PCT,),
) -> int:
    """Make a study of each group of records; see :func:`~nhb2_plugins.adapters.optuna.records.study_from_records`.

    Args:
        storage: where to.
        studies: records by the study's name.
        objectives: of every study; of several the dashboard shows the front (``study.best_trials``).

    Returns:
        How many were made. Those that the storage holds already, of the same records, are left as they are.

    Raises:
        InvalidValueError: the storage holds a study of that name that was made of something else, or is not whole.
        TrajectoryError: records of several tables in one study.
    """
    known = {each.study_name: each.user_attrs.get(_DIGEST) for each in optuna.get_all_study_summaries(storage)}
    n_made = 0
    for name, records in studies.items():
        digest = _digest(records, objectives)
        if name not in known:
            _make_study(storage, name, records, digest, objectives)
            n_made += 1
        elif known[name] != digest:
            raise InvalidValueError(
                f"the storage holds a study {name!r} of other records; name another storage, or delete the study"
            )
    return n_made


def _make_study(
    storage: BaseStorage, name: str, records: Sequence[TrialRecord], digest: str, objectives: Sequence[str]
) -> None:
    with quiet():
        study = study_from_records(records, study_name=name, storage=storage, objectives=objectives)
        study.set_metric_names(list(objectives))
    save_note(study, _note(records, objectives))
    study.set_user_attr(_DIGEST, digest)


def _note(records: Sequence[TrialRecord], objectives: Sequence[str]) -> str:
    """The study's note in the dashboard (Markdown): which table its numbers come from, and what its times are."""
    key = records[0].table
    kind, _, digest = map(_plain, key.partition(":"))
    draw = table_in_words(key).removeprefix(key)
    n_runs = len({record.run_id for record in records})
    of_runs = "one run" if n_runs == 1 else f"{n_runs} runs"
    charging = _plain(" or ".join(sorted({record.charging for record in records})))
    minimised = "- Objective: error in percent, to minimise. Intermediate values stand at epochs.\n"
    if len(objectives) > 1:
        minimised = f"- Objectives: {', '.join(objectives)}, all to minimise.\n"
    return (
        f"Recorded evaluations of {of_runs}, from the **{kind} table ({digest})**{draw} of NAS-HPO-Bench-II.\n\n"
        f"{minimised}"
        "- A training run that stopped below the highest epoch is shown as pruned.\n"
        f"- Times are simulated: second 0 is {SIMULATED_EPOCH:%d %B %Y}, 00:00. Charged {charging}.\n"
    )


def _plain(text: str) -> str:
    """Text that Markdown shows as it is: no image, link or HTML is made of it, and it is not long."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", printable(text[:_LONGEST_TEXT]))


def _digest(records: Sequence[TrialRecord], objectives: Sequence[str]) -> str:
    digest = hashlib.sha256()
    if len(objectives) > 1:
        digest.update(repr(tuple(objectives)).encode())
    for record in records:
        digest.update(repr(sorted(record.to_dict().items())).encode())
    return digest.hexdigest()


_OWN_NAMES: Final = ("127.0.0.1", "localhost", "[::1]")


def _on_loopback(pages: Any) -> Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]:
    """Refuse what is asked under another name: a page elsewhere whose name leads here could read and change studies."""

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        host = re.sub(r":\d*$", "", environ.get("HTTP_HOST", ""))
        if host.lower() in _OWN_NAMES:
            answered: Iterable[bytes] = pages(environ, start_response)
            return answered
        start_response("403 Forbidden", [("Content-Type", "text/plain; charset=utf-8")])
        return [f"The dashboard answers under {', '.join(_OWN_NAMES)} alone.\n".encode()]

    return answer


class _Server(ThreadingMixIn, WSGIServer):
    """A browser asks for several things at once; what it still waits for does not keep the process alive."""

    daemon_threads = True


class _SilentHandler(WSGIRequestHandler):
    """Without a line for every request."""

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def serve(storage: BaseStorage, port: int, on_ready: Callable[[str], None]) -> None:
    """Show a storage's studies on loopback, until the process is interrupted (Ctrl-C) or terminated.

    Args:
        storage: the studies.
        port: 1 to 65535, or 0 for a free one.
        on_ready: told the URL once it answers.

    Raises:
        InvalidValueError: the port cannot be used.
    """
    try:
        pages = _on_loopback(wsgi(storage))
        server = make_server(LOOPBACK, port, pages, server_class=_Server, handler_class=_SilentHandler)
    except (OSError, OverflowError) as error:
        raise InvalidValueError(f"cannot listen on port {port}: {error}") from error
    with server, _stopped_by_signals(server):
        on_ready(f"http://{LOOPBACK}:{server.server_port}/")
        server.serve_forever(poll_interval=0.1)


@contextmanager
def _stopped_by_signals(server: WSGIServer) -> Iterator[None]:
    def stop(_signal: int, _frame: FrameType | None) -> None:
        # `shutdown` waits for the loop that this handler interrupts: only another thread may call it.
        threading.Thread(target=server.shutdown, daemon=True).start()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
