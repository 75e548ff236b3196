"""Public records: reproduced to the last digit, or not."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from nhb2_plugins.table.reference import public_records
from nhb2_plugins.table.reference.public_records import PublicRecords, shipped_records
from tests.core_fixtures import mini_columns

# By eye (core_fixtures): row 0 is the first configuration's, row 53 that of ``1|00|000`` under lr 0.003125 and 512.
ROW_53 = 1024 * 48 + 5
RECORDS = {ROW_53: (100 - (40 + 12 + 0.1 + 0.053), 12 * 12 * 54 + 0.5), 0: (100 - 52.1, 12 * 12 + 0.5)}


def test_shipped_records_hold_no_value() -> None:
    records = shipped_records()
    assert list(records.indices) == sorted(set(records.indices))
    assert len(records.sha256) == 64
    payload = Path(public_records.__file__).with_name("public_records.json").read_text()
    assert payload == records.to_json()


def test_a_digest_is_over_thousandths_in_the_order_of_the_indices() -> None:
    records = PublicRecords.of(RECORDS)
    text = f"0 47900 144500\n{ROW_53} 47847 7776500\n"
    assert records == PublicRecords((0, ROW_53), hashlib.sha256(text.encode()).hexdigest())


def test_a_table_reproduces_them_or_not() -> None:
    records = PublicRecords.of(RECORDS)
    columns = mini_columns()
    assert records.are_reproduced_by(columns)
    columns["valid_acc"][-1, 0, 53] = np.nextafter(columns["valid_acc"][-1, 0, 53], 100)  # the noise of a float
    columns["valid_acc"][-1, 1, 53] = columns["valid_acc"][-2, 0, 53] = 0  # another seed, an earlier epoch
    columns["valid_acc"][-1, 0, 54] = 0  # another configuration
    assert records.are_reproduced_by(columns)


@pytest.mark.parametrize(("column", "where"), [("valid_acc", (-1, 0, 53)), ("total_trainval_time", (0, 0))])
def test_a_thousandth_off_is_off(column: str, where: tuple[int, ...]) -> None:
    columns = mini_columns()
    columns[column][where] += 0.001
    assert not PublicRecords.of(RECORDS).are_reproduced_by(columns)


def test_classes_decide_whose_row_it_is() -> None:
    columns = mini_columns()
    columns["class_of_cell"][1024] = 0
    assert not PublicRecords.of(RECORDS).are_reproduced_by(columns)
