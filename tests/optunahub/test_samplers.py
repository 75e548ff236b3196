"""The script that tries OptunaHub's samplers, on a registry of three."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.core_fixtures import needs

pytestmark = needs("optunahub")
SCRIPT = Path(__file__).parents[2] / "benchmarks" / "optunahub" / "samplers.py"

SAMPLERS = {
    "drawing": "from optuna.samplers import RandomSampler\n__all__ = ['RandomSampler']\n",
    "numbers": """
from optuna.distributions import CategoricalDistribution
from optuna.samplers import RandomSampler

class NumbersAlone(RandomSampler):
    def sample_relative(self, study, trial, search_space):
        return {name: each.low for name, each in self.space.items()}

    def infer_relative_search_space(self, study, trial):
        return self.space

    def __init__(self, search_space, seed=None):
        super().__init__(seed)
        if any(isinstance(each, CategoricalDistribution) for each in search_space.values()):
            raise NotImplementedError("no | categoricals")
        self.space = search_space

__all__ = ["NumbersAlone"]
""",
    "elsewhere": "import a_package_that_nobody_has\n",
}


def test_each_sampler_is_run_under_each_encoding_once(tmp_path: Path) -> None:
    for name, code in SAMPLERS.items():
        package = tmp_path / "package" / "samplers" / name
        package.mkdir(parents=True)
        (package / "__init__.py").write_text(code)
    out = tmp_path / "samplers.jsonl"
    command = [sys.executable, str(SCRIPT), str(tmp_path), "--out", str(out)]
    for _ in range(2):  # the second time there is nothing left
        subprocess.run([*command, "--only", "numbers", "elsewhere"], check=True)
    assert len(out.read_text().splitlines()) == 5
    subprocess.run(command, check=True)
    assert len({(line["sampler"], line["encoding"]) for line in map(json.loads, out.read_text().splitlines())}) == 9
    done = subprocess.run([*command, "--table"], check=True, capture_output=True, text=True)
    drawing, elsewhere, numbers = done.stdout.splitlines()[2:]
    assert drawing == "| drawing |" + " runs, 8 of 8 one by one |" * 4 + "  |"
    missing = "not made: ModuleNotFoundError: No module named 'a_package_that_nobody_has'"
    assert elsewhere == f"| elsewhere | – | – | – | – | {missing} |"
    assert numbers == "| numbers | – | – | runs | runs | NotImplementedError: no / categoricals |"
