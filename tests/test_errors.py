"""What callers rely on: one base, the built-in types, and messages that name the allowed values."""

from __future__ import annotations

import inspect
import pickle

import pytest

from nhb2_plugins import errors
from nhb2_plugins.errors import DownloadError, Nhb2Error, TableError, describe_choices, retold

BUILT_IN = {
    "InvalidValueError": ValueError,
    "TableError": Nhb2Error,
    "TableNotFoundError": FileNotFoundError,
    "TargetExistsError": FileExistsError,
    "NoHomeError": RuntimeError,
    "TableExistsError": FileExistsError,
    "ImportRefusedError": ValueError,
    "DownloadError": OSError,
    "MissingExtraError": ImportError,
    "TrajectoryError": ValueError,
    "TrajectoryNotFoundError": FileNotFoundError,
    "TrajectoryExistsError": FileExistsError,
    "CampaignError": ValueError,
}
CLASSES = {
    name: found
    for name, found in inspect.getmembers(errors, inspect.isclass)
    if issubclass(found, Nhb2Error) and found is not Nhb2Error
}


def test_every_error_is_listed_here() -> None:
    assert set(CLASSES) == set(BUILT_IN)


@pytest.mark.parametrize("name", BUILT_IN)
def test_one_except_catches_an_error_as_does_its_built_in_type(name: str) -> None:
    error = CLASSES[name]("said")
    assert isinstance(error, Nhb2Error)
    assert isinstance(error, BUILT_IN[name])
    assert str(pickle.loads(pickle.dumps(error))) == "said"
    # As tblib does it, which dask installs: the first base with a __new__ of its own must be able to make it.
    assert str(CLASSES[name].__new__(CLASSES[name], "said")) == "said"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("vaild", "split 'vaild' is not one of 'train', 'valid' (did you mean 'valid'?)"),
        ("VALID", "split 'VALID' is not one of 'train', 'valid' (did you mean 'valid'?)"),
        ("x", "split 'x' is not one of 'train', 'valid'"),
        (3, "split 3 is not one of 'train', 'valid'"),
    ],
)
def test_a_refusal_names_the_allowed_and_the_nearest(value: object, message: str) -> None:
    assert describe_choices(value, ["train", "valid"], what="split") == message


def test_the_nearest_of_two_near_names_is_the_one_meant() -> None:
    assert describe_choices("trian", ["rain", "train"], what="split").endswith("(did you mean 'train'?)")


def test_what_the_system_says_is_retold_and_what_this_package_says_is_left() -> None:
    with (
        pytest.raises(TableError, match=r"^cannot read x: \[Errno 28\] full$") as told,
        retold(TableError, "cannot read x"),
    ):
        raise OSError(28, "full")
    assert isinstance(told.value.__cause__, OSError)
    own = DownloadError("its own words")  # which is an error of the system's, too
    with pytest.raises(DownloadError) as left, retold(TableError, "cannot read x"):
        raise own
    assert left.value is own


def test_only_the_named_failures_are_retold() -> None:
    with pytest.raises(TableError, match="x: no number"), retold(TableError, "x", ValueError, TypeError):
        raise ValueError("no number")
    with pytest.raises(OSError, match="full"), retold(TableError, "x", ValueError, TypeError):
        raise OSError("full")
