"""Small campaigns, as specifications and as commands, and what is in their directories."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Protocol

from nhb2_plugins.campaign.spec import CampaignSpec
from tests.support.command_line import Outcome

WALL_CLOCK_FIELDS = {"overhead_s", "wall_s"}
FEW = {"algorithm": "random_search", "seeds": 3}


def campaign(**changes: Any) -> CampaignSpec:
    content = {
        "name": "small",
        "budget_s": 3000,
        "optimizers": [
            {"algorithm": "random_search", "seeds": 3},
            {"algorithm": "regularized_evolution", "seeds": 2},
            {"algorithm": "bohb", "ladder": {"min_epoch": 1, "max_epoch": 12, "eta": 3}, "seeds": 2},
            {"algorithm": "optuna", "settings": {"sampler": "tpe"}, "seeds": 2},
        ],
    }
    return CampaignSpec.model_validate({**content, **changes})


def contents(directory: Path) -> dict[str, list[dict[str, Any]]]:
    """Every run's lines without their wall-clock fields, by the run's path."""
    return {
        str(path.relative_to(directory)): [
            {key: value for key, value in json.loads(line).items() if key not in WALL_CLOCK_FIELDS}
            for line in path.read_text().splitlines()
        ]
        for path in sorted(directory.glob("runs/*/*.jsonl"))
    }


def told(directory: Path, *options: str, **changes: Any) -> list[str]:
    spec = directory / "spec.yaml"
    spec.write_text(json.dumps({"name": "stopped", "budget_s": 3000, "optimizers": [FEW], **changes}))
    return ["run", str(spec), "--out", str(directory / "out"), *options]


class Run(Protocol):
    """``nhb2 run`` with options, and changes of the specification."""

    def __call__(self, directory: Path, *options: str, **changes: Any) -> Outcome: ...


def files(directory: Path) -> list[Path]:
    return sorted((directory / "out" / "runs").glob("*/seed-*.jsonl"))
