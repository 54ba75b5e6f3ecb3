"""What people who join read, and what GitHub runs: in step with pyproject.toml."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

import seqlab
from seqlab.data.fetch import Remote
from seqlab.registry.catalog import datasets

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
WORKFLOWS = {path.stem: path.read_text() for path in (ROOT / ".github/workflows").glob("*.yml")}


def test_versions_are_the_same_everywhere():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == PROJECT["version"] == seqlab.__version__
    assert citation["license"] == PROJECT["license"]
    assert f"## {PROJECT['version']} " in (ROOT / "CHANGELOG.md").read_text()


def test_the_tests_run_on_every_python_and_on_both_ends_of_torch():
    matrix = yaml.safe_load(WORKFLOWS["test"])["jobs"]["test"]["strategy"]["matrix"]
    named = [one.rpartition(" ")[2] for one in PROJECT["classifiers"] if ":: 3." in one]
    assert matrix["python"] == named
    assert PROJECT["requires-python"] == f">={named[0]}"
    assert matrix["torch"] == ["lowest", "highest"]
    (torch,) = (one for one in PROJECT["dependencies"] if one.startswith("torch>"))
    lowest, above = re.fullmatch(r"torch>=([\d.]+),<([\d.]+)", torch).groups()
    assert f"torch=={lowest}.*" in WORKFLOWS["test"]
    assert f"torch<{above}" in WORKFLOWS["test"]


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_may_read_and_what_it_names_exists(name):
    workflow = yaml.safe_load(WORKFLOWS[name])
    assert workflow["permissions"] == {"contents": "read"}
    for path in re.findall(r"\b(?:tests|scripts|docs)/[\w./]+", WORKFLOWS[name]):
        assert (ROOT / path).exists(), path
    for job in workflow["jobs"].values():
        assert all({"uses", "run"} & step.keys() for step in job["steps"])


def test_issue_forms_are_what_github_reads():
    for path in (ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml"):
        form = yaml.safe_load(path.read_text())
        if path.stem != "config":
            assert {"name", "description", "body"} <= form.keys()
            assert len({one["id"] for one in form["body"]}) == len(form["body"])


def test_every_download_says_its_licence():
    remotes = {
        module: getattr(__import__(f"seqlab.data.{module}", fromlist=["REMOTE"]), "REMOTE", None)
        for module in ("names", "tiny_shakespeare", "online_shopping_10_cats", "jena_climate", "etth1")
    }
    assert all(isinstance(remote, Remote) and remote.licence != Remote.licence for remote in remotes.values())
    fetched = {name for name in datasets if "url" in datasets[name].model_fields}
    assert fetched == set(remotes)


def test_the_glossary_explains_each_term_once():
    text = (ROOT / "docs/CONTRIBUTING.md").read_text()
    terms = re.findall(r"^\| ([^|]+) \|", text[text.index("## Glossary") :], flags=re.MULTILINE)[1:]
    assert len(terms) == len(set(terms)) > 40
