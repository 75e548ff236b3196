"""What is said of the package outside its code agrees: version, address, links that a package index shows."""

from __future__ import annotations

import configparser
import re
import tomllib
from pathlib import Path

import pytest
import yaml

import nhb2_plugins

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
REPOSITORY = PROJECT["urls"]["Repository"]
RAW = REPOSITORY.replace("https://github.com", "https://raw.githubusercontent.com")
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_citation_names_this_version_and_the_repository() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == nhb2_plugins.__version__
    assert citation["repository-code"] == REPOSITORY


def test_the_changelog_has_this_version() -> None:
    assert f"\n## [{nhb2_plugins.__version__}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_site_leads_to_the_same_repository() -> None:
    assert f'"{REPOSITORY}"' in (ROOT / "docs" / "site" / "contents.py").read_text(encoding="utf-8")


def test_every_link_of_the_readme_is_absolute() -> None:
    assert [link for link in re.findall(r"\]\(([^)\s]+)", README) if not link.startswith("https://")] == []


@pytest.mark.parametrize("link", re.findall(rf"(?:{REPOSITORY}/(?:blob|tree)|{RAW})/main/([^)\s#]+)", README))
def test_links_of_the_readme_lead_to_what_is_there(link: str) -> None:
    assert (ROOT / link).exists()


def test_addresses_of_the_project_that_name_files_lead_there() -> None:
    for address in PROJECT["urls"].values():
        if f"{REPOSITORY}/blob/main/" in address or f"{REPOSITORY}/tree/main/" in address:
            assert (ROOT / address.split("/main/")[1]).exists(), address


def test_every_environment_of_tox_is_run_by_somebody() -> None:
    tox = configparser.ConfigParser(interpolation=None)
    tox.read(ROOT / "tox.ini")
    by_default = {name.strip() for name in tox["tox"]["env_list"].split(",")}
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    by_the_script = set(re.findall(r'^environments="(.*)"$', script, re.MULTILINE)[0].split())
    declared = {name.removeprefix("testenv:") for name in tox.sections() if name.startswith("testenv:")}
    ran = by_default | by_the_script
    assert ran <= declared
    commands = {name: set(tox[f"testenv:{name}"]["commands"].strip().splitlines()) for name in declared}
    ran_commands = set().union(*(commands[name] for name in ran))
    assert [name for name in declared - ran if not commands[name] <= ran_commands] == []
    contributing = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert [name for name in declared if f"`tox -e {name}`" not in contributing] == []


@pytest.mark.parametrize("path", sorted((ROOT / ".github" / "workflows").glob("*.yml")), ids=lambda path: path.name)
def test_a_workflow_can_be_read_and_runs_actions_that_nobody_can_change(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    jobs = yaml.safe_load(text)["jobs"]
    actions = [step["uses"] for job in jobs.values() for step in job["steps"] if "uses" in step]
    assert actions
    assert [action for action in actions if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action)] == []
    # the version that a commit is of, for its reader
    assert len(re.findall(r"uses: \S+ # v\d+\.\d+\.\d+$", text, re.MULTILINE)) == len(actions)
    assert {need for job in jobs.values() for need in [job.get("needs")] if need} <= set(jobs)
