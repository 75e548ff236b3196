"""The drop-in against the real package, on the same pickles: answers, log lines and state, bit for bit."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from nhb2_plugins.cells import Cell
from nhb2_plugins.compat import NASHPOBench2API, get_ith_op, set_ith_op
from nhb2_plugins.errors import Nhb2Error
from nhb2_plugins.space import BATCH_SIZES, CELLCODES, LEARNING_RATES
from tests.core_fixtures import needs
from tests.support import comparisons
from tests.support.comparisons import compare
from tests.support.real_reference import real_module

pytestmark = needs("nashpobench2api")

N_RANDOM_CALLS = 100_000
STATE = (
    "seed", "acc_trans", "key_trans", "best_acc_trans", "best_key_trans", "total_cost_trans", "best_acc", "best_cost",
    "best_key", "total_cost", "verbose", "seeds", "epochs", "lrs", "batch_sizes",
)  # fmt: skip
SEEDS = (222, 555, 888)


class Lines(logging.Handler):
    """Keeps what is logged: level and text."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[tuple[int, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append((record.levelno, record.getMessage()))


class Pair:
    """Both implementations; whatever is asked of the pair is asked of both and compared."""

    def __init__(self, ours: Any, theirs: Any, our_lines: Lines, their_lines: Lines) -> None:
        self.ours, self.theirs = ours, theirs
        self._lines = our_lines, their_lines

    def call(self, name: str, *arguments: Any, **keywords: Any) -> Any:
        """Call a method of both, with the same state of ``random``; returns our answer."""
        state = random.getstate()
        theirs = self._outcome(self.theirs, name, arguments, keywords)
        after = random.getstate()
        random.setstate(state)
        ours = self._outcome(self.ours, name, arguments, keywords)
        compare(f"{name}{arguments}{keywords}", ours, theirs)
        assert random.getstate() == after
        return ours

    def _outcome(self, api: Any, name: str, arguments: Any, keywords: Any) -> Any:
        """The answer; of an error, the kind that a script may catch."""
        try:
            return getattr(api, name)(*arguments, **keywords)
        except (ValueError, AssertionError, IndexError) as error:
            kinds = (AssertionError, IndexError, ValueError)  # ours may be two of them, the reference's is one
            return next(kind.__name__ for kind in kinds if isinstance(error, kind))

    def compare_state(self) -> None:
        for name in STATE:
            compare(name, getattr(self.ours, name), getattr(self.theirs, name))
        for ours, theirs in zip(*(lines.lines for lines in self._lines), strict=True):
            compare("log line", ours, theirs)
        for lines in self._lines:
            lines.lines.clear()


def _logger(name: str) -> tuple[logging.Logger, Lines]:
    logger, handler = logging.getLogger(f"tests.differential.{name}"), Lines()
    logger.handlers = [handler]
    logger.propagate = False
    return logger, handler


@pytest.fixture(scope="module")
def pair(published_pickles: Path) -> Pair:
    (our_logger, our_lines), (their_logger, their_lines) = _logger("ours"), _logger("theirs")
    theirs = real_module("api").NASHPOBench2API(str(published_pickles), logger=their_logger)
    ours = NASHPOBench2API(published_pickles, logger=our_logger)
    return Pair(ours, theirs, our_lines, their_lines)


@contextmanager
def fresh(pair: Pair) -> Iterator[Pair]:
    pair.call("set_seed", SEEDS[0])
    pair.call("reset_logdata", verbose=True)
    pair.compare_state()
    yield pair
    pair.compare_state()


def random_call(rng: random.Random, pair: Pair) -> None:
    """One call as a script might make it, among them a few that are wrong in the ways that are the same in both."""
    name = rng.choices(list(CALLS), weights=[weight for weight, _ in CALLS.values()])[0]
    CALLS[name][1](rng, pair)


# Cells of one class give the same accuracy: only a strictly better one may become the best.
ALIKE = Cell("3|33|333").isomorphic_codes[:6]


def _key(rng: random.Random) -> dict[str, Any]:
    if rng.random() < 0.1:
        return {"cellcode": rng.choice(ALIKE), "lr": 0.1, "batch_size": rng.choice(BATCH_SIZES[:2])}
    return {
        "cellcode": rng.choice(CELLCODES),
        "lr": rng.choice(LEARNING_RATES),
        "batch_size": rng.choice(BATCH_SIZES),
    }


def _query(rng: random.Random, pair: Pair) -> None:
    options: dict[str, Any] = {}
    if rng.random() < 0.7:
        options["mode"] = rng.choice(["train", "valid", "test"])
    if rng.random() < 0.5:
        options["iepoch"] = rng.randint(1, 12)
    if rng.random() < 0.2:
        options["seed"] = rng.choice([*SEEDS, None])
    if rng.random() < 0.2:
        options["enable_log"] = rng.random() < 0.5
    if rng.random() < 0.1:
        options |= {"epoch": 200, "iepoch": None}
    pair.call("query_by_key", **_key(rng), **options)


def _wrong_query(rng: random.Random, pair: Pair) -> None:
    wrong = rng.choice(
        [
            {"cellcode": "4|00|000"}, {"cellcode": None}, {"cellcode": [0]}, {"lr": 0.3}, {"lr": "0.1"},
            {"batch_size": 20}, {"batch_size": None}, {"epoch": 13}, {"epoch": "12"}, {"epoch": None},
            {"mode": "vaild"}, {"mode": None},
            {"iepoch": 13}, {"epoch": 200, "iepoch": 200}, {"seed": 1}, {"seed": 777, "epoch": 200},
        ]
    )  # fmt: skip
    pair.call("query_by_key", **{**_key(rng), **wrong})


def _results(rng: random.Random, pair: Pair) -> None:
    if pair.ours.best_key is not None:
        pair.call(
            "get_results", **rng.choice([{}, {"epoch": 12}, {"epoch": 200}, {"mode": "valid"}, {"mode": "train"}])
        )
        compare("final_accs", pair.ours.final_accs, pair.theirs.final_accs)


def _reset(rng: random.Random, pair: Pair) -> None:
    pair.compare_state()
    pair.call("reset_logdata", verbose=rng.choice([None, True, False]))


CALLS: dict[str, tuple[float, Callable[[random.Random, Pair], object]]] = {
    "query": (60, _query),
    "default query": (20, lambda rng, pair: pair.call("query_by_key", **_key(rng))),
    "wrong query": (2, _wrong_query),
    "by index": (
        4,
        lambda rng, pair: pair.call(
            "query_by_index", rng.randrange(4096), rng.randrange(8), rng.randrange(6), seed=rng.choice([None, *SEEDS])
        ),
    ),
    "by index, within": (
        1,
        lambda rng, pair: pair.call("query_by_index", -1, -2, -3, epoch=12, iepoch=rng.randint(1, 12)),
    ),
    "by index, 200": (1, lambda rng, pair: pair.call("query_by_index", 5, 2, 3, epoch=200)),
    "by index, wrong": (
        0.5,
        lambda rng, pair: pair.call("query_by_index", *rng.choice([(4096, 0, 0), (0, 8, 0), (0, 0, 6)])),
    ),
    "item": (4, lambda rng, pair: pair.call("__getitem__", rng.randrange(196_608))),
    "item, wrong": (0.2, lambda rng, pair: pair.call("__getitem__", rng.choice([196_608, 10**9]))),
    "key of index": (2, lambda rng, pair: pair.call("get_key_from_idx", rng.randrange(196_608))),
    "index of key": (2, lambda rng, pair: pair.call("get_idx_from_key", _key(rng))),
    "index of key, wrong": (0.2, lambda rng, pair: pair.call("get_idx_from_key", {**_key(rng), "lr": 0.3})),
    "random key": (2, lambda rng, pair: pair.call("get_random_key")),
    "seed": (0.5, lambda rng, pair: pair.call("set_seed", rng.choice(SEEDS))),
    "seed, wrong": (0.2, lambda rng, pair: pair.call("set_seed", rng.choice([1, None, "222"]))),
    "cost": (0.5, lambda rng, pair: pair.call("get_total_cost")),
    "results": (0.2, _results),
    "reset": (0.3, _reset),
    "size": (0.1, lambda rng, pair: pair.call("__len__")),
    "name": (0.1, lambda rng, pair: pair.call("__str__")),
}  # fmt: skip


def test_random_calls(pair: Pair) -> None:
    before = comparisons.counts["comparisons"]
    rng = random.Random(2021)
    random.seed(2021)
    with fresh(pair):
        for _ in range(N_RANDOM_CALLS):
            random_call(rng, pair)
    assert comparisons.counts["comparisons"] - before >= N_RANDOM_CALLS
    assert comparisons.counts["differing"] == 0


def test_every_mode_epoch_and_seed(pair: Pair) -> None:
    rng = random.Random(0)
    with fresh(pair):
        for seed in SEEDS:
            for mode in ("train", "valid", "test"):
                for iepoch in (None, *range(1, 13)):
                    pair.call("query_by_key", **_key(rng), mode=mode, iepoch=iepoch, seed=seed)
                pair.call("query_by_key", **_key(rng), mode=mode, epoch=200, seed=seed)


def test_ties_among_isomorphic_cells(pair: Pair) -> None:
    with fresh(pair):
        for cellcode in (*ALIKE, *ALIKE[::-1]):
            pair.call("query_by_key", cellcode, 0.1, 16)
        compare("best key", pair.ours.best_key, pair.theirs.best_key)
        assert len(set(pair.ours.acc_trans)) == 1
        assert pair.ours.best_key == {"cellcode": ALIKE[0], "lr": 0.1, "batch_size": 16}


def test_a_loop_over_the_space(pair: Pair) -> None:
    """Iteration goes by positions until IndexError; here over a space cut short, the real one takes a while."""
    with fresh(pair):
        answers = [[answer for answer, _ in zip(api, range(2000), strict=False)] for api in (pair.ours, pair.theirs)]
        compare("the first 2000", *answers)


def test_search_space_and_raw_data(pair: Pair) -> None:
    compare("search space", pair.ours.get_search_space(), pair.theirs.get_search_space())
    compare("cellcodes", pair.ours.cellcodes, pair.theirs.cellcodes)
    assert pair.ours.cellinfo == pair.theirs.cellinfo
    assert pair.ours.avgaccs200["avg_acc"] == pair.theirs.avgaccs200["avg_acc"]
    extra = {name for name in pair.theirs.bench12 if name.startswith("train_loss")}
    assert set(pair.ours.bench12) == set(pair.theirs.bench12) - extra
    for name in ("lr", "batch_size", "seed", "valid_acc_0", "train_time_11", "total_test_time"):
        compare(f"values of {name}", *(sorted(api.bench12[name].values()) for api in (pair.ours, pair.theirs)))
        assert pair.ours.bench12[name] == pair.theirs.bench12[name]


def test_helpers_for_cellcodes() -> None:
    real = real_module("utils")
    for cellcode in CELLCODES[::37]:
        for edge in range(6):
            compare("get_ith_op", get_ith_op(cellcode, edge), real.get_ith_op(cellcode, edge))
            for operation in range(4):
                ours = set_ith_op(cellcode, edge, operation)
                compare("set_ith_op", ours, real.set_ith_op(cellcode, edge, operation))


def test_a_difference_would_be_found(pair: Pair) -> None:
    """The comparison itself: another number, another type, another log line."""
    before = comparisons.counts.copy()
    for ours, theirs in ((0.1 + 0.2, 0.3), (1, 1.0), ((10, "a"), (10, "b"))):
        with pytest.raises(AssertionError, match="differs from the reference's"):
            compare("probe", ours, theirs)
    with fresh(pair):
        pair.ours.total_cost = 1e-9
        with pytest.raises(AssertionError, match=r"total_cost: 1e-09 differs from the reference's 0\.0"):
            pair.compare_state()
        pair.ours.total_cost = 0.0
    comparisons.counts.clear()
    comparisons.counts.update(before)


keys = st.fixed_dictionaries(
    {
        "cellcode": st.sampled_from(ALIKE) | st.sampled_from(CELLCODES),
        "lr": st.just(0.1) | st.sampled_from(LEARNING_RATES),
        "batch_size": st.just(16) | st.sampled_from(BATCH_SIZES),
    }
)
modes = st.sampled_from(["train", "valid", "test"])


class Session(RuleBasedStateMachine):
    """Any sequence of calls; after each, everything that a user can see is the same in both."""

    pair: Pair

    @initialize(verbose=st.booleans(), seed=st.sampled_from(SEEDS))
    def start(self, verbose: bool, seed: int) -> None:
        self.pair.call("set_seed", seed)
        self.pair.call("reset_logdata", verbose=verbose)

    @rule(key=keys, mode=modes, iepoch=st.none() | st.integers(1, 13), seed=st.none() | st.sampled_from([*SEEDS, 9]))
    def query(self, key: dict[str, Any], mode: str, iepoch: int | None, seed: int | None) -> None:
        self.pair.call("query_by_key", **key, mode=mode, iepoch=iepoch, seed=seed)

    @rule(key=keys, epoch=st.sampled_from([12, 200, 13]), mode=modes | st.just("vaild"), enable_log=st.booleans())
    def query_quietly(self, key: dict[str, Any], epoch: int, mode: str, enable_log: bool) -> None:
        self.pair.call("query_by_key", **key, epoch=epoch, mode=mode, enable_log=enable_log)

    @rule(cellcode=st.sampled_from(ALIKE))
    def query_its_like(self, cellcode: str) -> None:
        self.pair.call("query_by_key", cellcode, 0.1, 16)

    @rule(position=st.integers(0, 200_000))
    def item(self, position: int) -> None:
        self.pair.call("__getitem__", position)

    @rule(seed=st.sampled_from([*SEEDS, 0, 9]))
    def set_seed(self, seed: int) -> None:
        self.pair.call("set_seed", seed)

    @rule(seed=st.integers(0, 2**32))
    def random_key(self, seed: int) -> None:
        random.seed(seed)
        self.pair.call("get_random_key")

    @precondition(lambda self: self.pair.ours.best_key is not None)
    @rule(epoch=st.sampled_from(["both", 12, 200]), mode=modes)
    def results(self, epoch: int | str, mode: str) -> None:
        self.pair.call("get_results", epoch=epoch, mode=mode)

    @rule(verbose=st.none() | st.booleans())
    def reset(self, verbose: bool | None) -> None:
        self.pair.call("reset_logdata", verbose=verbose)

    @rule(best=st.floats(0, 100), key=keys)
    def tamper(self, best: float, key: dict[str, Any]) -> None:
        """Scripts set attributes themselves, for example to go on from an earlier run."""
        for api in (self.pair.ours, self.pair.theirs):
            api.best_acc, api.best_cost, api.best_key = best, 1.0, key
            api.seed = SEEDS[1]

    @invariant()
    def same(self) -> None:
        self.pair.compare_state()


def test_any_sequence_of_calls(pair: Pair) -> None:
    class BoundSession(Session):
        pass

    BoundSession.pair = pair
    options = settings(max_examples=60, stateful_step_count=40, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(BoundSession, settings=options)  # type: ignore[no-untyped-call]
    assert comparisons.counts["differing"] == 0


def test_errors_are_this_packages_own(pair: Pair) -> None:
    rng = random.Random(1)
    for wrong in ({"cellcode": "4|00|000"}, {"lr": 0.3}, {"epoch": 13}, {"mode": "vaild"}, {"iepoch": 13}, {"seed": 1}):
        with pytest.raises(Nhb2Error):
            pair.ours.query_by_key(**{**_key(rng), **wrong})
