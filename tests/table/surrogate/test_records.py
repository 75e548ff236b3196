"""Reading records: what is accepted, and that errors name the line and the column."""

from __future__ import annotations

import numpy as np
import pytest

from nhb2_plugins.errors import InvalidValueError, Nhb2Error
from nhb2_plugins.space import Configuration
from nhb2_plugins.table.surrogate.records import Records, read_records_csv

HEADER = "cellcode,lr,batch_size,valid_error_pct,cost_s"


def written(tmp_path, *lines):
    path = tmp_path / "records.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_the_published_form_is_read(tmp_path):
    path = written(tmp_path, HEADER + ",method,run", "0|10|210,0.1,256,16.5,120.25,tpe,one", "010210,0.4,16,80,900,x,y")
    records = read_records_csv(path)
    assert records.index.tolist() == [
        Configuration("0|10|210", 0.1, 256).index,
        Configuration("0|10|210", 0.4, 16).index,
    ]
    assert records.error_pct.tolist() == [16.5, 80.0]
    assert records.cost_s.tolist() == [120.25, 900.0]
    assert records.epoch.tolist() == [12, 12]
    assert records.split.tolist() == ["valid", "valid"]
    assert records.seed.tolist() == [-1, -1]


def test_other_epochs_splits_seeds_and_accuracies_are_read(tmp_path):
    path = written(
        tmp_path,
        "seed,split,epoch,accuracy_pct,cost_s,cellcode,lr,batch_size",
        "555,test,4,60.5,30,0|10|210,0.1,256",
        ",,200,91,4000,0|10|210,0.1,256",
    )
    records = read_records_csv(path)
    assert records.error_pct.tolist() == [39.5, 9.0]
    assert records.epoch.tolist() == [4, 200]
    assert records.split.tolist() == ["test", "valid"]
    assert records.seed.tolist() == [555, -1]


def test_files_are_joined(tmp_path):
    one = read_records_csv(written(tmp_path, HEADER, "0|10|210,0.1,256,16.5,120"))
    both = Records.concatenate([one, one])
    assert len(both) == 2
    assert both.split.tolist() == ["valid", "valid"]


@pytest.mark.parametrize(
    ("row", "column", "value"),
    [
        ("4|00|000,0.1,256,16.5,120", "cellcode", "4|00|000"),
        (",0.1,256,16.5,120", "cellcode", "missing"),
        ("0|10|210,0.3,256,16.5,120", "lr", "0.3"),
        ("0|10|210,fast,256,16.5,120", "lr", "fast"),
        ("0|10|210,0.1,20,16.5,120", "batch_size", "20"),
        ("0|10|210,0.1,256,nan,120", "valid_error_pct", "nan"),
        ("0|10|210,0.1,256,116.5,120", "valid_error_pct", "116.5"),
        ("0|10|210,0.1,256,16.5,0", "cost_s", "0.0"),
        ("0|10|210,0.1,256,16.5,inf", "cost_s", "inf"),
        ("0|10|210,0.1,256,16.5", "cost_s", "missing"),
    ],
)
def test_a_bad_value_is_named_with_its_line_and_column(tmp_path, row, column, value):
    path = written(tmp_path, HEADER, "0|10|210,0.1,256,16.5,120", row)
    with pytest.raises(InvalidValueError) as caught:
        read_records_csv(path)
    message = str(caught.value)
    assert f"line 3, column {column}:" in message
    assert value in message


@pytest.mark.parametrize(("column", "value"), [("epoch", "13"), ("split", "vaild"), ("seed", "first")])
def test_a_bad_optional_value_is_named(tmp_path, column, value):
    path = written(tmp_path, f"{HEADER},{column}", f"0|10|210,0.1,256,16.5,120,{value}")
    with pytest.raises(InvalidValueError, match=rf"line 2, column {column}: .*{value}"):
        read_records_csv(path)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("cellcode,lr,batch_size,valid_error_pct", "no column cost_s"),
        ("cellcode,lr,batch_size,cost_s", "none of the columns error_pct"),
    ],
)
def test_a_missing_column_is_named(tmp_path, header, message):
    with pytest.raises(InvalidValueError, match=message):
        read_records_csv(written(tmp_path, header, "0|10|210,0.1,256,16.5"))


def test_an_empty_file_is_refused(tmp_path):
    with pytest.raises(InvalidValueError, match="no record"):
        read_records_csv(written(tmp_path, HEADER))


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(InvalidValueError, match=r"there are no records .*nothing\.csv"):
        read_records_csv(tmp_path / "nothing.csv")
    (tmp_path / "binary.csv").write_bytes(np.arange(256, dtype=np.uint8).tobytes())
    with pytest.raises(Nhb2Error, match=r"binary\.csv cannot be read"):
        read_records_csv(tmp_path / "binary.csv")
