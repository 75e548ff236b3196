"""``nhb2 data`` as a user runs it: fetch, import, verify, remove, where."""

from __future__ import annotations

import hashlib
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from nhb2_plugins.table.removal import remove_table
from nhb2_plugins.table.verification import verify_table
from tests.support.command_line import Outcome, assert_one_line_error, nhb2
from tests.support.http_server import Server, running_server
from tests.support.published_format import FILES


@pytest.fixture
def server() -> Iterator[Server]:
    with running_server() as running:
        yield running


@pytest.fixture
def archive(mini_pickles: Path, tmp_path: Path) -> bytes:
    return Path(shutil.make_archive(str(tmp_path / "archive"), "zip", mini_pickles)).read_bytes()


def user_table(home: Path) -> Path:
    return home / "data" / "nhb2-plugins" / "table"


# -- fetch


def test_fetch_verify_query_remove(server: Server, archive: bytes, home: Path) -> None:
    url, _ = server.serve("/nashpobench2.zip", archive, cuts=[len(archive) // 2])
    fetched = nhb2("data", "fetch", "--url", url, "--sha256", hashlib.sha256(archive).hexdigest())
    assert fetched.status == 0, fetched.err
    assert re.match(
        rf"imported table \([0-9a-f]{{8}}\) written to {user_table(home)}\nNot called published", fetched.out
    )
    progress = fetched.err.splitlines()
    assert progress[0].startswith("nashpobench2.zip: 0 %, 0.0 of ")
    assert progress[-1].startswith("nashpobench2.zip: 100 %, ")
    assert len(progress) <= 12

    assert "columns match their checksums" in nhb2("data", "verify").out
    answer = nhb2("query", "010210", "0.1", "256", "--epoch", "7", "--seed", "555")
    assert "65.072 % (valid)" in answer.out

    again = nhb2("data", "fetch", "--url", url)
    assert_one_line_error(again, f"{user_table(home)} already exists and is not empty; name another directory or ")
    removed = nhb2("data", "remove")
    assert removed.status == 0
    assert removed.out.startswith("removed imported table (")
    assert f"in {user_table(home)} (" in removed.out
    assert not user_table(home).exists()
    assert list(user_table(home).parent.iterdir()) == []


def test_fetch_from_a_mirror_and_over_a_table(server: Server, mini_pickles: Path, home: Path) -> None:
    for name in FILES:
        server.serve(f"/nhb2/{name}", (mini_pickles / name).read_bytes())
    for options in ([], ["--overwrite"]):
        outcome = nhb2("data", "fetch", "--mirror", f"{server.address}/nhb2", "--to", home / "table", *options)
        assert outcome.status == 0, outcome.err
        assert "bench12.pkl: 100 %" in outcome.err
    verify_table(home / "table")


def test_fetch_of_what_is_not_there_or_not_it(server: Server, home: Path) -> None:
    page = b"<!doctype html><html><title>Google Drive - Quota exceeded</title></html>"
    quota, _ = server.serve("/quota.zip", page, content_type="text/html")
    wrong, _ = server.serve("/wrong.zip", b"something else")
    missing = f"{server.address}/missing.zip"
    for url, text in ((quota, "Quota exceeded"), (missing, "404 Not Found"), (wrong, "neither a directory nor a zip")):
        outcome = nhb2("data", "fetch", "--url", url)
        assert (outcome.status, outcome.out) == (1, "")
        assert outcome.err.splitlines()[-1].startswith("nhb2: error: ")
        assert text in outcome.err
        assert "Traceback" not in outcome.err
        assert not user_table(home).exists()


def test_fetch_of_wrong_input(home: Path) -> None:
    assert_one_line_error(nhb2("data", "fetch", "--url", "ftp://x/y"), "'ftp://x/y' is not an address")
    assert_one_line_error(nhb2("data", "fetch", "--url", "http://x/y", "--sha256", "12"), "'12' is not a SHA-256")
    assert_one_line_error(nhb2("data", "fetch", "--url", "http://x", "--mirror", "http://y"), "not allowed with")
    assert_one_line_error(nhb2("data", "fetch", "--mirror", "http://x", "--sha256", "0" * 64), "use it with --url")


# -- import and verify


def import_mini(mini_pickles: Path, *options: str | Path) -> Outcome:
    return nhb2("data", "import", mini_pickles, *options)


def test_import_and_verify(mini_pickles: Path, home: Path) -> None:
    assert import_mini(mini_pickles, "--to", home / "table").status == 0
    assert_one_line_error(nhb2("data", "verify", home), f"there is no table in {home}: manifest.json is missing")
    path = home / "table" / "test_acc.bin"
    content = bytearray(path.read_bytes())
    content[77] ^= 4
    path.write_bytes(content)
    assert_one_line_error(nhb2("data", "verify", home / "table"), "column 'test_acc'", "is damaged", status=1)
    assert nhb2("info", NHB2_DATA=str(home / "table")).status == 0
    path.write_bytes(content[:-1])
    assert_one_line_error(nhb2("info", "--table", home / "table"), "column 'test_acc'", "bytes", status=1)


def test_import_of_what_is_not_there_or_not_it(mini_pickles: Path, home: Path) -> None:
    for source, text, status in (
        (home / "nowhere", f"there is no {home / 'nowhere'}", 2),
        (home, "lacks bench12.pkl and cellinfo.pkl and avgaccs200.pkl", 2),
        (Path(__file__), "is neither a directory nor a zip or tar archive", 2),
    ):
        assert_one_line_error(nhb2("data", "import", source), text, status=status)
    damaged = home / "damaged.tar.gz"
    damaged.write_bytes(b"\x1f\x8b and no more than its beginning")
    outcome = nhb2("data", "import", damaged)
    assert outcome.status == 1
    assert [line.split(":")[0] for line in outcome.err.splitlines()] == [f"importing {damaged} ...", "nhb2"]
    assert f"{damaged} cannot be read: Unknown compression method" in outcome.err
    assert not user_table(home).exists()


def test_import_into_what_is_occupied_says_so_before_it_reads_anything(mini_pickles: Path, home: Path) -> None:
    occupied = home / "photos"
    occupied.mkdir()
    (occupied / "cat.png").touch()
    for target in (occupied, occupied / "cat.png"):
        for options in ([], ["--overwrite"]):
            outcome = import_mini(mini_pickles, "--to", target, *options)
            assert_one_line_error(outcome, f"{target} already exists and is not empty; name another directory")
            assert "overwrite" not in outcome.err
    assert import_mini(mini_pickles, "--to", home / "table").status == 0
    again = import_mini(mini_pickles, "--to", home / "table")
    assert_one_line_error(again, f"{home / 'table'} already exists", "name another directory or overwrite it")
    assert import_mini(mini_pickles, "--to", home / "table", "--overwrite").status == 0


# -- remove


def test_remove_refuses_what_is_no_table(home: Path, mini_pickles: Path) -> None:
    directory = home / "documents"
    directory.mkdir()
    (directory / "letter.txt").touch()
    assert_one_line_error(nhb2("data", "remove", directory), f"there is no table in {directory}")
    (directory / "manifest.json").write_text("{}")
    assert_one_line_error(nhb2("data", "remove", directory), "'letter.txt'; it is not removed", status=1)
    (directory / "letter.txt").unlink()
    assert_one_line_error(nhb2("data", "remove", directory), "is no table", status=1)
    assert (directory / "manifest.json").exists()
    import_mini(mini_pickles, "--to", home / "table")
    (home / "table" / "notes").mkdir()
    assert_one_line_error(nhb2("data", "remove", home / "table"), "'notes'", status=1)
    verify_table(home / "table")
    assert_one_line_error(nhb2("data", "remove", home / "nowhere"), "there is no table in")


def test_damaged_table_can_be_removed(home: Path, mini_pickles: Path) -> None:
    import_mini(mini_pickles, "--to", home / "table")
    (home / "table" / "manifest.json").write_text("damaged")
    (home / "table" / "test_acc.bin").unlink()
    removed = remove_table(home / "table")
    assert removed.what == "damaged table"
    assert sorted(path.name for path in home.iterdir() if path.name not in ("data", "cache")) == []


def test_remove_of_the_cache(home: Path, mini_pickles: Path) -> None:
    cache = home / "cache" / "nhb2-plugins"
    assert nhb2("data", "remove", "--cache").out == f"there is nothing to remove in {cache}\n"
    import_mini(mini_pickles, "--to", cache / "embedded-0123")
    (cache / "downloads" / "x").mkdir(parents=True)
    (cache / "downloads" / "x" / "data.zip.part").write_bytes(bytes(1_000_000))
    (cache / "other").mkdir()
    lines = nhb2("data", "remove", "--cache").out.splitlines()
    assert re.fullmatch(rf"removed imported table \(.*\) in {cache}/embedded-0123 \(.* MB\)", lines[0])
    assert lines[1:] == [f"removed downloads in {cache}/downloads (1.0 MB)"]
    assert [path.name for path in cache.iterdir()] == ["other"]
    assert_one_line_error(nhb2("data", "remove", "--cache", "x"), "not both")


# -- where, and how it all sits in a shell


def test_where(mini_pickles: Path, home: Path) -> None:
    import_mini(mini_pickles)
    lines = dict(line.split(maxsplit=1) for line in nhb2("data", "where").out.splitlines())
    assert lines["$NHB2_DATA"] == "(not set)"
    assert lines["cache"] == str(home / "cache" / "nhb2-plugins")
    assert lines["in"].endswith(str(user_table(home)))


def test_interrupted_fetch_leaves_its_beginning(server: Server, archive: bytes, home: Path) -> None:
    url, served = server.serve("/x.zip", archive, cuts=[1000], statuses=[None, *[503] * 99], retry_after="30")
    command = [sys.executable, "-m", "nhb2_plugins.cli", "data", "fetch", "--url", url]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        process.stderr.readline()
        while len(served.ranges_asked) < 2 and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.splitlines()[-1] == "nhb2: interrupted"
    assert not user_table(home).exists()
    served.statuses.clear()
    assert nhb2("data", "fetch", "--url", url).status == 0
    assert served.ranges_asked[-1] == "bytes=1000-"
