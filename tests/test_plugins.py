"""Modules of the user's own: where they are looked for, and what is said of those that cannot be imported."""

import subprocess
import sys
from pathlib import Path

import pytest

from seqlab import plugins
from seqlab.errors import ConfigError


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
