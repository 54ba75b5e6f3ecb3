"""The folder of a sweep."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from omegaconf import DictConfig

from seqlab.errors import ConfigError, RunError
from seqlab.sweep.folder import claimed, resolve_folder


def sweep_in(folder):
    return DictConfig({"hydra": {"sweep": {"dir": str(folder)}, "overrides": {"hydra": []}}})


def record(source):
    return yaml.safe_dump({"hydra": {"runtime": {"config_sources": [{"path": source, "provider": "main"}]}}})


@pytest.mark.parametrize("way", ["sw", "./sw/", "link/../sw", "there/../sw", "link/sw", "~/sw", "gone/sw"])
def test_the_folder_is_resolved_once_for_the_sweep_and_its_jobs(tmp_path, monkeypatch, way):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "link").symlink_to(".")
    (tmp_path / "gone").symlink_to("later")
    config = sweep_in(way)
    resolve_folder(config)
    expected = (tmp_path / ("later/sw" if way == "gone/sw" else "sw")).resolve()
    if way != "link/../sw":  # the folder above what the link leads to
        assert config.hydra.sweep.dir == str(expected)
    assert config.hydra.overrides.hydra == [f"hydra.sweep.dir='{config.hydra.sweep.dir}'"]
    assert not Path(config.hydra.sweep.dir).exists()


@pytest.mark.parametrize("name", ["sweep.yaml", "multirun.yaml"])
def test_a_sweep_of_seqlab_is_gone_on_with(tmp_path, name):
    (tmp_path / name).write_text(record("seqlab.conf"))
    (tmp_path / "notes.txt").touch()
    resolve_folder(sweep_in(tmp_path))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("thesis.tex", "mine"),
        (".git", "gitdir: elsewhere"),
        ("run.json", '{"status": "done", "format": 1}'),
        ("multirun.yaml", record("another.conf")),
        ("multirun.yaml", "hydra: 3"),
        ("multirun.yaml", ""),
        (".sweep.lock", "mine"),
    ],
)
def test_a_folder_that_holds_something_else_is_refused(tmp_path, name, content):
    (tmp_path / name).write_text(content)
    with pytest.raises(ConfigError, match=rf"contains '{name}' and is not a sweep of seqlab; set it to"):
        resolve_folder(sweep_in(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == content


@pytest.mark.parametrize(
    ("make", "line"), [("file", "Not a directory"), ("circle", "not a valid path|symbolic links")]
)
def test_what_is_no_folder_is_refused(tmp_path, make, line):
    place = tmp_path / "sw"
    if make == "file":
        place.touch()
    else:
        place.symlink_to("sw")
    with pytest.raises((ConfigError, RunError), match=line):
        resolve_folder(sweep_in(place))


def test_a_second_sweep_is_kept_out_until_the_first_has_ended(tmp_path):
    code = "from seqlab.sweep.folder import claimed; from pathlib import Path; import sys\n"
    call = [sys.executable, "-c", f"{code}with claimed(Path(sys.argv[1])): pass", str(tmp_path / "sw")]
    with claimed(tmp_path / "sw"):
        other = subprocess.run(call, capture_output=True, text=True, check=False)
        assert f"a sweep is running in {tmp_path / 'sw'}; wait until it ends" in other.stderr
    assert subprocess.run(call, check=False).returncode == 0
    resolve_folder(sweep_in(tmp_path / "sw"))  # what it has left is nobody's


def test_a_folder_that_cannot_be_made_is_a_line(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="cannot write to"), claimed(tmp_path / "file/sw"):
        pass
