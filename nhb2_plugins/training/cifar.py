"""CIFAR-10 as its authors publish it, in the binary and in the Python version, divided as the benchmark divides it.

Both versions hold the same images. The Python version is a pickle: it is read by this package's own reader, which
executes nothing. Files are compared with the checksums of what is published: MD5 (the archives' are on CIFAR-10's page)
or, for the files of the binary version, SHA-256.
"""

from __future__ import annotations

import hashlib
import tarfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nhb2_plugins.errors import ImportRefusedError, InvalidValueError, Nhb2Error, one_line
from nhb2_plugins.table.unpickle.reader import unpickle
from nhb2_plugins.table.unpickle.values import Array, Pairs
from nhb2_plugins.training.data import ImageData, LabelledImages

PAGE: Final = "https://www.cs.toronto.edu/~kriz/cifar.html"
MEAN: Final = (125.3, 123.0, 113.9)
STD: Final = (63.0, 62.1, 66.7)
"""Of each channel, 0..255, as the benchmark's authors give them."""

_IMAGE_BYTES: Final = 3 * 32 * 32
_IMAGES_A_FILE: Final = 10_000
_N_TRAINING_IMAGES: Final = 50_000
_BATCHES: Final = (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch")


class DataNotFoundError(InvalidValueError, FileNotFoundError):
    """There is no data set where one was promised."""


class DataRefusedError(Nhb2Error, ValueError):
    """Files are not the published ones: another checksum, size or content."""


@dataclass(frozen=True)
class _Version:
    """One published form: checksums of its six files, in order, and which they are."""

    name: str
    suffix: str
    algorithm: str
    checksums: tuple[str, ...]


_PYTHON: Final = _Version(
    "Python",
    "",
    "md5",
    (
        "c99cafc152244af753f735de768cd75f",
        "d4bba439e000b95fd0a9bffe97cbabec",
        "54ebc095f3ab1f0389bbae665268c751",
        "634d18415352ddfa80567beed471001a",
        "482c414d41f54cd18b22e5b47cb7c3cb",
        "40351d587109b95175f43aff81a1287e",
    ),
)
_BINARY: Final = _Version(
    "binary",
    ".bin",
    "sha256",
    (
        "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5",
        "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed",
        "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67",
        "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48",
        "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add",
        "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b",
    ),
)
_VERSIONS: Final = (_BINARY, _PYTHON)


def read_cifar10(source: Path, *, verify: bool = True) -> ImageData:
    """Read CIFAR-10.

    Args:
        source: a directory with the six files (``data_batch_1.bin`` … ``test_batch.bin``, or the same without
            ``.bin``) or with a directory of them, or one of the published archives (``cifar-10-binary.tar.gz``,
            ``cifar-10-python.tar.gz``), packed or not.
        verify: compare checksums; without, only form and size are checked.

    Raises:
        DataNotFoundError: no such file or directory, or a file of the six is missing.
        DataRefusedError: a file is not the published one, or not of its form.
    """
    contents = _read_archive(source) if source.is_file() else _read_directory(source)
    version = next((each for each in _VERSIONS if f"{_BATCHES[0]}{each.suffix}" in contents), _BINARY)
    parts = [
        _read_batch(contents, f"{name}{version.suffix}", version, checksum if verify else None, source)
        for name, checksum in zip(_BATCHES, version.checksums, strict=True)
    ]
    pixels = np.concatenate([part.pixels for part in parts[:-1]])
    labels = np.concatenate([part.labels for part in parts[:-1]])
    train, valid = (LabelledImages(pixels[chosen], labels[chosen]) for chosen in split_indices())
    return ImageData(train, valid, parts[-1], MEAN, STD, name="CIFAR-10")


@lru_cache(maxsize=1)
def split_indices() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Numbers of the images to train on and to validate on, 25,000 each, ascending; read-only.

    The lists are NAS-Bench-201's. They are kept as one bit an image, 1 where it is trained on.
    """
    bits = np.frombuffer(files("nhb2_plugins.training").joinpath("cifar10_split.bin").read_bytes(), dtype=np.uint8)
    trained = np.unpackbits(bits, count=_N_TRAINING_IMAGES).astype(bool)
    train, valid = np.flatnonzero(trained), np.flatnonzero(~trained)
    train.flags.writeable = valid.flags.writeable = False
    return train, valid


def _read_directory(source: Path) -> Mapping[str, bytes]:
    if not source.is_dir():
        raise DataNotFoundError(f"there is no {source}; CIFAR-10 is at {PAGE}")
    names = {f"{name}{version.suffix}" for name in _BATCHES for version in _VERSIONS}
    for directory in (source, *sorted(path for path in source.iterdir() if path.is_dir())):
        found = {path.name: path for path in directory.iterdir() if path.name in names and path.is_file()}
        if found:
            return {name: path.read_bytes() for name, path in found.items()}
    for archive in sorted(source.glob("cifar-10-*.tar*")):
        return _read_archive(archive)
    raise DataNotFoundError(
        f"{source} holds neither data_batch_1.bin (binary version) nor data_batch_1 (Python version) of CIFAR-10, "
        f"nor an archive of them; they are at {PAGE}"
    )


def _read_archive(source: Path) -> Mapping[str, bytes]:
    """Its files by their last names; nothing is unpacked to a disk."""
    contents: dict[str, bytes] = {}
    try:
        with tarfile.open(source) as archive:
            for member in archive:
                name = Path(member.name).name
                is_batch = name.removesuffix(".bin") in _BATCHES
                if is_batch and member.size <= _LARGEST_FILE and (file := archive.extractfile(member)) is not None:
                    contents[name] = file.read()
    except (OSError, tarfile.TarError, EOFError, KeyError, zlib.error) as error:
        # tarfile says a line for each way to pack
        raise DataRefusedError(f"{source} is no archive of CIFAR-10 ({one_line(error)}); they are at {PAGE}") from error
    return contents


_LARGEST_FILE: Final = 1 << 26


def _read_batch(
    contents: Mapping[str, bytes], name: str, version: _Version, checksum: str | None, source: Path
) -> LabelledImages:
    if name not in contents:
        raise DataNotFoundError(f"{source} lacks {name} of CIFAR-10's {version.name} version; it is at {PAGE}")
    data = contents[name]
    if checksum is not None and (found := hashlib.new(version.algorithm, data).hexdigest()) != checksum:
        raise DataRefusedError(
            f"{name} in {source} has {version.algorithm.upper()} {found}, the published one {checksum}; "
            f"take it again from {PAGE}"
        )
    batch = _binary_batch(data, name) if version is _BINARY else _python_batch(data, name)
    if batch.labels.max() > 9:
        raise DataRefusedError(f"{name}: label {batch.labels.max()} is not in 0..9")
    return batch


def _binary_batch(data: bytes, name: str) -> LabelledImages:
    """A byte of label and 3,072 of red, green and blue rows, 10,000 times."""
    record = 1 + _IMAGE_BYTES
    if len(data) != _IMAGES_A_FILE * record:
        raise DataRefusedError(f"{name} has {len(data)} bytes, expected {_IMAGES_A_FILE} records of {record}")
    records = np.frombuffer(data, np.uint8).reshape(_IMAGES_A_FILE, record)
    return LabelledImages(records[:, 1:].reshape(-1, 3, 32, 32), records[:, 0].astype(np.int64))


def _python_batch(data: bytes, name: str) -> LabelledImages:
    """A pickled dictionary with ``data`` (10,000, 3,072) and a list of ``labels``; its keys are bytes or text."""
    try:
        content = unpickle(data, name, arrays=True)
    except ImportRefusedError as error:
        raise DataRefusedError(str(error)) from error
    items = dict(content.items()) if isinstance(content, Pairs) else {}
    columns = {key.decode() if isinstance(key, bytes) else key: value for key, value in items.items()}
    pixels, labels = columns.get("data"), columns.get("labels")
    if not isinstance(pixels, Array) or pixels.values is None or not isinstance(labels, list):
        raise DataRefusedError(f"{name} lacks an array 'data' or a list 'labels'")
    values = pixels.values
    if values.shape != (_IMAGES_A_FILE, _IMAGE_BYTES) or values.dtype != np.uint8 or len(labels) != len(values):
        raise DataRefusedError(
            f"{name} has images of shape {values.shape} and dtype {values.dtype} and {len(labels)} labels, "
            f"expected {(_IMAGES_A_FILE, _IMAGE_BYTES)} and uint8"
        )
    if not all(type(label) is int for label in labels):
        raise DataRefusedError(f"{name} has labels that are not integers")
    return LabelledImages(values.reshape(-1, 3, 32, 32), np.array(labels))
