"""optuna-dashboard on recorded runs, started as a user starts it."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path

import pytest

from nhb2_plugins.trajectory.selection import select_runs
from tests.browser.conftest import OpenPage
from tests.support.command_line import nhb2_process
from tests.support.dashboard_process import dashboard

SPECIFICATION = """
name: dashboard
budget_s: 5000
optimizers:
  - {algorithm: smac, seeds: 1}
  - {algorithm: bohb, ladder: {min_epoch: 1, max_epoch: 12, eta: 3}, seeds: 1}
"""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of SMAC and one of BOHB."""
    directory = tmp_path_factory.mktemp("dashboard")
    (directory / "spec.yaml").write_text(SPECIFICATION, encoding="utf-8")
    outcome = nhb2_process("run", directory / "spec.yaml", "--out", directory / "results", "--processes", "1")
    assert outcome.status == 0, outcome.err
    return directory / "results"


@pytest.mark.parametrize("run", ["smac/seed-0000", "bohb/seed-0000"])
def test_a_study_s_page_shows_the_history_of_a_run(
    run: str, runs: Path, open_page: OpenPage, complaints: list[str], tmp_path: Path
) -> None:
    best = min(record.error_pct for record in select_runs(str(runs), [run]).runs[run] if record.epoch == 12)
    with dashboard(runs, "--only", run) as server:
        with urllib.request.urlopen(f"{server.url}api/studies") as answer:
            (study,) = json.load(answer)["study_summaries"]
        assert study["study_name"] == run
        page = open_page(f"{server.url}dashboard/studies/{study['study_id']}")
        page.get_by_text(run).first.wait_for()
        page.locator(".js-plotly-plot .scatterlayer .points path").first.wait_for()
        lows = page.eval_on_selector_all(
            ".js-plotly-plot", "plots => plots.flatMap(each => each.data.map(trace => Math.min(...(trace.y || []))))"
        )
        assert any(low == pytest.approx(best) for low in lows), lows
        page.screenshot(path=tmp_path / "study.png")
        assert server.stop() == 0
    assert [each for each in complaints if each.startswith("http") and not each.startswith(server.url)] == []
