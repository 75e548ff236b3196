"""From a specification to its runs: what each run is given, and how runs are named."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from nhb2_plugins.campaign.plan import chosen_plans, plan_runs
from nhb2_plugins.campaign.spec import CampaignSpec
from nhb2_plugins.errors import CampaignError
from nhb2_plugins.fidelity import FidelityLadder
from nhb2_plugins.subspace import Subspace


def spec_of(*optimizers: dict[str, Any], **campaign: Any) -> CampaignSpec:
    return CampaignSpec.model_validate({"name": "c", "budget_s": 1000, "optimizers": optimizers, **campaign})


SPEC = spec_of(
    {"algorithm": "random_search", "seeds": 2},
    {
        "algorithm": "bohb",
        "label": "BOHB by itself",
        "seeds": [7],
        "ladder": [12, 200],
        "settings": {"n_iterations": 3},
        "budget_s": "unlimited",
        "n_workers": 4,
        "charging": "continued",
        "overhead": "measured",
        "restriction": {"batch_size": 64},
    },
    n_workers=2,
    charging="cached",
    crossing="drop",
    restriction={"lr": 0.1},
)


def test_runs_are_in_order_of_optimizers_then_seeds() -> None:
    plans = plan_runs(SPEC)
    assert [plan.seed for plan in plans] == [0, 1, 7]
    assert [plan.run_id for plan in plans[:2]] == ["random_search/seed-0000", "random_search/seed-0001"]
    assert plans[2].run_id.endswith("/seed-0007")
    assert [plan.optimizer for plan in plans] == ["random_search", "random_search", "BOHB by itself"]


def test_the_campaign_says_what_an_optimizer_does_not() -> None:
    plan = plan_runs(SPEC)[1]
    assert (plan.algorithm, plan.epoch, plan.ladder, dict(plan.settings)) == ("random_search", 12, None, {})
    assert (plan.budget_s, plan.n_workers, plan.charging, plan.overhead) == (1000, 2, "cached", "none")
    assert (plan.crossing, plan.measure_epoch) == ("drop", 12)
    assert plan.problem == plan.restriction == Subspace(lr=0.1)


def test_an_optimizer_s_own_conditions_go_before_the_campaign_s() -> None:
    plan = plan_runs(SPEC)[2]
    assert (plan.algorithm, plan.ladder, dict(plan.settings)) == (
        "bohb",
        FidelityLadder([12, 200]),
        {"n_iterations": 3},
    )
    assert (plan.budget_s, plan.n_workers, plan.charging, plan.overhead) == (None, 4, "continued", "measured")
    assert plan.problem == Subspace(lr=0.1)
    assert plan.restriction == Subspace(lr=0.1, batch_size=64)


def test_runs_are_chosen_by_id_optimizer_or_label() -> None:
    plans = plan_runs(SPEC)
    assert chosen_plans(plans, []) == plans
    assert chosen_plans(plans, ["random_search/seed-0001"]) == plans[1:2]
    assert chosen_plans(plans, ["random_*"]) == plans[:2]
    assert chosen_plans([replace(plans[0], optimizer="TPE [new]")], ["TPE [new]"])
    assert chosen_plans(plans, ["BOHB by itself"]) == plans[2:]
    assert chosen_plans(plans, ["BOHB*", "*/seed-0000"]) == [plans[0], plans[2]]
    message = r"run 'random' is not one of .*'random_search'.*, nor a run such as random_search/seed-0000$"
    with pytest.raises(CampaignError, match=message):
        chosen_plans(plans, ["random_search", "random"])
