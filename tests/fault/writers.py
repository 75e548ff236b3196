"""What can go wrong while records are written, done for real: killed processes, full disks, writers at once.

    python -m tests.fault.writers --kills 200 --write docs/faults.md

does everything, counts the records that were lost and doubled, and writes the table. The tests do it fewer times.
A record is *finished* once the sink's ``write`` has returned, which a writer says through a pipe.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from nhb2_plugins.errors import TrajectoryError
from nhb2_plugins.optimizers.random_search import RandomSearch
from nhb2_plugins.simulation import simulate
from nhb2_plugins.trajectory.logger import TrajectoryLogger
from nhb2_plugins.trajectory.reader import read_records
from nhb2_plugins.trajectory.record import TrialRecord
from nhb2_plugins.trajectory.sinks import JsonLinesSink, MemorySink, Sink
from nhb2_plugins.trajectory.sql import SqlSink, read_records_sql
from tests.core_fixtures import mini_benchmark
from tests.support.disks import small_disk

BENCH = mini_benchmark()
BEGIN, END = "<!-- table: written by tests/fault/writers.py -->", "<!-- end of table -->"
LONGEST_LIFE_S = 0.03
"""A writer lives that long at most, after its start (every fourth) or after it has opened the file or database."""
OPENED = b"opened\n"


@dataclass(frozen=True)
class Outcome:
    """How often a fault was done, how many finished records were missing afterwards, how many were there twice."""

    fault: str
    trials: int
    records: int
    lost: int
    doubled: int


@dataclass(frozen=True)
class Place:
    """Where records go: how to open it for writing, and how to read it back."""

    name: str
    open: Callable[[], Sink]
    read: Callable[[], list[TrialRecord]]


def json_lines(directory: Path) -> Place:
    path = directory / "run.jsonl"
    return Place("JSON lines", lambda: JsonLinesSink(path), lambda: read_records(path) if path.exists() else [])


def sqlite(directory: Path) -> Place:
    url = f"sqlite:///{directory / 'runs.db'}"
    with SqlSink(url):
        pass
    return Place("SQLite, batch_size=1", lambda: SqlSink(url, batch_size=1), lambda: read_records_sql(url))


def in_process(work: Callable[[], None]) -> int:
    """Start a process that does something and leaves without any cleaning up; its id."""
    process = os.fork()
    if process:
        return process
    status = 1
    try:
        work()
        status = 0
    finally:
        os._exit(status)


def ended_well(process: int) -> bool:
    return os.waitpid(process, 0)[1] == 0


# -- killed writers


def kill_writers(place: Place, n_kills: int, generator: random.Random) -> Outcome:
    """Kill a writer at a random moment, let the next one go on from what is there, and so on."""
    finished: set[int] = set()
    for number in range(n_kills):
        reading, writing = os.pipe()
        process = in_process(lambda: _go_on(place, writing))  # noqa: B023  # called before the next turn
        os.close(writing)
        if number % 4 != 3:
            os.read(reading, len(OPENED))
        time.sleep(generator.uniform(0, LONGEST_LIFE_S))
        os.kill(process, signal.SIGKILL)
        if os.WTERMSIG(os.waitpid(process, 0)[1]) != signal.SIGKILL:
            raise RuntimeError("a writer ended by itself")
        with os.fdopen(reading, "rb") as pipe:
            finished |= {int(line) for line in pipe.read().split(b"\n") if line.isdigit()}
    with_last = _written_after(place)
    return _counted(f"kill -9 of a writer, {place.name}", n_kills, finished | {with_last}, place.read())


RECORD = TrialRecord(
    "run", 0, "0|10|210", 0.1, 256, 12, 12.0, "valid", 222, 80.0, 10.0, 10.0, "from_scratch", 0.0, 10.0, 0,
    "complete", 0.0, "imported:00000000",
)  # fmt: skip


def _go_on(place: Place, finished: int) -> None:
    """Write on from what is there, and name every record that is finished."""
    there = place.read()
    first = max((each.trial for each in there), default=-1) + 1
    sink = place.open()
    os.write(finished, OPENED)
    for trial in range(first, first + 1_000_000):
        sink.write(_record(trial))
        os.write(finished, b"%d\n" % trial)


def _record(trial: int) -> TrialRecord:
    return replace(RECORD, trial=trial, start_s=float(trial), end_s=float(trial + 10))


def _written_after(place: Place) -> int:
    """Open what the last killed writer left and append a record; its number."""
    trial = max((each.trial for each in place.read()), default=-1) + 1
    sink = place.open()
    sink.write(_record(trial))
    sink.close()
    return trial


def _counted(fault: str, trials: int, finished: Iterable[object], found: Sequence[TrialRecord]) -> Outcome:
    expected = set(finished)
    numbers = Counter(_key_of(each, expected) for each in found)
    lost = sum(key not in numbers for key in expected)
    return Outcome(fault, trials, len(expected), lost, sum(n - 1 for n in numbers.values()))


def _key_of(record: TrialRecord, expected: set[object]) -> object:
    return (record.run_id, record.trial) if isinstance(next(iter(expected), None), tuple) else record.trial


# -- writers at once


def write_at_once(directory: Path, n_trials: int, *, n_writers: int = 2, n_records: int = 100) -> Outcome:
    """Processes that append to one file, while another opens and closes it."""
    expected, found = [], []
    for trial in range(n_trials):
        path = directory / f"shared-{trial}.jsonl"
        processes = [in_process(lambda name=name: _write_run(path, name, n_records)) for name in range(n_writers)]  # noqa: B023
        for _ in range(50):
            JsonLinesSink(path).close()
        n_failed = sum(not ended_well(process) for process in processes)
        if n_failed:
            raise RuntimeError("a writer failed")
        expected += [(f"{trial}-{name}", number) for name in range(n_writers) for number in range(n_records)]
        found += [replace(each, run_id=f"{trial}-{each.run_id}") for each in read_records(path)]
    return _counted(f"{n_writers} writers of one JSON-lines file", n_trials, expected, found)


def _write_run(path: Path, name: int, n_records: int) -> None:
    with JsonLinesSink(path) as sink:
        for trial in range(n_records):
            sink.write(replace(RECORD, run_id=str(name), trial=trial))


# -- disks that refuse


def search_until_refused(sinks: Sequence[Sink], budget_s: float = 1e6) -> tuple[TrajectoryLogger, Exception | None]:
    """Search until a sink refuses; the logger and the error."""
    logger = TrajectoryLogger(sinks)
    try:
        simulate(RandomSearch(0), BENCH, budget_s=budget_s, logger=logger)
    except Exception as error:
        return logger, error
    return logger, None


def fill_the_disk(directory: Path, n_trials: int, generator: random.Random) -> Outcome:
    """Processes whose files may grow to a random size: the search stops, the file holds what was finished."""
    n_expected = lost = doubled = 0
    for trial in range(n_trials):
        path = directory / f"limited-{trial}.jsonl"
        counted = directory / f"limited-{trial}.count"
        limit = generator.randrange(1, 20_000)
        if not ended_well(in_process(lambda: _search_within(path, limit, counted))):  # noqa: B023
            raise RuntimeError("the search did not stop with a TrajectoryError")
        n_finished = int(counted.read_text())
        one = _counted("", 1, range(n_finished), read_records(path))
        n_expected, lost, doubled = n_expected + n_finished, lost + one.lost, doubled + one.doubled
    return Outcome("file at its largest size (RLIMIT_FSIZE)", n_trials, n_expected, lost, doubled)


def _search_within(path: Path, limit: int, counted: Path) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    sink = JsonLinesSink(path)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    logger, error = search_until_refused([sink])
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    if not isinstance(error, TrajectoryError) or str(path) not in str(error):
        raise RuntimeError(f"unexpected end: {error!r}")
    counted.write_text(str(len(logger)))


def write_to_a_full_device(directory: Path) -> Outcome:
    """A second sink on a device that is always full: the search stops, and the first sink has what was finished."""
    place = json_lines(directory)
    logger, error = search_until_refused([place.open(), JsonLinesSink("/dev/full")])
    if not isinstance(error, TrajectoryError) or "No space left on device" not in str(error):
        raise RuntimeError(f"unexpected end: {error!r}")
    return _counted("full device (/dev/full)", 1, [each.trial for each in logger.records], place.read())


def write_to_a_read_only_disk(directory: Path) -> Outcome:
    """A target that cannot be written is refused before the search starts."""
    with small_disk(directory / "disk", read_only=True) as mounted:
        target = (directory / "disk" if mounted else Path("/proc")) / "run.jsonl"
        try:
            JsonLinesSink(target)
        except TrajectoryError as error:
            if f"cannot append to {target}: " not in str(error):
                raise
            return Outcome("read-only target", 1, 0, 0, 0)
    raise RuntimeError("a read-only target was not refused")


class PlantedError(RuntimeError):
    pass


class FailingSink:
    """Raises at its n-th record."""

    def __init__(self, n_good: int) -> None:
        self._n_left = n_good

    def write(self, record: TrialRecord) -> None:
        if self._n_left == 0:
            raise PlantedError
        self._n_left -= 1

    def close(self) -> None:
        pass


def raise_in_a_sink(directory: Path, n_trials: int, generator: random.Random) -> Outcome:
    """A sink of one's own that raises: the search stops with that very error."""
    n_expected = lost = doubled = 0
    for trial in range(n_trials):
        (directory / str(trial)).mkdir()
        place = json_lines(directory / str(trial))
        n_good = generator.randrange(50)
        logger, error = search_until_refused([place.open(), FailingSink(n_good), MemorySink()])
        if type(error) is not PlantedError or len(logger) != n_good:
            raise RuntimeError(f"unexpected end after {len(logger)} records: {error!r}")
        one = _counted("", 1, [each.trial for each in logger.records], place.read())
        n_expected, lost, doubled = n_expected + n_good, lost + one.lost, doubled + one.doubled
    return Outcome("a sink that raises", n_trials, n_expected, lost, doubled)


# -- the table


def all_outcomes(directory: Path, n_kills: int, seed: int) -> list[Outcome]:
    """Every fault, in a directory of its own."""
    generator = random.Random(seed)
    n_others = max(1, n_kills // 10)

    def at(name: str) -> Path:
        (directory / name).mkdir()
        return directory / name

    return [
        kill_writers(json_lines(at("kill-jsonl")), n_kills, generator),
        kill_writers(sqlite(at("kill-sqlite")), n_kills, generator),
        write_at_once(at("at-once"), n_others),
        fill_the_disk(at("limited"), n_others, generator),
        write_to_a_full_device(at("full")),
        write_to_a_read_only_disk(at("read-only")),
        raise_in_a_sink(at("raises"), n_others, generator),
    ]


def markdown(outcomes: Sequence[Outcome]) -> str:
    rows = [
        f"| {each.fault} | {each.trials:,} | {each.records:,} | {each.lost:,} | {each.doubled:,} |" for each in outcomes
    ]
    return "\n".join(["| fault | trials | finished records | lost | doubled |", "|--|--:|--:|--:|--:|", *rows])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", type=Path, metavar="PAGE")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        table = markdown(all_outcomes(Path(directory), options.kills, options.seed))
    sys.stdout.write(table + "\n")
    if options.write is not None:
        before, _, rest = options.write.read_text(encoding="utf-8").partition(BEGIN)
        _, _, after = rest.partition(END)
        options.write.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
