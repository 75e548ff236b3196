"""Measurements that run in a process of their own: ``python probes.py NAME [DIRECTORY]`` prints one JSON object.

``lookup.py`` starts them, and what that needs (``pip install . nashpobench2api==1.0.0 pytest``), some of them need.
Each imports no more than it measures. Times are in seconds, sizes in bytes; with ``NHB2_SPEED_CLOCK=cpu`` times are of
the process's own work, whatever else the machine does.
"""

from __future__ import annotations

import json
import operator
import os
import random
import sys
from collections.abc import Callable
from functools import reduce
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any

N_QUERIES = 20_000
N_MANY = 2_000_000
N_PASSES = 5

now = process_time if os.environ.get("NHB2_SPEED_CLOCK") == "cpu" else perf_counter

Figures = dict[str, float]


def resident_bytes() -> int:
    """Resident memory of this process, shared pages included."""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")))


def seconds(action: Callable[[], Any]) -> float:
    """How long an action takes."""
    start = now()
    action()
    return now() - start


def seconds_each(action: Callable[[Any], Any], items: list[Any]) -> float:
    """Median over passes of the time for one item."""

    def one_pass() -> None:
        for item in items:
            action(item)

    return median(seconds(one_pass) for _ in range(N_PASSES)) / len(items)


def random_configurations(n: int) -> list[Any]:
    """Uniform configurations, the same in every process."""
    import numpy as np

    from nhb2_plugins.space import N_CONFIGURATIONS, Configuration

    indices = np.random.default_rng(0).integers(N_CONFIGURATIONS, size=n)
    return [Configuration.from_index(index) for index in indices]


def random_keys(n: int) -> list[tuple[str, float, int]]:
    """The same as keys of the reference."""
    return [(each.cellcode, each.lr, each.batch_size) for each in random_configurations(n)]


def prepare(directories: str) -> Figures:
    """Write full-size pickles of the published format, with generated numbers, and import them as a table."""
    from nhb2_plugins.table.reference.importer import import_published
    from tests.support.published_format import contents_of, generated_table, write_pickles

    pickles, table = map(Path, directories.split(":"))
    import_published(write_pickles(pickles, contents_of(generated_table(1))), table)
    return {}


# -- the reference


def reference(directory: str) -> Figures:
    """Open the published files with the reference package and query it."""
    from nashpobench2api import NASHPOBench2API

    start = now()
    api = NASHPOBench2API(directory, verbose=False)
    opened = now() - start
    rng = random.Random(0)  # numpy would count as its memory
    grids = (api.cellcodes, api.lrs, api.batch_sizes)
    keys = [tuple(rng.choice(grid) for grid in grids) for _ in range(N_QUERIES)]
    logged = seconds_each(lambda key: api.query_by_key(*key), keys)
    api.reset_logdata()
    plain = seconds_each(lambda key: api.query_by_key(*key, enable_log=False), keys)
    at_six = seconds_each(lambda key: api.query_by_key(*key, iepoch=6, enable_log=False), keys)
    queries = {"query_logged": logged, "query": plain, "query_6": at_six}
    return {"open": opened, **queries, "resident": resident_bytes()}


# -- this package


def imports() -> Figures:
    """Import numpy, then this package."""
    start = now()
    import numpy  # noqa: F401

    after_numpy = now()
    import nhb2_plugins  # noqa: F401

    return {"numpy": after_numpy - start, "nhb2_plugins": now() - after_numpy}


def opening(directory: str | None = None) -> Figures:
    """Open a table; then the first answer, which maps what it needs. The limit: the manifest read, parsed, and the
    files' sizes asked for.
    """
    from nhb2_plugins.benchmark import open_benchmark
    from nhb2_plugins.space import Configuration
    from nhb2_plugins.table.embedded import model_path

    configuration = Configuration("0|10|210", 0.1, 256)
    start = now()
    bench = open_benchmark(directory)
    opened = now()
    bench.evaluate(configuration)
    answered = now()
    table = bench.table.directory
    manifest = model_path().with_suffix(".json") if table is None else table / "manifest.json"

    def bare() -> None:
        content = json.loads(manifest.read_text())
        for entry in content["columns"].values() if table is not None else ():
            (table / entry["file"]).stat()

    return {"open": opened - start, "first_answer": answered - start, "bare": seconds(bare)}


def memory(directory: str) -> Figures:
    """Resident memory after opening a table and 20,000 queries; the limit is a process that imported numpy."""
    import numpy as np

    before = resident_bytes()
    from nhb2_plugins.benchmark import open_benchmark
    from nhb2_plugins.space import N_CONFIGURATIONS, Configuration

    bench = open_benchmark(directory)
    for index in np.random.default_rng(0).integers(N_CONFIGURATIONS, size=N_QUERIES):
        bench.evaluate(Configuration.from_index(index))
    return {"resident": resident_bytes(), "numpy": before}


def shared(directory: str) -> Figures:
    """The same, then wait for the end of the input, so that the parent can look at the processes side by side."""
    figures = memory(directory)
    print("ready", flush=True)
    sys.stdin.read()
    return figures


def scalar(directory: str) -> Figures:
    """Evaluate one configuration at a time, and make configurations.

    The limits: a method with the same arguments that only makes a tuple of five, and a class that only keeps what it is
    given.
    """
    from nhb2_plugins.benchmark import Observation, open_benchmark
    from nhb2_plugins.space import Configuration

    class Bare:
        def evaluate(self, configuration: Any, epoch: int = 12, split: Any = None, seed: Any = None) -> Any:
            return tuple.__new__(Observation, (1.0, 2.0, 3, "valid", 4))

    class Kept:
        __slots__ = ("batch_size", "cellcode", "index", "lr")

        def __init__(self, cellcode: str, lr: float, batch_size: int) -> None:
            self.index, self.cellcode, self.lr, self.batch_size = 0, cellcode, lr, batch_size

    bench, configurations, keys = open_benchmark(directory), random_configurations(N_QUERIES), random_keys(N_QUERIES)
    return {
        "evaluate": seconds_each(bench.evaluate, configurations),
        "evaluate_6": seconds_each(lambda each: bench.evaluate(each, 6), configurations),
        "bare_call": seconds_each(Bare().evaluate, configurations),
        "configuration": seconds_each(lambda key: Configuration(*key), keys),
        "bare_object": seconds_each(lambda key: Kept(*key), keys),
        "curve": seconds_each(bench.curve, configurations),
    }


def drop_in(directory: str) -> Figures:
    """The drop-in's query with its log. The limit: a bare call, and six appends to lists."""
    from nhb2_plugins.compat import NASHPOBench2API

    class Bare:
        def __init__(self) -> None:
            self.lists: tuple[list[Any], ...] = ([], [], [], [], [], [])

        def query_by_key(self, cellcode: str, lr: float, batch_size: int) -> tuple[float, float]:
            for each in self.lists:
                each.append(cellcode)
            return 1.0, 2.0

    api, bare, keys = NASHPOBench2API(directory, verbose=False), Bare(), random_keys(N_QUERIES)
    return {
        "query_logged": seconds_each(lambda key: api.query_by_key(*key), keys),
        "query": seconds_each(lambda key: api.query_by_key(*key, enable_log=False), keys),
        "bare": seconds_each(lambda key: bare.query_by_key(*key), keys),
    }


def many(directory: str) -> Figures:
    """Two million random indices at once, against three bare ``np.take`` calls, in turn."""
    import numpy as np

    from nhb2_plugins.benchmark import open_benchmark
    from nhb2_plugins.space import N_CONFIGURATIONS

    bench = open_benchmark(directory)
    indices = np.random.default_rng(0).integers(N_CONFIGURATIONS, size=N_MANY)
    rows, (accuracy, cost) = bench.rows, bench.by_row()

    def bare() -> Any:
        row = np.take(rows, indices)
        return np.take(accuracy, row), np.take(cost, row)

    both = [(seconds(lambda: bench.evaluate_many(indices)), seconds(bare)) for _ in range(2 * N_PASSES)]
    own, limit = (median(each) for each in zip(*both, strict=True))
    return {"evaluate_many": own, "bare": limit}


def whole_space(directory: str) -> Figures:
    """Oracle, ranks and regrets of every configuration, asked for the first time.

    The question sums the most columns: test accuracy and cost after 11 epochs. The limits: these columns added up, and
    the maximum, the sort or the lookup that the answer needs.
    """
    import numpy as np

    from nhb2_plugins import exact
    from nhb2_plugins.benchmark import Benchmark, open_benchmark

    table = open_benchmark(directory).table
    question = (11, "test", table.provenance.seeds[-1])
    actions: dict[str, Callable[[Benchmark], Any]] = {
        "oracle": lambda bench: bench.oracle(*question),
        "ranks": lambda bench: exact.ranks(bench, *question),
        "regrets": lambda bench: exact.regrets(bench, *question),
    }

    def first_time(action: Callable[[Benchmark], Any]) -> float:
        bench = Benchmark(table)  # no answers kept yet; which row is whose is
        bench.oracle(1)
        return seconds(lambda: action(bench))

    rows, accuracy = Benchmark(table).rows, np.array(table.column("test_acc")[10, -1])
    columns = [table.column(f"{split}_time")[epoch, -1] for split in ("train", "valid", "test") for epoch in range(11)]
    parts: dict[str, Callable[[], Any]] = {
        "bare_oracle": accuracy.max,
        "bare_ranks": lambda: np.take(np.argsort(accuracy), rows),
        "bare_regrets": lambda: np.take(accuracy, rows),
    }

    def limit(part: Callable[[], Any]) -> float:
        return seconds(lambda: (reduce(operator.add, columns), part()))

    passes: list[Figures] = []
    for _ in range(N_PASSES):  # in turn, so that a busy moment spoils no comparison
        taken = {name: first_time(action) for name, action in actions.items()}
        taken |= {name: limit(part) for name, part in parts.items()}
        passes.append(taken)
    return {name: median(each[name] for each in passes) for name in passes[0]}


def agreement(directories: str) -> Figures:
    """Whether this package and the reference answer the same, bit for bit, on random keys and every partial epoch."""
    from nashpobench2api import NASHPOBench2API

    from nhb2_plugins.benchmark import open_benchmark
    from nhb2_plugins.space import Configuration

    pickles, table = directories.split(":")
    api, bench = NASHPOBench2API(pickles, verbose=False), open_benchmark(table)
    n_asked = n_differing = 0
    for number, key in enumerate(random_keys(2000)):
        epoch, split = number % 12 + 1, ("train", "valid", "test")[number % 3]
        seed = bench.seeds[number % len(bench.seeds)]
        found = bench.evaluate(Configuration(*key), epoch, split, seed)
        expected = api.query_by_key(*key, mode=split, iepoch=epoch, seed=seed, enable_log=False)
        long = bench.evaluate(Configuration(*key), 200).accuracy_pct
        n_asked += 2
        n_differing += (found.accuracy_pct, found.cost_s) != expected
        n_differing += long != api.query_by_key(*key, epoch=200)[0]
    return {"asked": n_asked, "differing": n_differing}


def nothing() -> Figures:
    """A process that imports numpy and ends."""
    import numpy  # noqa: F401

    return {}


PROBES: dict[str, Callable[..., Figures]] = {
    each.__name__: each
    for each in (
        prepare, reference, imports, opening, memory, shared, scalar, drop_in, many, whole_space, agreement, nothing
    )
}  # fmt: skip


if __name__ == "__main__":
    name, *arguments = sys.argv[1:]
    print(json.dumps(PROBES[name](*arguments)))
