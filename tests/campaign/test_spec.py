"""Specifications: the shipped ones are valid, and every wrong key or value is named."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from nhb2_plugins.adapters.optuna.optimizer import SAMPLERS
from nhb2_plugins.benchmark import open_benchmark
from nhb2_plugins.campaign.plan import chosen_plans, plan_runs
from nhb2_plugins.campaign.run import make_planned_optimizer
from nhb2_plugins.campaign.spec import CampaignSpec, OptimizerSpec, checked_spec, read_spec, shipped_specs
from nhb2_plugins.errors import CampaignError
from nhb2_plugins.optimizers import registry
from nhb2_plugins.simulation import simulate
from nhb2_plugins.subspace import Subspace

MINIMAL = "name: small\nbudget_s: 1000\noptimizers:\n  - {algorithm: random_search, seeds: 2}\n"


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "spec.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", shipped_specs())
def test_a_shipped_specification_is_valid_and_found_by_its_name(name: str) -> None:
    spec = read_spec(name)
    assert spec.name == name
    runs = plan_runs(spec)
    assert len({run.run_id for run in runs}) == len(runs) >= 2


def test_the_quickstart_compares_what_the_readme_says() -> None:
    seeds = {each.name: len(each.seed_list) for each in read_spec("quickstart").optimizers}
    assert seeds.pop("SMAC") >= 5
    assert set(seeds) == {"Random search", "Regularized evolution", "Optuna TPE", "BOHB"}
    assert min(seeds.values()) >= 20


def test_the_quickstart_runs_bohb_inside_the_twelve_epochs() -> None:
    (bohb,) = (each for each in read_spec("quickstart").optimizers if each.algorithm == "bohb")
    ladder = bohb.fidelity_ladder()
    assert ladder is not None
    assert ladder.rungs == (1, 4, 12)
    assert ladder.budgets == pytest.approx((4 / 3, 4, 12))


def test_seeds_are_a_number_or_a_list(tmp_path: Path) -> None:
    spec = read_spec(write(tmp_path, MINIMAL.replace("seeds: 2", "seeds: [7, 3]")))
    assert [run.seed for run in plan_runs(spec)] == [7, 3]
    assert [run.seed for run in plan_runs(read_spec(write(tmp_path, MINIMAL)))] == [0, 1]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("budget_s", "budgets", ["budgets", "did you mean 'budget_s'"]),
        ("budget_s: 1000", "budget_s: -1", ["budget_s", "-1"]),
        ("budget_s: 1000", "budget_s: .inf", ["budget_s", "inf"]),
        ("name: small", "name: a/b", ["name", "a/b"]),
        ("name: small\n", "", ["name: is missing"]),
        ("random_search", "random_serch", ["random_serch", "did you mean 'random_search'"]),
        ("name: small", "name: a study", ["name: should be letters, digits", "(got 'a study')"]),
        ("seeds: 2", "seeds: 0", ["seeds: should be greater than or equal to 1 (got 0)"]),
        ("seeds: 2", "seeds: 1000000000", ["seeds: should be less than or equal to 200000 (got 1000000000)"]),
        ("seeds: 2", "seeds: " + "9" * 4000, ["seeds: should be less than or equal to 200000"]),
        ("seeds: 2", "seeds: " + "9" * 5000, ["cannot be read as YAML", "integer"]),
        ("seeds: 2", "seeds: 2, seeds: 3", ["line 4: key 'seeds' is there twice"]),
        ("optimizers:", "restriction: {cellcode: 010210}\noptimizers:", ["cellcode 4232 is a number", "quote it"]),
        ("random_search", "tpe", ["'tpe' is not one of", "algorithm optuna with settings {sampler: tpe}"]),
        (
            "optimizers:\n",
            "optimizers:\n  - {algorithm: reinforce, seeds: 199999}\n",
            ["optimizers and seeds make 200,001 runs, more than 200,000"],
        ),
        ("seeds: 2", "seeds: many", ["seeds: should be a valid integer (got 'many')"]),
        ("seeds: 2", "seeds: true", ["seeds: should be a valid integer (got True)"]),
        ("seeds: 2", "seeds: [3, -1]", ["seeds.1: should be greater than or equal to 0 (got -1)"]),
        ("seeds: 2", "seeds: [4294967296]", ["seeds.0", "4294967295", "4294967296"]),
        ("seeds: 2", "seeds: [3, 1, 3]", ["seeds must differ, and [3] do not"]),
        ("seeds: 2", "seeds: 2, epoch: true", ["epoch: should be a valid integer (got True)"]),
        (
            "seeds: 2",
            "seeds: 2, budget_s: unlimitd",
            ["budget_s: 'unlimitd' is not", "did you mean 'unlimited'"],
        ),
        ("seeds: 2", "seeds: 2, settings: 3", ["settings: should be a mapping of keys (got 3)"]),
        ("random_search, seeds: 2", "bohb, seeds: 2, ladder: 12", ["ladder: should be a list (got 12)"]),
        (
            "random_search, seeds: 2",
            "bohb, seeds: 2, ladder: {min_epoch: 1, max_epoch: 12, eta: 1}",
            ["ladder.eta: should be greater than 1 (got 1)"],
        ),
        ("seeds: 2", "seed: 2", ["seed", "did you mean 'seeds'"]),
        ("seeds: 2", "seeds: 2, epoch: 13", ["13", "1..12 or 200"]),
        ("seeds: 2", "seeds: 2, ladder: [12, 200]", ["takes no ladder"]),
        ("random_search", "bohb", ["needs a ladder"]),
        ("{algorithm: random_search, seeds: 2}", "{algorithm: bohb, seeds: 2, ladder: [0.5]}", ["0.5", "smallest"]),
        ("optimizers:", "charging: gratis\noptimizers:", ["charging", "from_scratch", "gratis"]),
        ("optimizers:", "measure_epoch: 100\noptimizers:", ["measure_epoch", "12", "200"]),
        ("optimizers:", "overhead: mesured\noptimizers:", ["overhead", "measured", "mesured"]),
        ("optimizers:", "table: ''\noptimizers:", ["table"]),
        ("optimizers:", "restriction: {lr: 0.3}\noptimizers:", ["restriction", "0.3", "0.2, 0.4"]),
        ("optimizers:", "restriction: {cell: 010210}\noptimizers:", ["restriction.cell", "did you mean 'cellcode'"]),
        ("seeds: 2", "seeds: 2, restriction: {batchsize: 16}", ["batchsize", "did you mean 'batch_size'"]),
        (
            "{algorithm: random_search, seeds: 2}",
            "{algorithm: bohb, seeds: 2, ladder: {min_epoch: 1, max_epochs: 12}}",
            ["max_epochs", "did you mean 'max_epoch'"],
        ),
        (
            "optimizers:\n  - {algorithm: random_search, seeds: 2}",
            "restriction: {lr: 0.1}\noptimizers:\n  - {algorithm: random_search, seeds: 2, restriction: {lr: 0.2}}",
            ["lr cannot be both 0.1 and 0.2"],
        ),
        (
            "optimizers:",
            "objectives: [cost_s]\noptimizers:",
            ["objectives: objectives ['cost_s']: alone only 'error_pct'"],
        ),
        ("optimizers:", "objectives: [error_pct, cost_s, error_pct]\noptimizers:", ["objectives: ", "different names"]),
        (
            "optimizers:",
            "objectives: [error_pct, cost]\noptimizers:",
            ["'cost' is not one of", "did you mean 'cost_s'"],
        ),
        (
            "optimizers:",
            "objectives: [error_pct, cost_s, params_live, macs_live]\noptimizers:",
            ["are not two or three, between which there is a front"],
        ),
        (
            "optimizers:",
            "objectives: [error_pct, cost_s]\nmeasure_epoch: 200\noptimizers:",
            ["measure_epoch 200: several objectives are measured"],
        ),
        (
            "optimizers:\n  - {algorithm: random_search, seeds: 2}",
            "objectives: [error_pct, cost_s]\noptimizers:\n  - {algorithm: reinforce, seeds: 2}",
            ["algorithm 'reinforce' has no parameter 'objectives': it minimises the error alone"],
        ),
        (
            "optimizers:\n  - {algorithm: random_search, seeds: 2}",
            "objectives: [error_pct, cost_s]\noptimizers:\n  - {algorithm: random_search, seeds: 2, epoch: 6}",
            ["'random_search' searches at 6 epochs: several objectives are compared at 12"],
        ),
        (
            "optimizers:",
            "reference_point: [90, 2000]\noptimizers:",
            ["is not one number for each of several objectives"],
        ),
        (
            "optimizers:",
            "objectives: [error_pct, cost_s]\nreference_point: [90]\noptimizers:",
            ["reference_point [90.0] is not one number for each"],
        ),
        (
            "  - {algorithm: random_search, seeds: 2}\n",
            "  - {algorithm: random_search, seeds: 2}\n  - {algorithm: random_search, seeds: 3}\n",
            ["labels of optimizers must differ in their first 60 letters and digits"],
        ),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, old: str, new: str, words: list[str]) -> None:
    text = MINIMAL.replace(old, new)
    assert text != MINIMAL
    with pytest.raises(CampaignError) as caught:
        read_spec(write(tmp_path, text))
    for word in words:
        assert word in str(caught.value)
    assert not any(words in str(caught.value) for words in ("tuple[", "constrained-int", "Input should"))


BOHB = "{algorithm: bohb, seeds: 2, ladder: %s}"


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("budget_s: 1000", "budget_s: true", "budget_s"),
        ("seeds: 2", "seeds: 2, budget_s: false", "optimizers.0.budget_s"),
        ("optimizers:", "restriction: {lr: true}\noptimizers:", "restriction.lr"),
        ("optimizers:", "restriction: {batch_size: true}\noptimizers:", "restriction.batch_size"),
        (
            "optimizers:",
            "objectives: [error_pct, cost_s]\nreference_point: [90, true]\noptimizers:",
            "reference_point.1",
        ),
        ("{algorithm: random_search, seeds: 2}", BOHB % "[true, 12]", "optimizers.0.ladder.0"),
        ("{algorithm: random_search, seeds: 2}", BOHB % "{min_epoch: true, max_epoch: 12}", "optimizers.0.ladder.min"),
        (
            "{algorithm: random_search, seeds: 2}",
            BOHB % "{min_epoch: 1, max_epoch: 12, eta: true}",
            "optimizers.0.ladder.eta",
        ),
    ],
)
def test_a_truth_value_is_no_number(tmp_path: Path, old: str, new: str, key: str) -> None:
    with pytest.raises(CampaignError, match=rf"campaign specification: {key}\w*: (True|False) is no number$"):
        read_spec(write(tmp_path, MINIMAL.replace(old, new)))


@pytest.mark.parametrize("value", ["1", "'yes'", "0"])
def test_a_number_is_no_truth_value(tmp_path: Path, value: str) -> None:
    with pytest.raises(CampaignError, match=r"restriction\.one_per_class: should be a valid boolean"):
        read_spec(write(tmp_path, f"{MINIMAL}restriction: {{one_per_class: {value}}}\n"))


def test_a_key_with_nothing_behind_it_is_as_if_left_out(tmp_path: Path) -> None:
    plain = read_spec(write(tmp_path, MINIMAL))
    empty = plain.model_dump() | dict.fromkeys(
        name for name, field in CampaignSpec.model_fields.items() if not field.is_required()
    )
    assert checked_spec(empty, "spec") == plain
    own = dict.fromkeys(name for name, field in OptimizerSpec.model_fields.items() if not field.is_required())
    assert checked_spec({**empty, "optimizers": [{**own, "algorithm": "random_search", "seeds": 2}]}, "spec") == plain
    restricted = {**empty, "restriction": {"lr": None, "one_per_class": None}}
    assert checked_spec(restricted, "spec") == plain
    for name in ("name", "budget_s", "optimizers"):
        with pytest.raises(CampaignError, match=f"campaign specification: {name}: is missing$"):
            checked_spec(plain.model_dump() | {name: None}, "spec")
    with pytest.raises(CampaignError, match="key 'wrong' is not one of"):
        checked_spec(plain.model_dump() | {"wrong": None}, "spec")


def test_a_budget_may_be_written_with_an_exponent(tmp_path: Path) -> None:
    spec = read_spec(write(tmp_path, MINIMAL.replace("seeds: 2", "seeds: 2, budget_s: 1e5")))  # text, to YAML 1.1
    assert spec.optimizers[0].budget_s == 100_000


def test_a_wrong_key_is_told_once(tmp_path: Path) -> None:
    for wrong in ("seeds: 0", "seeds: 2, ladder: {min_epoch: 1, max_epoch: 12, eta: 1}"):
        with pytest.raises(CampaignError) as caught:
            read_spec(write(tmp_path, MINIMAL.replace("seeds: 2", wrong)))
        assert len(str(caught.value).splitlines()) == 1


def test_one_wrong_optimizer_is_not_also_called_none(tmp_path: Path) -> None:
    with pytest.raises(CampaignError) as caught:
        read_spec(write(tmp_path, MINIMAL.replace("random_search", "random_serch")))
    assert len(str(caught.value).splitlines()) == 1
    with pytest.raises(CampaignError, match="optimizers: should have at least 1 item"):
        read_spec(write(tmp_path, "name: none\nbudget_s: 1\noptimizers: []\n"))


@pytest.mark.parametrize("text", ["- a list", "just text", "", "a: [", "!!python/object/apply:os.system ['true']"])
def test_what_is_no_specification_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(CampaignError):
        read_spec(write(tmp_path, text))


def test_an_unknown_name_lists_the_shipped_ones() -> None:
    with pytest.raises(CampaignError, match=r"'quikstart' is not one of .*did you mean 'quickstart'"):
        read_spec("quikstart")


def test_a_specification_survives_its_json() -> None:
    spec = read_spec("quickstart")
    assert CampaignSpec.model_validate(spec.model_dump(mode="json")) == spec


def test_conditions_of_one_optimizer_override_the_campaigns(tmp_path: Path) -> None:
    text = MINIMAL.replace("seeds: 2", "seeds: 1, budget_s: 500, n_workers: 4, charging: cached")
    (plan,) = plan_runs(read_spec(write(tmp_path, text)))
    assert (plan.budget_s, plan.n_workers, plan.charging) == (500, 4, "cached")


def test_an_optimizers_restriction_is_a_part_of_the_campaigns(tmp_path: Path) -> None:
    text = MINIMAL.replace("seeds: 2", "seeds: 1, overhead: measured, restriction: {batch_size: 64}")
    (plan,) = plan_runs(read_spec(write(tmp_path, text + "restriction: {lr: 0.1}\n")))
    assert plan.overhead == "measured"
    assert plan.problem == Subspace(lr=0.1)
    assert plan.restriction == Subspace(lr=0.1, batch_size=64)


def test_a_cell_is_spelled_in_a_specification_as_everywhere_and_quoted(tmp_path: Path) -> None:
    def problem(cell: str) -> Subspace:
        (plan, _) = plan_runs(read_spec(write(tmp_path, MINIMAL + f"restriction: {{cellcode: {cell}}}\n")))
        return plan.problem

    assert problem('"010210"') == problem("'0|10|210'") == Subspace(cellcode="0|10|210")
    with pytest.raises(CampaignError, match="cellcode 4232 is a number, as YAML reads digits: quote it"):
        problem("010210")


def test_a_table_is_named_or_stands_beside_the_specification(tmp_path: Path) -> None:
    def table(name: str) -> str | None:
        return read_spec(write(tmp_path, f"{MINIMAL}table: {name}\n")).table

    assert read_spec(write(tmp_path, MINIMAL)).table is None
    assert [table("embedded"), table("imported")] == ["embedded", "imported"]
    assert table("tables/mine") == str(tmp_path / "tables/mine")
    assert table("/data/mine") == "/data/mine"


def test_only_an_optimizer_that_ends_by_itself_may_be_unlimited(tmp_path: Path) -> None:
    bohb = "{algorithm: bohb, ladder: [12, 200], seeds: 1, budget_s: unlimited, settings: {n_iterations: 3}}"
    text = MINIMAL.replace("{algorithm: random_search, seeds: 2}", bohb)
    (plan,) = plan_runs(read_spec(write(tmp_path, text)))
    assert plan.budget_s is None
    with pytest.raises(CampaignError, match="needs the setting 'n_iterations'"):
        read_spec(write(tmp_path, text.replace(", settings: {n_iterations: 3}", "")))
    with pytest.raises(CampaignError, match="it never ends by itself"):
        read_spec(write(tmp_path, MINIMAL.replace("seeds: 2", "seeds: 2, budget_s: unlimited")))


def test_runs_are_selected_by_optimizer_and_by_pattern() -> None:
    plans = plan_runs(read_spec("quickstart"))
    assert len(chosen_plans(plans, [])) == len(plans)
    assert {plan.algorithm for plan in chosen_plans(plans, ["smac"])} == {"smac"}
    assert [plan.run_id for plan in chosen_plans(plans, ["bohb/seed-000[12]"])] == ["bohb/seed-0001", "bohb/seed-0002"]
    with pytest.raises(CampaignError, match=r"'smack' is not one of .*did you mean 'smac'"):
        chosen_plans(plans, ["smack"])


def test_the_published_schema_is_the_models() -> None:
    schema = Path(__file__).parents[2] / "configs" / "campaign.schema.json"
    assert json.loads(schema.read_text()) == CampaignSpec.model_json_schema()


def test_a_directory_of_its_name_does_not_hide_a_shipped_specification(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "quickstart").mkdir()
    monkeypatch.chdir(tmp_path)
    assert read_spec("quickstart").name == "quickstart"
    with pytest.raises(CampaignError, match="nor a file"):
        read_spec(tmp_path)


def test_labels_of_any_script_and_length_are_directories() -> None:
    labels = ["東京", "大阪", "Größe (α=0.5)", "a/b ../c", "!!!", "x" * 300]
    optimizers = [{"algorithm": "random_search", "seeds": 1, "label": label} for label in labels]
    spec = CampaignSpec.model_validate({"name": "labels", "budget_s": 1, "optimizers": optimizers})
    slugs = [each.slug for each in spec.optimizers]
    assert slugs == ["東京", "大阪", "größe_α_0_5", "a_b_c", "optimizer", "x" * 60]


def test_a_label_that_shows_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="' ' shows nothing"):
        OptimizerSpec(algorithm="random_search", seeds=1, label=" ")


@pytest.mark.parametrize("n_workers", [0, 196_609, 10**40])
def test_there_are_no_more_workers_than_configurations(n_workers: int) -> None:
    with pytest.raises(ValueError, match=r"n_workers\n  Input should be (greater|less) than or equal to (1|196608)"):
        OptimizerSpec(algorithm="random_search", seeds=1, n_workers=n_workers)


@pytest.mark.parametrize(
    ("label", "told"),
    [
        ("a\x1b[31m", r"'a\\x1b[31m' holds characters that cannot be shown"),
        ("\u202e", r"'\\u202e'"),
    ],
)
def test_a_label_that_cannot_be_shown_is_refused(label: str, told: str) -> None:
    with pytest.raises(ValueError, match="cannot be shown") as refused:
        OptimizerSpec(algorithm="random_search", seeds=1, label=label)
    assert told in str(refused.value)


def test_a_label_and_a_name_have_a_longest_length(tmp_path: Path) -> None:
    for text, key in ((MINIMAL.replace("small", "n" * 101), "name"), (_labelled("l" * 301), "label")):
        (tmp_path / "spec.yaml").write_text(text)
        with pytest.raises(CampaignError, match=rf"{key}: .* at most (100|300) characters"):
            read_spec(tmp_path / "spec.yaml")
    for text in (MINIMAL.replace("small", "n" * 100), _labelled("l" * 300), _labelled("$^$ =1+1")):
        (tmp_path / "spec.yaml").write_text(text)
        read_spec(tmp_path / "spec.yaml")


def _labelled(label: str) -> str:
    return MINIMAL.replace("random_search,", f"random_search, label: '{label}',")


@pytest.mark.parametrize(("ladder", "write"), [([12, 201], 200), ([4, 13.7], 12), ([1, 199], 12), ([12, 200.001], 200)])
def test_a_budget_that_another_fidelity_would_serve_is_refused(ladder: list[float], write: int) -> None:
    with pytest.raises(ValueError, match=rf"{ladder[1]:.6g} epochs would be served by {write}: .* so write {write}"):
        OptimizerSpec(algorithm="asha", seeds=1, ladder=ladder)


@pytest.mark.parametrize("ladder", [[12, 200], [4 / 3, 4, 12], {"min_epoch": 1, "max_epoch": 12}, [1, 12.0000000001]])
def test_a_budget_below_the_schedule_s_end_may_lie_between_fidelities(ladder: object) -> None:
    assert OptimizerSpec(algorithm="asha", seeds=1, ladder=ladder).fidelity_ladder() is not None


def test_an_epoch_beside_a_ladder_counts_where_a_stage_has_no_ladder_and_is_refused_elsewhere() -> None:
    def spec(**optimizer: object) -> CampaignSpec:
        optimizers = [{"seeds": 1, "ladder": [4, 12], **optimizer}]
        return CampaignSpec.model_validate({"name": "epochs", "budget_s": 1, "optimizers": optimizers})

    with pytest.raises(ValueError, match="'asha' searches at the epochs of its ladder, not at epoch 200"):
        spec(algorithm="asha", epoch=200)
    (plan,) = plan_runs(spec(algorithm="bohb_then_rea", epoch=200, settings={"n_iterations": 1}))
    records = simulate(make_planned_optimizer(plan), open_benchmark(), budget_s=20_000).records
    assert {record.epoch for record in records} == {4, 12, 200}


def test_a_cellcode_is_written_as_on_the_command_line(tmp_path: Path) -> None:
    spec = read_spec(write(tmp_path, MINIMAL + "restriction: {cellcode: '010210'}\n"))
    assert spec.restriction.subspace == Subspace(cellcode="0|10|210")


def test_a_home_directory_is_written_as_in_a_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert read_spec(write(tmp_path, MINIMAL + "table: ~/table\n")).table == "/home/me/table"
    assert read_spec(write(tmp_path, MINIMAL + "table: here\n")).table == str(tmp_path / "here")


def test_seeds_may_be_counted_anew() -> None:
    spec = read_spec("quickstart").with_seeds(3)
    assert [each.seed_list for each in spec.optimizers] == [(0, 1, 2)] * len(spec.optimizers)
    assert spec.with_seeds(3) == spec
    with pytest.raises(CampaignError, match=r"seeds: should be less than or equal to 200000 \(got 200001\)"):
        spec.with_seeds(200_001)


def test_the_samplers_that_are_hinted_at_are_optunas() -> None:
    assert set(registry._OPTUNA_SAMPLERS) == set(SAMPLERS)


@pytest.mark.parametrize("make", ["pipe", "/dev/zero"])
def test_what_is_no_regular_file_is_not_waited_for(tmp_path: Path, make: str) -> None:
    path = tmp_path / "spec.yaml"
    os.mkfifo(path) if make == "pipe" else path.symlink_to(make)
    with pytest.raises(CampaignError, match="not a regular file"):
        read_spec(path)


def test_what_is_no_specification_is_named_first() -> None:
    with pytest.raises(CampaignError, match=r"^spec\.yaml is not a campaign specification: .*budget_s"):
        checked_spec({"name": "c", "budget_s": -1, "optimizers": []}, "spec.yaml")
