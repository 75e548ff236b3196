"""The drop-in's own side: which data answer, what is refused, and taking the reference's place."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nhb2_plugins.compat import (
    NASHPOBench2API,
    NoQueryYetError,
    PositionError,
    RefusedQueryError,
    get_ith_op,
    set_ith_op,
)
from nhb2_plugins.errors import InvalidValueError
from tests.compat.queries import KEY
from tests.support.published_format import contents_of, generated_table, write_pickles

# -- answers, by eye (tests.support.mini_pickles says how to read them)


def test_answers(api: NASHPOBench2API) -> None:
    assert api.query_by_key(**KEY) == (65.121, 66.125)
    assert api.query_by_key(**KEY, mode="train") == (75.121, 60.125)
    assert api.query_by_key(**KEY, mode="test") == (55.121, 66.125 + 3.125)
    assert api.query_by_key(**KEY, iepoch=7, seed=555) == (65.072, 38.5)
    assert api.query_by_key(**KEY) == (65.122, 66.125)  # the seed sticks
    assert api.query_by_key(**KEY, mode="test", iepoch=1) == (55.012, 5.75)
    assert api.query_by_key(**KEY, epoch=200) == (65.5, None)
    assert len(api.acc_trans) == 6  # the one at 200 epochs does not count
    assert api.best_acc == 75.121
    assert api.get_total_cost() == sum([66.125, 60.125, 69.25, 38.5, 66.125, 5.75])


def test_readme_name_of_the_reset(api: NASHPOBench2API) -> None:
    api.query_by_key(**KEY, seed=888)
    api.reset_log_data(verbose=True)
    assert (api.acc_trans, api.total_cost, api.verbose, api.seed) == ([], 0.0, True, 888)
    other = logging.getLogger("tests.compat.other")
    api.reset_log_data(logger=other, verbose=False)
    assert api.logger is other
    assert other.level == logging.INFO


def test_results_are_the_very_lists(api: NASHPOBench2API) -> None:
    api.query_by_key(**KEY)
    results = api.get_results()
    api.query_by_key(**KEY)
    assert len(results["acc_trans"]) == 2
    assert results["final_accs"] == [55.121, 65.5]


def test_a_logger_needs_three_methods(mini_pickles: Path) -> None:
    class Printer:
        lines: list[str] = []  # noqa: RUF012

        def setLevel(self, level: int) -> None:  # noqa: N802
            self.lines.append(f"level {level}")

        def debug(self, line: str) -> None:
            self.lines.append(line)

        info = debug

    api = NASHPOBench2API(mini_pickles, logger=Printer())  # type: ignore[arg-type]
    api.query_by_key(**KEY)
    assert Printer.lines == [
        "level 10",
        "   valid acc   cost        cellcode lr      batch_size",
        "   65.12 %      66.12 sec  0|10|210 0.10000 256",
    ]


@pytest.fixture
def default_logger() -> Iterator[logging.Logger]:
    logger = logging.getLogger("nashpobench2api.api")
    kept, logger.handlers = logger.handlers, []
    yield logger
    logger.handlers = kept


def test_two_instances_log_once(
    mini_pickles: Path, default_logger: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    apis = [NASHPOBench2API(str(mini_pickles)) for _ in range(2)]
    apis[1].query_by_key(**KEY)
    assert capsys.readouterr().err.count("65.12 %") == 1
    assert not default_logger.propagate


def test_copies_go_on_by_themselves(api: NASHPOBench2API) -> None:
    api.query_by_key(**KEY, seed=555)
    for other in (copy.deepcopy(api), pickle.loads(pickle.dumps(api))):
        assert other.acc_trans == api.acc_trans
        assert other.query_by_key(**KEY) == (65.122, 66.125)
        assert len(other.acc_trans) == 2
    assert len(api.acc_trans) == 1


def test_names(api: NASHPOBench2API) -> None:
    assert str(api) == "NAS-HPO-Bench-II"
    assert repr(api).startswith("<NASHPOBench2API on the imported table (")
    assert len(api) == 196_608


# -- what is refused


def test_negative_positions(api: NASHPOBench2API) -> None:
    for position in (-1, 196_608):
        with pytest.raises(PositionError, match=rf"^position {position} is not in 0..196607$"):
            api[position]
    with pytest.raises(TypeError):
        api.get_key_from_idx(1.5)  # type: ignore[arg-type]
    assert issubclass(PositionError, IndexError)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"cellcode": "4|00|000"}, "cellcode '4|00|000' is not of the form 'A|BC|DEF'"),
        ({"lr": 0.3}, "learning rate 0.3 is not one of 0.003125, 0.00625"),
        ({"batch_size": 20}, "batch size 20 is not one of 16, 32"),
        ({"epoch": 13}, "epoch 13 is not one of 12, 200"),
        ({"epoch": [12]}, "epoch [12] is not one of 12, 200"),
        ({"mode": "vaild"}, "mode 'vaild' is not one of 'train', 'valid', 'test' (did you mean 'valid'?)"),
        ({"iepoch": 0}, "iepoch 0 is not one of 1, 2, 3"),
        ({"iepoch": -1}, "iepoch -1 is not one of 1, 2, 3"),
        ({"iepoch": 1.5}, "iepoch 1.5 is not one of 1, 2, 3"),
        ({"epoch": 200, "iepoch": 200}, "iepoch 200 is a point of the 12-epoch training; it is None at 200 epochs"),
        ({"seed": 1}, "seed 1 is not one of 222, 555, 888"),
        ({"seed": 0}, "seed 0 is not one of 222, 555, 888"),
        ({"seed": 1, "epoch": 200}, "seed 1 is not one of 222, 555, 888"),
    ],
)
def test_refused_queries(query: dict[str, Any], message: str, api: NASHPOBench2API) -> None:
    with pytest.raises(InvalidValueError, match=f"^{re.escape(message)}"):
        api.query_by_key(**{**KEY, **query})
    assert (api.acc_trans, api.seed) == ([], 222)


def test_a_refused_query_leaves_the_seed_alone(api: NASHPOBench2API) -> None:
    with pytest.raises(RefusedQueryError):
        api.query_by_key(**KEY, seed=555, iepoch=13)
    assert api.seed == 222


def test_floats_that_are_whole_numbers(api: NASHPOBench2API) -> None:
    assert api.query_by_key(**KEY, epoch=12.0) == api.query_by_key(**KEY)  # type: ignore[arg-type]
    assert api.query_by_key(**KEY, iepoch=6.0) == api.query_by_key(**KEY, iepoch=6)  # type: ignore[arg-type]


def test_seed_zero_where_there_is_one(tmp_path: Path) -> None:
    table = generated_table(3, class_of_cell=[0] * 4096, seeds=(-1, 0, 1))
    source = write_pickles(tmp_path / "data", contents_of(table))
    api = NASHPOBench2API(source, seed=0, logger=logging.getLogger("tests.compat"), verbose=False)
    assert api.seed == 0
    row = 5 * 6 + 4
    assert api.query_by_key(**KEY, seed=-1)[0] == table.columns["valid_acc"][11, 0, row]
    assert api.query_by_key(**KEY, seed=0)[0] == table.columns["valid_acc"][11, 1, row]


def test_seeds_that_a_table_does_not_have(api: NASHPOBench2API, mini_pickles: Path) -> None:
    api.seed = 1
    with pytest.raises(InvalidValueError, match=r"^seed 1 is not one of 222, 555, 888$"):
        api.query_by_key(**KEY)
    with pytest.raises(InvalidValueError, match=r"^seed 1 is not one of 222, 555, 888$"):
        NASHPOBench2API(mini_pickles, seed=1, verbose=False)


def test_results_before_a_query(api: NASHPOBench2API, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(NoQueryYetError, match="nothing was queried with enable_log=True yet"):
        api.get_results()
    api.query_by_key(**KEY, enable_log=False)
    with pytest.raises(TypeError):
        api.get_results()
    api.query_by_key(**KEY)
    for epoch in ("12", "200", 13, None):
        with pytest.raises(ValueError, match=f"^epoch {epoch!r} is not one of 12, 200, 'both'"):
            api.get_results(epoch=epoch)  # type: ignore[arg-type]
    with pytest.raises(AssertionError, match=r"^mode 'vaild' is not one of"):
        api.get_results(mode="vaild")
    assert caplog.records == []


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: get_ith_op("0|10|210", 6), "edge 6 is not one of 0, 1, 2, 3, 4, 5"),
        (lambda: get_ith_op("0|10|210", -1), "edge -1 is not one of"),
        (lambda: get_ith_op("4|00|000", 0), "cellcode '4|00|000' is not of the form"),
        (lambda: set_ith_op("0|10|210", 6, 0), "edge 6 is not one of"),
        (lambda: set_ith_op("0|10|210", 0, 7), "cellcode '7|10|210' is not of the form"),
        (lambda: set_ith_op("7|10|210", 0, 0), "cellcode '7|10|210' is not of the form"),
    ],
)
def test_refused_helpers(call: Any, message: str) -> None:
    with pytest.raises(InvalidValueError, match=f"^{re.escape(message)}"):
        call()


def test_errors_survive_a_process_pool() -> None:
    for kind in (RefusedQueryError, PositionError, NoQueryYetError):
        assert str(pickle.loads(pickle.dumps(kind("why")))) == "why"


def test_numpys_scalars_never_stay_in_results(api: NASHPOBench2API) -> None:
    import numpy as np

    api.query_by_key(np.str_("0|10|210"), np.float64(0.1), np.int64(256), seed=np.int64(api.seeds[-1]))
    api.query_by_key("010210", np.float32(0.1), 256)
    assert json.loads(json.dumps(api.get_results()))["key_trans"] == [KEY, KEY]
    assert type(api.seed) is int
    api.set_seed(np.int64(api.seeds[0]))
    assert type(api.seed) is int
    assert api.get_idx_from_key({**KEY, "cellcode": "010210"}) == api.get_idx_from_key(KEY)
    assert set_ith_op("010210", 5, 3) == set_ith_op("0|10|210", 5, 3)
    assert get_ith_op("010210", 1) == get_ith_op("0|10|210", 1) == 1
