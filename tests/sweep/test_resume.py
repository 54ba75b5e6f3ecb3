"""What a sweep's folder tells of the command that began it."""

import sys
from pathlib import Path

import pytest
import yaml

from seqlab.errors import RunError
from seqlab.sweep.resume import command_line


def write(folder, imports=(), **changes):
    hydra = {
        "overrides": {"hydra": ["hydra.sweep.dir=out", "hydra.mode=MULTIRUN"], "task": ["seed=0,1"]},
        "runtime": {"cwd": str(folder), "config_sources": [{"path": "seqlab.conf", "provider": "main"}]},
    }
    (folder / "multirun.yaml").write_text(
        yaml.safe_dump({"hydra": hydra | changes, "imports": list(imports)})
    )


def test_the_command_is_the_one_that_began_the_sweep_with_the_folder_as_it_is_now(tmp_path, monkeypatch):
    monkeypatch.chdir("/")
    write(tmp_path)
    assert command_line(tmp_path) == [
        "-m",
        "seed=0,1",
        "hydra.sweep.dir=out",
        f"hydra.sweep.dir='{tmp_path}'",
    ]
    assert Path.cwd() == tmp_path


def test_a_users_own_settings_are_found_again(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    sources = [{"path": "seqlab.conf", "provider": "main"}, {"path": "/mine", "provider": "command-line"}]
    write(tmp_path, runtime={"cwd": str(tmp_path), "config_sources": sources})
    assert command_line(tmp_path)[:2] == ["-m", "--config-dir=/mine"]


@pytest.mark.parametrize("task", [[], ["imports=[swept_module]"], ["+imports=[],[swept_module]"]])
def test_a_module_that_a_sweep_names_is_imported_only_if_the_user_names_it_too(tmp_path, monkeypatch, task):
    monkeypatch.chdir(tmp_path)  # where the test began
    (tmp_path / "swept_module.py").write_text("open('executed', 'w').close()")
    work = tmp_path / "sweep"
    work.mkdir()
    write(work, ["swept_module"] * (not task), overrides={"hydra": [], "task": task})
    record = work / "multirun.yaml"
    record.write_text(record.read_text().replace(f"cwd: {work}", f"cwd: {tmp_path}"))
    with pytest.raises(
        RunError, match=r"multirun.yaml: imports=swept_module: .* add --imports swept_module$"
    ):
        command_line(work)
    assert not (tmp_path / "executed").exists()
    command_line(work, ["swept_module"])
    assert (tmp_path / "executed").exists()
    del sys.modules["swept_module"]


@pytest.mark.parametrize(
    "text",
    [
        "+hydra.callbacks.mine._target_=mine.Mine",
        "hydra.launcher._target_=mine.Launcher",
        "hydra.job_logging.handlers.console.class=mine.Handler",
        "hydra.searchpath=[file:///elsewhere]",
        "++hydra.sweeper={_target_: mine.Sweeper}",
        "--config-dir=/elsewhere",
    ],
)
@pytest.mark.parametrize("kind", ["hydra", "task"])
def test_a_record_names_no_class_that_hydra_would_make(tmp_path, text, kind):
    write(tmp_path, overrides={"hydra": [], "task": []} | {kind: [text]})
    with pytest.raises(RunError, match="could execute code that somebody else wrote; repeat the command"):
        command_line(tmp_path)


def test_configuration_files_in_the_sweeps_folder_are_refused(tmp_path):
    sources = [{"path": str(tmp_path / "conf"), "provider": "command-line"}]
    write(tmp_path, runtime={"cwd": str(tmp_path), "config_sources": sources})
    with pytest.raises(RunError, match=r"--config-dir=.* could execute"):
        command_line(tmp_path)


def test_files_that_a_record_names_are_looked_for_only_where_the_user_stands(tmp_path, monkeypatch):
    begun, sweep = tmp_path / "theirs", tmp_path / "sweep"
    begun.mkdir()
    sweep.mkdir()
    runtime = {"cwd": str(begun), "config_sources": [{"path": "conf", "provider": "command-line"}]}
    monkeypatch.chdir(tmp_path)
    for imports, named in (
        (["theirs"], {"runtime": runtime | {"config_sources": []}}),
        ([], {"runtime": runtime}),
    ):
        write(sweep, imports, **named)
        with pytest.raises(
            RunError, match=rf"names modules or configuration files; first change to {begun}, if"
        ):
            command_line(sweep, imports)
    monkeypatch.chdir(begun)
    assert command_line(sweep)[1] == f"--config-dir={begun / 'conf'}"


def test_a_command_that_was_refused_is_not_the_sweeps(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path)
    (tmp_path / "multirun.yaml").rename(tmp_path / "sweep.yaml")
    write(tmp_path, overrides={"hydra": [], "task": ["seed=7"]})
    assert "seed=0,1" in command_line(tmp_path)


@pytest.mark.parametrize(
    "content", ["", "a: [", "hydra: 3", "hydra: {overrides: 3}", "hydra: {overrides: {}}"]
)
def test_a_damaged_record_is_refused_in_a_line(tmp_path, content):
    (tmp_path / "multirun.yaml").write_text(content)
    with pytest.raises(RunError, match="repeat the command that started the sweep") as caught:
        command_line(tmp_path)
    assert len(str(caught.value).splitlines()) == 1


def test_a_folder_without_a_sweep_is_refused(tmp_path):
    with pytest.raises(RunError, match="is not the folder of a sweep"):
        command_line(tmp_path)
