"""Published pickles become the columns of a table, exactly, or are refused with the file, the column and the key."""

from __future__ import annotations

import hashlib
import math
import pickle
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nhb2_plugins.benchmark import Benchmark
from nhb2_plugins.cells import isomorphism_classes
from nhb2_plugins.errors import ImportRefusedError, TableError, TableNotFoundError
from nhb2_plugins.space import BATCH_SIZES, CELLCODES, LEARNING_RATES, Configuration
from nhb2_plugins.table.reference.importer import PublishedData, import_published, provenance_of, read_published
from nhb2_plugins.table.reference.public_records import PublicRecords, shipped_records
from nhb2_plugins.table.schema import column_dtype, column_shapes
from tests.support.mini_pickles import HASH, mini_contents
from tests.support.published_format import FILES, PublishedTable, contents_of, generated_table, write_pickles

Contents = dict[str, Any]


def assert_equals(data: PublishedData, table: PublishedTable) -> None:
    shapes = column_shapes(len(table.seeds), table.n_classes)
    assert data.columns.keys() == shapes.keys()
    for name, shape in shapes.items():
        assert data.columns[name].shape == shape
        assert data.columns[name].dtype == np.dtype(column_dtype(name))
        assert np.array_equal(data.columns[name], table.columns[name]), name
    assert data.seeds == table.seeds
    assert data.n_classes == table.n_classes


# -- what is read


@pytest.fixture(scope="module")
def full_table() -> PublishedTable:
    """Generated numbers for 1,011 classes and three seeds."""
    return generated_table(random_seed=2021)


@pytest.fixture(scope="module")
def full_pickles(full_table: PublishedTable, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The three pickles of it at full size (233 MB, 36 columns of no use)."""
    return write_pickles(tmp_path_factory.mktemp("full") / "data", contents_of(full_table, extra_columns=36))


@pytest.fixture(scope="module")
def full_data(full_pickles: Path) -> PublishedData:
    return read_published(full_pickles)


def test_full_size(full_data: PublishedData, full_pickles: Path, full_table: PublishedTable) -> None:
    assert_equals(full_data, full_table)
    assert full_data.n_classes == 1011
    assert full_data.has_known_partition
    assert full_data.checksums == {
        name: hashlib.sha256((full_pickles / name).read_bytes()).hexdigest() for name in FILES
    }


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="asks the Linux kernel for the peak")
def test_full_size_stays_below_a_gigabyte(full_pickles: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from nhb2_plugins.table.reference.importer import read_published;"
        "read_published(Path(sys.argv[1])); print(Path('/proc/self/status').read_text())"
    )
    run = subprocess.run([sys.executable, "-c", code, full_pickles], check=True, capture_output=True, text=True)
    (peak_kilobytes,) = re.findall(r"VmHWM:\s+(\d+) kB", run.stdout)
    assert int(peak_kilobytes) < 1_000_000


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("numpy_scalars", [False, True])
def test_every_protocol(protocol: int, numpy_scalars: bool, tmp_path: Path) -> None:
    table = generated_table(7, class_of_cell=[i % 5 for i in range(4096)], seeds=(3, 1000))
    contents = contents_of(table, extra_columns=2, numpy_scalars=numpy_scalars)
    assert_equals(read_published(write_pickles(tmp_path, contents, protocol=protocol)), table)


def test_columns_may_have_keys_of_their_own_in_another_order(tmp_path: Path) -> None:
    table = generated_table(8, class_of_cell=[i % 3 for i in range(4096)])
    contents = contents_of(table)
    for name, column in contents["bench12.pkl"].items():
        keys = list(column)
        order = np.random.default_rng(len(name)).permutation(len(keys)).tolist()
        contents["bench12.pkl"][name] = {(*keys[i],): column[keys[i]] for i in order}
    assert_equals(read_published(write_pickles(tmp_path, contents)), table)


@pytest.mark.parametrize("seeds", [(5,), (-1, 0, 2**40)])
def test_seeds_are_read_from_the_data(seeds: tuple[int, ...], tmp_path: Path) -> None:
    table = generated_table(9, class_of_cell=[0] * 4096, seeds=seeds)
    assert_equals(read_published(write_pickles(tmp_path, contents_of(table))), table)


def test_hashes_may_be_integers(tmp_path: Path) -> None:
    table = generated_table(10, class_of_cell=[int(code[0] > "1") for code in CELLCODES])
    table = PublishedTable(table.columns, table.seeds, (-(2**40), 7))  # type: ignore[arg-type]
    assert_equals(read_published(write_pickles(tmp_path, contents_of(table))), table)


def test_classes_follow_the_first_cellcode(tmp_path: Path) -> None:
    """Whatever order the file has: the class of the first cellcode is 0."""
    contents = contents_of(generated_table(11, class_of_cell=[i // 2048 for i in range(4096)]))
    hashes = contents["cellinfo.pkl"]["hash"]
    contents["cellinfo.pkl"]["hash"] = dict(reversed(hashes.items()))
    data = read_published(write_pickles(tmp_path, contents))
    assert data.columns["class_of_cell"].tolist() == [0] * 2048 + [1] * 2048


def test_the_smallest_and_largest_values(tmp_path: Path) -> None:
    contents = mini_contents()
    key = (HASH, 0.1, 256, 555)
    bench = contents["bench12.pkl"]
    bench["valid_acc_0"][key], bench["valid_acc_1"][key], bench["train_time_0"][key] = 0, 100, 5e-324
    table = read_published(write_pickles(tmp_path, contents))
    row = LEARNING_RATES.index(0.1) * 6 + BATCH_SIZES.index(256)
    assert table.columns["valid_acc"][:2, 1, row].tolist() == [0.0, 100.0]
    assert table.columns["train_time"][0, 1, row] == 5e-324


def test_answers_that_a_reader_checks_by_eye(mini_pickles: Path, tmp_path: Path) -> None:
    bench = Benchmark(import_published(mini_pickles, tmp_path / "table"))
    cell = Configuration("0|10|210", lr=0.1, batch_size=256)  # ranks 6 and 5
    assert bench.evaluate(cell)[:2] == (65.121, 12 * 5.5 + 0.125)
    assert bench.evaluate(cell, epoch=7, seed=555)[:2] == (65.072, 7 * 5.5)
    assert bench.evaluate(cell, epoch=1, split="train", seed=888)[:2] == (75.013, 5.0)
    assert bench.evaluate(cell, split="test")[:2] == (55.121, 12 * 5.75 + 0.25)
    assert bench.evaluate(cell, epoch=200).accuracy_pct == 65.5
    other = Configuration("3|33|333", lr=0.003125, batch_size=512)  # ranks 1 and 6
    assert bench.evaluate(other, epoch=12, seed=888)[:2] == (16.123, 12 * 6.5 + 0.125)
    assert bench.oracle() == (Configuration("0|00|000", lr=0.4, batch_size=512), 86.121)


# -- what is refused, and what the message says

KEY = (HASH, 0.1, 256, 555)
SHOWN = "('only-class', 0.1, 256, 555)"


def bench(change: Callable[[dict[str, Any]], object]) -> Callable[[Contents], object]:
    return lambda contents: change(contents["bench12.pkl"])


def cells(change: Callable[[dict[str, Any]], object]) -> Callable[[Contents], object]:
    return lambda contents: change(contents["cellinfo.pkl"])


def expected(change: Callable[[dict[str, Any]], object]) -> Callable[[Contents], object]:
    return lambda contents: change(contents["avgaccs200.pkl"])


def set_value(column: str, value: object, key: tuple[Any, ...] = KEY) -> Callable[[Contents], object]:
    return bench(lambda columns: columns[column].__setitem__(key, value))


def rename_key(column: str, key: tuple[Any, ...]) -> Callable[[Contents], object]:
    return bench(lambda columns: columns[column].__setitem__(key, columns[column].pop(KEY)))


def rename_all(part: int, old: object, new: object) -> Callable[[Contents], object]:
    """Another value for a part of every key that has the old one, in the column for that part as well."""

    def change(columns: dict[str, Any]) -> None:
        for name, column in columns.items():
            renamed = {}
            for key, value in column.items():
                is_old = key[part] == old
                new_key = (*key[:part], new, *key[part + 1 :]) if is_old else key
                is_own = is_old and name == ("hash", "lr", "batch_size", "seed")[part]
                renamed[new_key] = new if is_own else value
            columns[name] = renamed

    return bench(change)


ACC = "bench12.pkl: column 'valid_acc_3'"
REFUSED: dict[str, tuple[Callable[[Contents], object], str]] = {
    "column missing": (bench(lambda c: c.pop("test_time_11")), "bench12.pkl: column 'test_time_11' is missing"),
    "seeds missing": (bench(lambda c: c.pop("seed")), "bench12.pkl: column 'seed' is missing"),
    "total missing": (bench(lambda c: c.pop("total_test_time")), "bench12.pkl: column 'total_test_time' is missing"),
    "no hashes": (cells(lambda c: c.pop("hash")), "cellinfo.pkl: column 'hash' is missing"),
    "no expectations": (expected(lambda c: c.pop("avg_acc")), "avgaccs200.pkl: column 'avg_acc' is missing"),
    "column of another kind": (
        bench(lambda c: c.update(valid_acc_3=[1, 2])),
        "bench12.pkl: column 'valid_acc_3' is a list instead of a dictionary",
    ),
    "file of another kind": (
        lambda contents: contents.update({"bench12.pkl": [1, 2]}),
        "bench12.pkl: holds a list instead of a dictionary of columns",
    ),
    "column empty": (bench(lambda c: c["valid_acc_3"].clear()), f"{ACC} is empty"),
    "seeds empty": (bench(lambda c: c["seed"].clear()), "bench12.pkl: column 'seed' has 0 keys; 0 seeds, 1 hashes"),
    "key missing": (bench(lambda c: c["valid_acc_3"].pop(KEY)), f"{ACC} lacks the key {SHOWN}"),
    "key missing in totals": (
        bench(lambda c: c["total_train_time"].pop(KEY)),
        f"bench12.pkl: column 'total_train_time' lacks the key {SHOWN}",
    ),
    "expectation missing": (
        expected(lambda c: c["avg_acc"].pop(KEY[:3])),
        "avgaccs200.pkl: column 'avg_acc' lacks the key ('only-class', 0.1, 256)",
    ),
    "key too many": (
        set_value("valid_acc_3", 50.0, ("other", 0.1, 256, 555)),
        f"{ACC} has the key ('other', 0.1, 256, 555): no cellcode has the hash 'other'",
    ),
    "key that is no tuple": (set_value("valid_acc_3", 50.0, "odd"), f"{ACC} has the key 'odd', not a tuple"),  # type: ignore[arg-type]
    "key too short": (rename_key("valid_acc_3", KEY[:3]), f"{ACC} has the key {SHOWN[:-6]}): a key has 4 parts"),
    "key too long": (rename_key("valid_acc_3", (*KEY, 1)), f"{ACC} has the key {SHOWN[:-1]}, 1): a key has 4 parts"),
    "other learning rate": (
        rename_key("valid_acc_3", (HASH, 0.3, 256, 555)),
        f"{ACC} has the key ('only-class', 0.3, 256, 555): its lr 0.3 is not one of 0.003125, 0.00625, 0.0125, 0.025",
    ),
    "other batch size": (
        rename_key("valid_acc_3", (HASH, 0.1, 20, 555)),
        "its batch size 20 is not one of 16, 32, 64, 128, 256, 512",
    ),
    "other seed": (rename_key("valid_acc_3", (*KEY[:3], 7)), "its seed 7 is not one of 222, 555, 888"),
    "truth for a seed": (rename_key("valid_acc_3", (*KEY[:3], True)), "its seed True is not one of 222, 555, 888"),
    "learning rates of another grid": (rename_all(1, 0.4, 0.5), "its lr 0.5 is not one of 0.003125"),
    "batch sizes of another grid": (rename_all(2, 512, 1024), "its batch size 1024 is not one of 16, 32"),
    "expectation of another grid": (
        expected(lambda c: c["avg_acc"].__setitem__((HASH, 0.3, 256), 1.0)),
        "avgaccs200.pkl: column 'avg_acc' has the key ('only-class', 0.3, 256): its lr 0.3 is not one of",
    ),
    "seed for one configuration alone": (
        lambda contents: [
            column.__setitem__((HASH, 0.4, 16, 999), 999 if name == "seed" else column[(HASH, 0.4, 16, 888)])
            for name, column in contents["bench12.pkl"].items()
            if name not in ("lr", "batch_size")
        ],
        "bench12.pkl: column 'train_acc_0' lacks the key ('only-class', 0.003125, 16, 999)",
    ),
    "a seed for every key": (
        bench(lambda c: c["seed"].update({key: i for i, key in enumerate(c["seed"])})),
        "bench12.pkl: column 'seed' has 144 keys; 144 seeds, 1 hashes and 48 hyperparameter pairs make 6912",
    ),
    "seed that is no integer": (
        set_value("seed", "555"),
        f"bench12.pkl: column 'seed', key {SHOWN}: '555' is not an integer",
    ),
    "seed that is another": (set_value("seed", 888), f"column 'seed', key {SHOWN}: 888 is not that part of its key"),
    "lr that is another": (set_value("lr", 0.2), f"column 'lr', key {SHOWN}: 0.2 is not that part of its key"),
    "batch size that is another": (set_value("batch_size", 16), "column 'batch_size', key"),
    "nan": (set_value("valid_acc_3", math.nan), f"{ACC}, key {SHOWN}: nan is not an accuracy in 0..100 %"),
    "inf": (set_value("valid_acc_3", math.inf), f"{ACC}, key {SHOWN}: inf is not an accuracy in 0..100 %"),
    "negative": (set_value("valid_acc_3", -0.004), f"{ACC}, key {SHOWN}: -0.004 is not an accuracy in 0..100 %"),
    "above 100": (set_value("valid_acc_3", 100.004), f"{ACC}, key {SHOWN}: 100.004 is not an accuracy in 0..100 %"),
    "time nan": (set_value("train_time_3", math.nan), "nan is not a finite number of seconds, 0 or more"),
    "time inf": (set_value("total_test_time", math.inf), f"'total_test_time', key {SHOWN}: inf is not a finite number"),
    "time negative": (set_value("train_time_3", -1.0), "-1.0 is not a finite number of seconds, 0 or more"),
    "expectation nan": (
        expected(lambda c: c["avg_acc"].__setitem__(KEY[:3], math.nan)),
        "avgaccs200.pkl: column 'avg_acc', key ('only-class', 0.1, 256): nan is not an accuracy in 0..100 %",
    ),
    "text": (set_value("valid_acc_3", "50.0"), f"{ACC}, key {SHOWN}: '50.0' is not a number"),
    "none": (set_value("valid_acc_3", None), f"{ACC}, key {SHOWN}: None is not a number"),
    "truth": (set_value("valid_acc_3", True), f"{ACC}, key {SHOWN}: True is not a number"),
    "integer that no float equals": (set_value("train_time_3", 2**53 + 1), "9007199254740993 is not a number"),
    "container": (set_value("valid_acc_3", [1.0]), f"{ACC}, key {SHOWN}: a list is not a number"),
    "cellcode missing": (
        cells(lambda c: c["hash"].pop("0|10|210")),
        "cellinfo.pkl: column 'hash' lacks the key '0|10|210'",
    ),
    "cellcode too many": (
        cells(lambda c: c["hash"].update({"4|00|000": HASH})),
        "cellinfo.pkl: column 'hash' has the key '4|00|000', not a cellcode",
    ),
    "hash of another kind": (
        cells(lambda c: c["hash"].update({"0|10|210": 1.5})),
        "cellinfo.pkl: column 'hash', key '0|10|210': 1.5 is not a string or an integer",
    ),
    "hash that was never trained": (
        cells(lambda c: c["hash"].update({"0|10|210": "untrained"})),
        "lacks the key ('untrained', 0.003125, 16",
    ),
}


@pytest.mark.parametrize("spoil", REFUSED)
def test_refused(spoil: str, tmp_path: Path) -> None:
    change, message = REFUSED[spoil]
    contents = mini_contents()
    change(contents)
    source = write_pickles(tmp_path / "pickles", contents)
    with pytest.raises(ImportRefusedError) as caught:
        import_published(source, tmp_path / "table")
    assert message in str(caught.value)
    assert str(caught.value).startswith(FILES)
    assert list(tmp_path.iterdir()) == [source]  # no table, and nothing half-written


def test_keys_and_columns_that_are_there_twice(tmp_path: Path) -> None:
    """Python's own pickles never hold them, an edited file may."""
    source = write_pickles(tmp_path, mini_contents(), protocol=2)
    key, column = b"X\x08\0\0\x000|00|000", b"X\x04\0\0\0hash"
    for old, new, message in (
        (b"X\x08\0\0\x000|00|001", key, "column 'hash' has the key '0|00|000' twice"),
        (column, column + b"}s" + column, "column 'hash' is there twice"),
    ):
        data = pickle.dumps(mini_contents()["cellinfo.pkl"], 2)
        data = data.replace(b"}q\x00" + column, b"}q\x00" + column, 1)
        assert old in data
        (source / "cellinfo.pkl").write_bytes(data.replace(old, new, 1))
        with pytest.raises(ImportRefusedError, match=message.replace("|", r"\|")):
            read_published(source)


def test_a_configuration_that_is_there_twice(tmp_path: Path) -> None:
    contents = mini_contents()
    contents["avgaccs200.pkl"]["avg_acc"][HASH, 0.1, 257] = 50.0
    source = write_pickles(tmp_path, contents, protocol=0)
    file = source / "avgaccs200.pkl"
    file.write_bytes(file.read_bytes().replace(b"I257\n", b"I256\n"))
    with pytest.raises(ImportRefusedError, match=r"'avg_acc' has more than once the key \('only-class', 0.1, 256\)$"):
        read_published(source)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("share", [0.0, 0.5, 0.999])
def test_truncated_pickles(name: str, share: float, mini_pickles: Path, tmp_path: Path) -> None:
    for file in FILES:
        (tmp_path / file).write_bytes((mini_pickles / file).read_bytes())
    data = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(data[: int(share * len(data))])
    with pytest.raises(ImportRefusedError, match=f"^{name}: the pickle is truncated: it ends at byte"):
        read_published(tmp_path)


@pytest.mark.parametrize("name", FILES)
def test_missing_files(name: str, mini_pickles: Path, tmp_path: Path) -> None:
    for file in FILES:
        if file != name:
            (tmp_path / file).write_bytes((mini_pickles / file).read_bytes())
    with pytest.raises(TableNotFoundError, match=f"lacks {name}; the published data are bench12.pkl, cellinfo.pkl"):
        read_published(tmp_path)


def test_a_hostile_file_is_named(mini_pickles: Path, tmp_path: Path) -> None:
    for file in FILES:
        (tmp_path / file).write_bytes((mini_pickles / file).read_bytes())
    (tmp_path / "avgaccs200.pkl").write_bytes(b"cos\nsystem\n(S'touch executed'\ntR.")
    with pytest.raises(ImportRefusedError, match=r"^avgaccs200.pkl: refuses os.system"):
        read_published(tmp_path)


# -- what becomes of it


def test_an_import_is_never_overwritten_unasked(mini_pickles: Path, tmp_path: Path) -> None:
    first = import_published(mini_pickles, tmp_path / "table")
    with pytest.raises(TableError, match="already exists"):
        import_published(mini_pickles, tmp_path / "table")
    again = import_published(mini_pickles, tmp_path / "table", overwrite=True)
    assert again.provenance == first.provenance


def test_provenance(mini_pickles: Path, tmp_path: Path) -> None:
    provenance = import_published(mini_pickles, tmp_path / "table").provenance
    assert provenance.kind == "imported"
    assert provenance.seeds == (222, 555, 888)
    assert set(provenance.checksums) == set(FILES)
    assert "in 'data'" in provenance.source
    assert provenance.note == (
        "Not called published: with seed 222 it does not reproduce the 1495 public records of the benchmark "
        "(validation error and cost after 12 epochs). "
        "Its 1 hashes part the cellcodes otherwise than the known isomorphism classes."
    )


def records_of(table: PublishedTable, indices: tuple[int, ...]) -> dict[int, tuple[float, float]]:
    """Records as somebody would have published them: with the noise of 100 − accuracy, or rounded."""
    classes = isomorphism_classes()
    rows = [classes[index // 48] * 48 + index % 48 for index in indices]
    errors = 100 - table.columns["valid_acc"][11, 0, rows]
    costs = table.columns["total_trainval_time"][0, rows]
    return {
        index: (error, cost) if index % 2 else (round(error, 3), round(cost, 3))
        for index, error, cost in zip(indices, errors.tolist(), costs.tolist(), strict=True)
    }


def test_published_when_the_public_records_are_reproduced(full_data: PublishedData, full_table: PublishedTable) -> None:
    records = PublicRecords.of(records_of(full_table, shipped_records().indices))
    assert len(records.indices) == 1495
    provenance = provenance_of(full_data, "x", records)
    assert provenance.kind == "published"
    assert provenance.note == "Reproduces the 1495 public records of the benchmark."


@pytest.mark.parametrize(("d_error", "d_cost"), [(0.004, 0), (0, 0.001), (0, -0.001)])
def test_one_value_off_is_not_published(
    full_data: PublishedData, full_table: PublishedTable, d_error: float, d_cost: float
) -> None:
    values = records_of(full_table, shipped_records().indices)
    index = shipped_records().indices[700]
    values[index] = values[index][0] + d_error, values[index][1] + d_cost
    provenance = provenance_of(full_data, "x", PublicRecords.of(values))
    assert provenance.kind == "imported"
    assert provenance.note.startswith("Not called published: with seed 222 it does not reproduce the 1495 public rec")
    assert "isomorphism classes" not in provenance.note


def test_the_first_seed_alone_counts(full_data: PublishedData, full_table: PublishedTable) -> None:
    records = PublicRecords.of(records_of(full_table, shipped_records().indices))
    swapped = {name: column[..., ::-1, :] if column.ndim > 1 else column for name, column in full_data.columns.items()}
    assert records.are_reproduced_by(full_data.columns)
    assert not records.are_reproduced_by(swapped)


def test_import_of_kind_published(mini_pickles: Path, tmp_path: Path) -> None:
    index = Configuration("0|10|210", lr=0.1, batch_size=256).index
    records = PublicRecords.of({index: (34.879, 66.125)})
    assert import_published(mini_pickles, tmp_path / "table", records=records).provenance.kind == "published"
    others = PublicRecords.of({index: (34.879, 66.124)})
    assert import_published(mini_pickles, tmp_path / "other", records=others).provenance.kind == "imported"
