"""``nhb2 dashboard`` in Chromium: the history of runs that no Optuna study made."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

import nhb2_plugins as nhb2
from nhb2_plugins.campaign.plan import plan_runs
from nhb2_plugins.campaign.run import execute_run
from nhb2_plugins.campaign.spec import CampaignSpec
from nhb2_plugins.trajectory.selection import select_runs
from tests.browser.conftest import OpenPage
from tests.support.dashboard_process import dashboard

LADDER = {"min_epoch": 1, "max_epoch": 12, "eta": 3}


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("dashboard")
    optimizers = [{"algorithm": "smac", "seeds": 1}, {"algorithm": "bohb", "seeds": 1, "ladder": LADDER}]
    spec = CampaignSpec.model_validate({"name": "both", "budget_s": 4000, "optimizers": optimizers})
    for plan in plan_runs(spec):
        assert execute_run(plan, nhb2.open_benchmark(), str(directory)).failure == ""
    return directory


def test_a_study_page_shows_the_history_of_smac_and_of_bohb(recorded: Path, open_page: OpenPage) -> None:
    runs = select_runs(str(recorded), [], None).runs
    assert sorted(runs) == ["bohb/seed-0000", "smac/seed-0000"]
    with dashboard(recorded) as process:
        page = open_page(process.url)
        for name, records in runs.items():
            page.goto(process.url)
            page.get_by_text(name).first.click()
            history = page.locator("#plot-history")
            expect(history.locator(".main-svg").first).to_be_visible(timeout=30_000)
            named = "(each, name) => Array.from(each.data.find(trace => trace.name === `error_pct of ${name}`).y)"
            drawn = {round(float(value), 6) for value in history.evaluate(named, name)}
            assert len(drawn) > 3
            assert drawn <= {round(100 - record.accuracy_pct, 6) for record in records}
        assert process.stop() == 0
