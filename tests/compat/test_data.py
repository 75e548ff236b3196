"""Where the drop-in's data are, and what becomes of pickles."""

from __future__ import annotations

import pwd
import warnings
from pathlib import Path

import pytest

from nhb2_plugins.benchmark import open_benchmark
from nhb2_plugins.compat import (
    NASHPOBench2API,
)
from nhb2_plugins.compat import data as compat_data
from nhb2_plugins.errors import ImportRefusedError, TableNotFoundError
from nhb2_plugins.table.reference.importer import import_published
from nhb2_plugins.table.writer import write_table
from tests.compat.queries import KEY, quiet
from tests.core_fixtures import mini_columns, mini_provenance
from tests.support.mini_pickles import HASH, mini_contents
from tests.support.published_format import write_pickles


def test_a_table_answers(tmp_path: Path) -> None:
    write_table(tmp_path / "table", mini_columns(), mini_provenance())
    api = quiet(tmp_path / "table")
    assert api.query_by_key("1|00|000", 0.003125, 512, iepoch=7, seed=555)[0] == 40 + 7 + 0.2 + 0.053
    assert api.cellinfo["hash"]["0|10|210"] == "0|00|000"  # no hash is known: the class's first cellcode
    assert api.cellinfo["hash"]["2|10|210"] == "1|00|000"
    assert api.bench12["valid_acc_6"]["1|00|000", 0.003125, 512, 555] == 40 + 7 + 0.2 + 0.053
    assert set(api.bench12["seed"].values()) == {222, 555}
    assert len(api.bench12) == 3 + 72 + 3
    assert "nothing" not in api.bench12


def test_pickles_keep_their_hashes(api: NASHPOBench2API) -> None:
    contents = mini_contents()
    assert api.cellinfo == contents["cellinfo.pkl"]
    assert {name: api.bench12[name] for name in api.bench12} == contents["bench12.pkl"]
    assert dict(api.avgaccs200) == contents["avgaccs200.pkl"]
    assert HASH in api.cellinfo["hash"].values()


def test_pickles_are_imported_once(
    mini_pickles: Path, own_data_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quiet(mini_pickles)
    (table,) = (own_data_home / "nhb2-plugins" / "drop-in").glob("*/manifest.json")
    before = table.stat().st_mtime_ns
    copied = write_pickles(tmp_path / "copy", mini_contents())  # the same bytes elsewhere: the same table
    assert quiet(copied).query_by_key(**KEY) == (65.121, 66.125)
    assert table.stat().st_mtime_ns == before
    monkeypatch.setattr(compat_data, "_import", None)  # from now on files are not even read
    assert quiet(copied).query_by_key(**KEY) == (65.121, 66.125)
    assert quiet(mini_pickles).query_by_key(**KEY) == (65.121, 66.125)


def test_changed_pickles_are_imported_anew(own_data_home: Path, tmp_path: Path) -> None:
    source = write_pickles(tmp_path / "data", mini_contents())
    assert quiet(source).query_by_key(**KEY, epoch=200) == (65.5, None)
    contents = mini_contents()
    contents["avgaccs200.pkl"]["avg_acc"][HASH, 0.1, 256] = 64.5
    write_pickles(source, contents)  # of the same size
    assert quiet(source).query_by_key(**KEY, epoch=200) == (64.5, None)
    assert len(list((own_data_home / "nhb2-plugins" / "drop-in").glob("*/manifest.json"))) == 2


def test_a_damaged_import_is_made_again(own_data_home: Path, mini_pickles: Path) -> None:
    quiet(mini_pickles)
    imports = own_data_home / "nhb2-plugins" / "drop-in"
    for manifest in imports.glob("*/manifest.json"):
        manifest.write_text("{")
    assert quiet(mini_pickles).query_by_key(**KEY) == (65.121, 66.125)
    for stamp in imports.glob("*.json"):
        stamp.write_text("[]")
    assert quiet(mini_pickles).query_by_key(**KEY) == (65.121, 66.125)


def test_an_import_that_cannot_be_kept(mini_pickles: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "file"))
    assert quiet(mini_pickles).query_by_key(**KEY) == (65.121, 66.125)


def test_pickles_that_are_refused(tmp_path: Path) -> None:
    source = write_pickles(tmp_path / "data", mini_contents())
    (source / "cellinfo.pkl").write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    with pytest.raises(ImportRefusedError, match=r"^cellinfo.pkl: refuses os\.system"):
        quiet(source)
    (source / "cellinfo.pkl").unlink()
    with pytest.raises(TableNotFoundError, match=r"data lacks cellinfo.pkl: No such file"):
        quiet(source)


def test_no_data(tmp_path: Path) -> None:
    with pytest.raises(TableNotFoundError, match=r"absent holds neither a table nor the published data \(bench12.pkl"):
        quiet(tmp_path / "absent")
    with pytest.raises(FileNotFoundError, match=r"NASHPOBench2API\(None\)"):
        NASHPOBench2API(str(tmp_path))


@pytest.mark.parametrize("data_dir", [None, "data"])
def test_the_default_table(
    data_dir: str | None, mini_pickles: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_published(mini_pickles, tmp_path / "table")
    monkeypatch.setenv("NHB2_DATA", str(tmp_path / "table"))
    monkeypatch.chdir(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        api = NASHPOBench2API(data_dir, verbose=False)
    assert api.provenance == open_benchmark().provenance


def test_a_user_without_a_home_directory_imports_into_memory(
    mini_pickles: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("XDG_CACHE_HOME", "XDG_DATA_HOME", "HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", {}.__getitem__)
    assert quiet(mini_pickles).query_by_key(**KEY) == (65.121, 66.125)


def test_a_default_table_that_is_not_imported_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_table(tmp_path / "table", mini_columns(), mini_provenance(kind="surrogate"))
    monkeypatch.setenv("NHB2_DATA", str(tmp_path / "table"))
    monkeypatch.chdir(tmp_path)
    with pytest.warns(
        UserWarning, match=r"no published data in 'data': answers come from the surrogate table \("
    ) as told:
        NASHPOBench2API(verbose=False)
    assert told[0].filename == __file__
