"""The gate on the command line: recorded runs, labels, statuses; and an environment with another version."""

from __future__ import annotations

import contextlib
import subprocess
from pathlib import Path

import pytest

from nhb2_plugins.cli import gate as gate_command
from nhb2_plugins.cli.gate import environment_with
from nhb2_plugins.cli.main import main
from tests.analysis.runs import OPTIMUM_PCT, make_run, write_run


def write_side(directory: Path, name: str, regret: float, n_runs: int = 12) -> None:
    for seed in range(n_runs):
        run = make_run([(10, OPTIMUM_PCT - regret - seed % 3 / 10)], seed=seed, optimizer=name)
        write_run(directory, run)


@pytest.mark.parametrize(
    ("regret", "status", "word"), [(2.0, 0, "equivalent"), (1.0, 0, "improved"), (3.0, 1, "worse")]
)
def test_two_directories(
    regret: float, status: int, word: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_side(tmp_path / "old", "tpe", 2.0)
    write_side(tmp_path / "new", "tpe", regret)
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    sides = [str(tmp_path / "old"), str(tmp_path / "new")]
    assert main(["gate", *sides, "--markdown", str(summary)]) == status
    said = capsys.readouterr().out
    assert said.startswith(f"### Gate: **{word}**")
    assert summary.read_text() == f"before\n{said}\n"


def test_two_labels_of_one_directory(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_side(tmp_path, "a", 2.0)
    write_side(tmp_path, "b", 2.6, n_runs=9)
    assert main(["gate", f"{tmp_path}::a", f"{tmp_path}::b"]) == 2  # nine pairs decide nothing
    assert "A verdict takes at least 10 seeds." in capsys.readouterr().out
    assert main(["gate", f"{tmp_path}::a", f"{tmp_path}::c"]) == 2
    assert "'c' is not one of 'a', 'b'" in capsys.readouterr().err


def test_worse_alone_ends_with_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_side(tmp_path / "old", "tpe", 3.0)
    write_side(tmp_path / "new", "tpe", 2.0)
    sides = [str(tmp_path / "old"), str(tmp_path / "new")]
    assert main(["gate", *sides, "--markdown", str(tmp_path)]) == 2  # it is a directory
    assert str(tmp_path) in capsys.readouterr().err
    damaged = next((tmp_path / "new").rglob("*.jsonl"))
    damaged.write_bytes(damaged.read_bytes().replace(b'"seed"', b'"sown"'))
    assert main(["gate", *sides]) == 2
    assert damaged.name in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["one"], "two sides, OLD and NEW, not 1"),
        (["--old", "optuna==4.4.0"], "--old REQUIREMENT and --new REQUIREMENT"),
        (["a", "b", "--old", "x", "--new", "y"], "without directories"),
    ],
)
def test_a_gate_has_two_sides(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gate", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_an_environment_has_its_own_requirement_before_the_inherited_packages(tmp_path: Path) -> None:
    """A package of this test's own, which needs no index, in the place of one that is installed here."""
    package = tmp_path / "package"
    package.mkdir()
    (package / "pyproject.toml").write_text(
        "[build-system]\nrequires = []\nbuild-backend = 'backend'\nbackend-path = ['.']\n"
        "[project]\nname = 'markupsafe'\nversion = '0.0.1'\n"
    )
    (package / "backend.py").write_text(_BACKEND)
    python = environment_with([str(package)], tmp_path / "environment")
    script = (
        "import markupsafe, numpy, nhb2_plugins; from importlib.metadata import version; "
        "print(markupsafe.OWN, version('markupsafe'))"
    )
    found = subprocess.run([str(python), "-c", script], check=True, capture_output=True, text=True)
    assert found.stdout.split() == ["True", "0.0.1"]
    assert environment_with([str(package)], tmp_path / "environment") == python  # kept


_BACKEND = """
import zipfile

def build_wheel(directory, config_settings=None, metadata_directory=None):
    name = "markupsafe-0.0.1-py3-none-any.whl"
    info = "markupsafe-0.0.1.dist-info"
    with zipfile.ZipFile(f"{directory}/{name}", "w") as wheel:
        wheel.writestr("markupsafe.py", "OWN = True")
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\\nName: markupsafe\\nVersion: 0.0.1\\n")
        lines = ["Wheel-Version: 1.0", "Generator: x", "Root-Is-Purelib: true", "Tag: py3-none-any", ""]
        wheel.writestr(f"{info}/WHEEL", "\\n".join(lines))
        wheel.writestr(f"{info}/RECORD", "")
    return name
"""


def test_a_directory_of_several_labels_names_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a", "b"):
        write_side(tmp_path, name, 2.0)
    assert main(["gate", str(tmp_path), str(tmp_path)]) == 2
    err = capsys.readouterr().err
    assert f"{tmp_path} holds runs of 2 optimizers, and a gate compares one: name it, {tmp_path}::LABEL" in err
    assert "of 'a', 'b'" in err


@pytest.mark.parametrize("seeds", ["100001", "9" * 5000])
def test_more_seeds_than_anybody_runs_are_refused_in_one_sentence(
    seeds: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with contextlib.suppress(SystemExit):
        assert main(["gate", "--old", "a==1", "--new", "a==2", "--seeds", seeds]) == 2
    err = capsys.readouterr().err
    assert "100,001 is more than 100,000" in err or "of at most 18 digits" in err
    assert len(err.splitlines()[-1]) < 200


def test_a_summary_that_cannot_be_written_does_not_say_worse(tmp_path: Path) -> None:
    for name, regret in (("old", 2.0), ("new", 9.0)):
        write_side(tmp_path / name, "a", regret)
    sides = ["gate", str(tmp_path / "old"), str(tmp_path / "new")]
    assert main(sides) == 1
    assert main([*sides, "--markdown", str(tmp_path / "nowhere" / "summary.md")]) == 2


_TWO = """
name: x
budget_s: 2000
optimizers:
  - {algorithm: random_search, seeds: 2, label: 'RS [a]'}
  - {algorithm: reinforce, seeds: 2}
"""


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--spec", "nothere.yaml"], "campaign 'nothere.yaml' is not one of"),
        (
            [],
            "two.yaml has 2 optimizers, and a gate compares one: name it, --optimizer LABEL, of 'RS [a]', 'reinforce'",
        ),
        (["--optimizer", "tpe"], "run 'tpe' is not one of 'reinforce', 'rs_a'"),
        (["--optimizer", "RS [a]", "--markdown", "no/such.md"], "there is no directory no to write such.md to"),
        (["--optimizer", "RS [a]", "--markdown", "."], ". is a directory; --markdown names a file"),
    ],
)
def test_what_no_gate_can_answer_is_refused_before_an_environment_is_made(
    options: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(gate_command, "environment_with", lambda *_: pytest.fail("an environment is made"))
    Path("two.yaml").write_text(_TWO)
    assert main(["gate", "--old", "a==1", "--new", "a==2", "--spec", "two.yaml", "--out", "out", *options]) == 2
    assert message in capsys.readouterr().err
    assert [path.name for path in Path().iterdir()] == ["two.yaml"]


@pytest.mark.parametrize("asked", ["rs_a", "RS [a]", "RS*"])
def test_the_optimizer_that_a_gate_runs_is_the_one_that_it_reads(
    asked: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The runs are made beforehand, as by an earlier call with the same ``--out``."""
    monkeypatch.chdir(tmp_path)
    Path("two.yaml").write_text(_TWO)
    commands: list[list[str]] = []
    monkeypatch.setattr(gate_command, "environment_with", lambda *_: Path("python"))
    monkeypatch.setattr(gate_command, "_call", lambda command, _failure: commands.append(command))
    for side in ("old", "new"):
        for name in ("RS [a]", "reinforce"):
            write_side(tmp_path / "out" / side / "runs", name, 2.0)
    sides = ["--old", "a==1", "--new", "a==2", "--spec", "two.yaml", "--out", "out"]
    assert main(["gate", *sides, "--optimizer", asked]) == 0
    assert "equal, run for run" in capsys.readouterr().out
    assert [command[command.index("--only") + 1] for command in commands] == ["RS [a]", "RS [a]"]
