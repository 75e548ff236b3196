"""CIFAR-10's two published forms, generated small: read alike, and what is not them is refused by name."""

from __future__ import annotations

import hashlib
import io
import pickle
import struct
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nhb2_plugins.training import cifar
from nhb2_plugins.training.cifar import DataNotFoundError, DataRefusedError, read_cifar10

N = 20
NAMES = (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch")


@pytest.fixture(autouse=True)
def _twenty_images_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cifar, "_IMAGES_A_FILE", N)
    evens = np.arange(0, 5 * N, 2)
    monkeypatch.setattr(cifar, "split_indices", lambda: (evens, evens + 1))


def batch(number: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    rng = np.random.default_rng(number)
    return rng.integers(0, 256, (N, 3072), dtype=np.uint8), rng.integers(0, 10, N).astype(np.uint8)


def binary(pixels: NDArray[np.uint8], labels: NDArray[np.uint8]) -> bytes:
    return np.concatenate([labels[:, None], pixels], axis=1).tobytes()


def of_python_2(pixels: NDArray[np.uint8], labels: NDArray[np.uint8]) -> bytes:
    """A pickle as Python 2 and its numpy wrote it: text for bytes, protocol 2."""

    def text(value: bytes) -> bytes:
        return b"T" + struct.pack("<I", len(value)) + value

    def integer(value: int) -> bytes:
        return b"M" + struct.pack("<H", value)

    shape = integer(pixels.shape[0]) + integer(pixels.shape[1]) + b"\x86"
    dtype = b"cnumpy\ndtype\nq\x03U\x02u1K\x00K\x01\x87Rq\x04(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    array = b"cnumpy.core.multiarray\n_reconstruct\nq\x05cnumpy\nndarray\nq\x06K\x00\x85U\x01b\x87Rq\x07" + (
        b"(K\x01" + shape + dtype + b"\x89" + text(pixels.tobytes()) + b"tb"
    )
    names = b"](" + b"".join(text(b"automobile_s_000012.png") for _ in labels) + b"e"
    numbers = b"](" + b"".join(b"K" + bytes([label]) for label in labels) + b"e"
    parts = (b"batch_label", text(b"training batch 1 of 5")), (b"labels", numbers), (b"data", array)
    items = b"".join(text(key) + value for key, value in (*parts, (b"filenames", names)))
    return b"\x80\x02}q\x01(" + items + b"u."


def of_python_3(pixels: NDArray[np.uint8], labels: NDArray[np.uint8]) -> bytes:
    return pickle.dumps({b"labels": labels.tolist(), b"data": pixels, b"batch_label": b"x"}, protocol=4)


FORMS = {"binary": (binary, ".bin"), "Python 2": (of_python_2, ""), "Python 3": (of_python_3, "")}


def contents(form: str) -> dict[str, bytes]:
    write, suffix = FORMS[form]
    return {f"{name}{suffix}": write(*batch(number)) for number, name in enumerate(NAMES)}


def written(directory: Path, files: dict[str, bytes]) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (directory / name).write_bytes(data)
    return directory


def packed(path: Path, files: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(f"cifar-10/{name}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


def test_the_hand_written_pickle_is_one() -> None:
    read = pickle.loads(of_python_2(*batch(0)), encoding="latin-1")
    assert np.array_equal(read["data"], batch(0)[0])
    assert read["labels"] == batch(0)[1].tolist()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("place", ["directory", "directory in it", "archive", "archive in a directory"])
def test_every_form_in_every_place_holds_the_same_images(form: str, place: str, tmp_path: Path) -> None:
    if place == "archive":
        source = packed(tmp_path / "any.tar.gz", contents(form))
    elif place == "archive in a directory":
        source = packed(tmp_path / "cifar-10-python.tar.gz", contents(form)).parent
    else:
        written(tmp_path / "cifar" / "batches" if place.endswith("in it") else tmp_path / "cifar", contents(form))
        source = tmp_path / "cifar"
    data = read_cifar10(source, verify=False)
    pixels, labels = (np.concatenate(parts) for parts in zip(*map(batch, range(5)), strict=True))
    assert np.array_equal(data.train.pixels.reshape(-1, 3072), pixels[::2])
    assert np.array_equal(data.valid.pixels.reshape(-1, 3072), pixels[1::2])
    assert np.array_equal(data.train.labels, labels[::2])
    assert np.array_equal(data.test.labels, batch(5)[1])
    assert data.valid.pixels[0, 1, 0, 0] == pixels[1, 1024]  # red rows, then green, then blue
    assert (data.name, data.flips, data.padding) == ("CIFAR-10", True, 4)
    assert data.mean == (125.3, 123.0, 113.9)


@pytest.mark.parametrize("form", ["binary", "Python 2"])
def test_files_that_are_not_the_published_ones_are_refused(form: str, tmp_path: Path) -> None:
    source = written(tmp_path / "cifar", contents(form))
    first = f"data_batch_1{FORMS[form][1]}"
    algorithm = "SHA256" if form == "binary" else "MD5"
    with pytest.raises(DataRefusedError, match=rf"{first} in .* has {algorithm} .* https://www\.cs\.toronto\.edu"):
        read_cifar10(source)


def test_files_with_the_published_checksums_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = contents("binary")
    checksums = tuple(hashlib.sha256(files[f"{name}.bin"]).hexdigest() for name in NAMES)
    version = cifar._Version("binary", ".bin", "sha256", checksums)
    monkeypatch.setattr(cifar, "_VERSIONS", (version,))
    monkeypatch.setattr(cifar, "_BINARY", version)
    read_cifar10(written(tmp_path, files))
    (tmp_path / "data_batch_3.bin").write_bytes(files["data_batch_2.bin"])
    with pytest.raises(DataRefusedError, match=r"data_batch_3\.bin in .* has SHA256"):
        read_cifar10(tmp_path)


def changed(files: dict[str, bytes], name: str, data: bytes | None) -> dict[str, bytes]:
    others = {each: value for each, value in files.items() if each != name}
    return others if data is None else others | {name: data}


PIXELS, CLASSES = batch(0)


@pytest.mark.parametrize(
    ("form", "name", "data", "error", "message"),
    [
        ("binary", "data_batch_4.bin", None, DataNotFoundError, "lacks data_batch_4.bin .* binary version"),
        ("Python 2", "test_batch", None, DataNotFoundError, "lacks test_batch .* Python version"),
        ("binary", "data_batch_4.bin", b"short", DataRefusedError, "data_batch_4.bin has 5 bytes"),
        ("binary", "test_batch.bin", binary(PIXELS, CLASSES + 10), DataRefusedError, r"label 1\d is not in 0\.\.9"),
        ("Python 2", "data_batch_2", b"cos\nsystem\n.", DataRefusedError, "data_batch_2: refuses os.system"),
        ("Python 2", "data_batch_2", pickle.dumps({"labels": [1]}), DataRefusedError, "lacks an array 'data'"),
        ("Python 2", "data_batch_2", pickle.dumps([1]), DataRefusedError, "lacks an array 'data'"),
        ("Python 2", "data_batch_2", of_python_3(PIXELS[:5], CLASSES[:5]), DataRefusedError, r"shape \(5, 3072\)"),
        ("Python 2", "data_batch_2", of_python_3(PIXELS[:], CLASSES[:5]), DataRefusedError, "and 5 labels"),
        (
            "Python 2",
            "data_batch_2",
            pickle.dumps({"data": PIXELS, "labels": ["a"] * N}),
            DataRefusedError,
            "labels that are not integers",
        ),
        (
            "Python 2",
            "data_batch_2",
            pickle.dumps({"data": PIXELS.astype("<i4"), "labels": CLASSES.tolist()}),
            DataRefusedError,
            "dtype int32",
        ),
    ],
)
def test_says_which_file_is_wrong(
    form: str, name: str, data: bytes | None, error: type[Exception], message: str, tmp_path: Path
) -> None:
    source = written(tmp_path / "cifar", changed(contents(form), name, data))
    with pytest.raises(error, match=message):
        read_cifar10(source, verify=False)


@pytest.mark.parametrize("exists", [False, True])
def test_where_nothing_is_the_page_is_named(exists: bool, tmp_path: Path) -> None:
    source = tmp_path / "cifar"
    if exists:
        source.mkdir()
    with pytest.raises(DataNotFoundError, match=r"https://www\.cs\.toronto\.edu/~kriz/cifar\.html"):
        read_cifar10(source)


def test_a_file_that_is_no_archive(tmp_path: Path) -> None:
    (tmp_path / "cifar-10-python.tar.gz").write_bytes(b"no archive")
    with pytest.raises(DataRefusedError, match="is no archive of CIFAR-10"):
        read_cifar10(tmp_path / "cifar-10-python.tar.gz")


def hostile(item: Any) -> bytes:
    return pickle.dumps({"data": PIXELS, "labels": CLASSES.tolist(), "more": item}, protocol=2)


@pytest.mark.parametrize("item", [print, {1, 2}, np.array([print], dtype=object), Path("x")], ids=repr)
def test_nothing_in_a_python_file_is_executed(item: Any, tmp_path: Path) -> None:
    source = written(tmp_path / "cifar", changed(contents("Python 2"), "data_batch_1", hostile(item)))
    with pytest.raises(DataRefusedError, match=r"data_batch_1: (refuses|is malformed)"):
        read_cifar10(source, verify=False)
