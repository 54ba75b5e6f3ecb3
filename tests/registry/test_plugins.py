"""Modules of the user's own: where they are looked for, and what is said of those that cannot be imported."""

import subprocess
import sys
from pathlib import Path

import pytest

from seqlab.errors import ConfigError
from seqlab.registry import plugins


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_without_a_name_nothing_is_looked_for_in_the_working_folder():
    before = sys.path[:]
    plugins.load([])
    assert sys.path == before


def test_the_working_folder_comes_last():
    Path("plugin_of_mine.py").touch()
    plugins.load("plugin_of_mine")
    assert sys.path[-1] == str(Path.cwd())
    del sys.modules["plugin_of_mine"]


def test_a_file_is_named_without_its_ending():
    Path("plugin_of_mine.py").touch()
    with pytest.raises(ConfigError, match=r"imports=plugin_of_mine\.py: name the module, plugin_of_mine$"):
        plugins.load("plugin_of_mine.py")


@pytest.mark.parametrize("name", ["code", "json", "sys", "rich"])
@pytest.mark.parametrize("form", ["{}.py", "{}/__init__.py"])
def test_a_module_with_the_name_of_an_installed_one_is_refused(name, form):
    file = Path(form.format(name))
    file.parent.mkdir(exist_ok=True)
    file.touch()
    with pytest.raises(
        ConfigError, match=f"imports={name}: .* has the name of an installed module, which comes"
    ):
        plugins.load([name])


def test_a_python_that_is_started_does_not_look_in_its_working_folder(monkeypatch):
    Path("fractions.py").write_text("print('executed')")
    command = [sys.executable, "-c", "import fractions"]
    monkeypatch.setenv("PYTHONSAFEPATH", "")
    assert subprocess.run(command, capture_output=True, check=True).stdout == b"executed\n"
    plugins.isolate_children()
    assert subprocess.run(command, capture_output=True, check=True).stdout == b""


@pytest.mark.parametrize("name", ["missing_of_mine", "missing_of_mine.cells"])
def test_a_module_that_is_missing_is_said_to_be_missing(name):
    with pytest.raises(ConfigError, match=f"imports={name}: there is no such module in"):
        plugins.load([name])


@pytest.mark.parametrize("record", ["run.json", "sweep.yaml", "multirun.yaml"])
def test_nothing_is_imported_from_the_folder_of_a_run_or_sweep(record):
    Path(record).touch()
    Path("plugin_beside_it.py").write_text("raise SystemExit('executed')")
    with pytest.raises(ConfigError, match=r"there is no such module .* nothing is imported from the folder"):
        plugins.load(["plugin_beside_it"])
