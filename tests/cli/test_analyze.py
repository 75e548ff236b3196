from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from nhb2_plugins.benchmark import open_benchmark
from nhb2_plugins.cli.analyze import frame_text
from nhb2_plugins.cli.main import main
from nhb2_plugins.landscape.catalogue import ANALYSES, Request, answerable
from nhb2_plugins.landscape.hyperparameter_map import hyperparameter_map
from tests.core_fixtures import needs
from tests.landscape.tables import sections_of

pytestmark = needs("pandas")


@pytest.mark.parametrize("name", ANALYSES)
def test_each_analysis_prints_its_frames_with_the_table(
    name: str, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["analyze", name, "--table", str(table)]) == 0
    printed = capsys.readouterr().out
    bench = open_benchmark(table)
    sections = sections_of(name, Request(bench))
    assert printed.startswith(f"Table: {bench.provenance.label}; written by hand\n")
    assert printed.count(bench.provenance.label) == 1 + len(sections)
    for section in sections:
        assert section.title in printed
        assert frame_text(section.frame) in printed
        assert section.frame.attrs["table"] == bench.provenance.label


def test_all_is_every_analysis(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", "all", "--table", str(table)]) == 0
    printed = capsys.readouterr().out
    request = Request(open_benchmark(table))
    titles = [section.title for name in ANALYSES for section in sections_of(name, request)]
    positions = [printed.index(title) for title in titles]
    assert positions == sorted(positions)


def test_all_leaves_out_what_an_epoch_cannot_answer(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", "all", "--table", str(table), "--epoch", "200"]) == 0
    printed = capsys.readouterr().out
    assert "noise: left out" in printed
    assert "expected test error after 200 epochs" in printed
    assert "estimated seconds" in printed
    assert "noise" not in answerable(Request(open_benchmark(table), epoch=200))


def test_options_reach_the_analysis(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--epoch", "3", "--split", "train", "--seed", "mean", "--cell", "010210"]
    assert main(["analyze", "map", "--table", str(table), *options]) == 0
    printed = capsys.readouterr().out
    found = hyperparameter_map(open_benchmark(table), 3, "train", "mean", cellcode="0|10|210")
    assert "training error after 3 epochs, mean over seeds; cell 0|10|210" in printed
    assert frame_text(found.to_frame()) in printed


def test_one_frame_of_several_goes_to_a_file_of_its_own(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["analyze", "joint", "--table", str(table), "--csv", str(tmp_path / "new" / "out.csv")]) == 0
    files = sorted(file.name for file in (tmp_path / "new").iterdir())
    assert files == ["out-joint-shares.csv", "out-joint-strategies.csv"]
    bench = open_benchmark(table)
    frame = sections_of("joint", Request(bench))[1].frame
    with (tmp_path / "new" / "out-joint-shares.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["error_share"]) for row in rows] == pytest.approx(frame["error_share"].tolist(), abs=1e-12)
    assert {row["table"] for row in rows} == {bench.provenance.label}
    assert {row["measure"] for row in rows} == {"validation error after 12 epochs, seed 222"}
    assert "out-joint-shares.csv" in capsys.readouterr().err


@needs("matplotlib")
@pytest.mark.parametrize("name", ["map", "anova", "fidelities", "landscape", "pareto", "noise", "joint", "all"])
def test_figures_are_drawn(name: str, table: Path, tmp_path: Path) -> None:
    assert main(["analyze", name, "--table", str(table), "--figures", str(tmp_path / "figures")]) == 0
    drawn = {file.name for file in (tmp_path / "figures").iterdir()}
    everything = {f"{each}.png" for each in ANALYSES if each not in ("optima", "isomorphism")}
    assert drawn == (everything if name == "all" else {f"{name}.png"})
    assert all((tmp_path / "figures" / file).read_bytes().startswith(b"\x89PNG") for file in drawn)


@needs("matplotlib")
def test_every_figure_says_its_table(table: Path, tmp_path: Path) -> None:
    from nhb2_plugins.landscape.plots import FIGURES, draw

    request = Request(open_benchmark(table))
    import matplotlib as mpl

    with mpl.rc_context({"svg.fonttype": "none"}):  # text as text
        files = draw({name: ANALYSES[name].answer(request) for name in ANALYSES}, tmp_path, ".svg")
    assert len(files) == len(FIGURES)
    for file in files:
        assert request.bench.provenance.label in file.read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["noise", "--epoch", "200"], "epoch 200 has no seeds"),
        (["optima", "--epoch", "13"], "epoch '13' is not one of"),
        (["optima", "--epoch", "x"], "epoch 'x' is not one of"),
        (["optima", "--seed", "7"], "seed 7 is not one of 222, 555, 'mean'"),
        (["anova", "--epoch", "200", "--split", "valid"], "split 'valid' does not exist at 200"),
        (["map", "--cell", "0123"], "cellcode '0123'"),
        (["optima", "--cell", "010210"], "'optima' takes no --cell; these do: map, all"),
        (["anova", "--statistic", "best"], "'anova' takes no --statistic; these do: map, all"),
        (["noise", "--seed", "222"], "'noise' takes no --seed; these do: optima, map"),
        (["fidelities", "--epoch", "4"], "'fidelities' takes no --epoch; these do: optima, map"),
    ],
)
def test_wrong_input_is_named(
    arguments: list[str], message: str, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["analyze", *arguments, "--table", str(table)]) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.out == ""


def test_an_unknown_name_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["analyze", "nose"])
    assert exit_.value.code == 2
    assert "'noise'" in capsys.readouterr().err


def test_numbers_are_printed_by_their_kind() -> None:
    import pandas as pd

    frame = pd.DataFrame(
        {
            "lr": [0.003125],
            "error_pct": [13.25],
            "cost_s": [181.04],
            "share": [0.5],
            "best_probability": [5e-6],
            "epoch_1": [-0.001],
            "n_configurations": [48.0],
            "missing": [np.nan],
            "rank": [7],
        }
    )
    cells = frame_text(frame).splitlines()[-1].split()
    assert cells == ["0.003125", "13.250", "181.0", "0.5000", "5.0e-06", "0.00", "48", "-", "7"]


def test_numbers_do_not_go_to_a_directory(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", "joint", "--table", str(table), "--csv", "."]) == 2
    assert capsys.readouterr().err == "nhb2: error: --csv . is a directory; name a file\n"


@needs("moocore")
def test_a_published_front_is_compared_and_exported(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    front = tmp_path / "front.csv"
    front.write_text("valid_error_pct,cost_s\n1.0,1000.0\n50.0,0.75\n99.0,0.5\n")
    out = tmp_path / "out.csv"
    assert main(["analyze", "pareto", "--table", str(table), "--against", str(front), "--csv", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "each measured against the other: front.csv" in printed
    with (tmp_path / "out-pareto-attainment.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["error_pct"], row["attained"]) for row in rows] == [
        ("1.0", "False"),
        ("50.0", "False"),
        ("99.0", "False"),
    ]
    assert main(["analyze", "map", "--table", str(table), "--against", str(front)]) == 2
    assert "takes no --against" in capsys.readouterr().err
    assert main(["analyze", "pareto", "--table", str(table), "--against", str(tmp_path / "none.csv")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@needs("moocore")
def test_a_front_of_two_points_is_compared_up_to_a_point_that_is_named(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    front = tmp_path / "front.csv"
    front.write_text("error_pct,cost_s\n1,1000\n50,0.75\n")
    command = ["analyze", "pareto", "--table", str(table), "--against", str(front)]
    assert main(command) == 2
    assert capsys.readouterr().err.startswith(
        "nhb2: error: front front.csv: no point of the front lies below the nadir"
    )
    assert main([*command, "--reference", "100,100000"]) == 0
    assert "front.csv" in capsys.readouterr().out
    for point, said in (("9", "is not 2 finite numbers"), ("a,b", "--reference 'a,b' is not numbers with commas")):
        assert main([*command, "--reference", point]) == 2
        assert said in capsys.readouterr().err
    assert main([*command[:-2], "--reference", "1,2"]) == 2
    assert "needs --against" in capsys.readouterr().err


@needs("moocore")
def test_of_a_long_table_the_first_rows_are_printed_and_all_exported(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    front, n = tmp_path / "front.csv", 60_000
    front.write_text("error_pct,cost_s\n" + "".join(f"{i / 1000},{n - i}\n" for i in range(n)))
    command = ["analyze", "pareto", "--table", str(table), "--against", str(front), "--csv", str(tmp_path / "out.csv")]
    assert main(command) == 0
    printed = capsys.readouterr().out
    assert printed.endswith("\n… and 59,900 more rows; --csv FILE writes all of them\n")
    assert len(printed.splitlines()) < 400
    assert len((tmp_path / "out-pareto-attainment.csv").read_text().splitlines()) == n + 1
