"""What lies beside a run, or is named in one, is executed by no command, and by none of its processes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
NAMES = (
    *("onnx", "onnxruntime", "yaml", "torch", "select", "multiprocessing", "seqlab", "rjieba", "tqdm"),
    "tokenizers",
)
"""Modules that some command imports, or tries to."""
PAYLOAD = "from pathlib import Path\nPath({!r}).write_text(__name__)\n"


@pytest.fixture
def executed(run: Path, tmp_path: Path) -> Path:
    """Return the file that modules in the run folder, the working folder, write to when they are executed."""
    file = tmp_path / "executed"
    for name in NAMES:
        (run / f"{name}.py").write_text(PAYLOAD.format(str(file)))
    plugin = run / "hydra_plugins/evil.py"
    plugin.parent.mkdir()
    plugin.write_text(PAYLOAD.format(str(file)))
    return file


def name_imports(run: Path, *modules: str) -> None:
    file = run / "config.yaml"
    file.write_text(yaml.safe_dump(yaml.safe_load(file.read_text()) | {"imports": list(modules)}))


def call(command: list[str], cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    environment.pop("PYTHONSAFEPATH", None)
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


READING = [
    ["eval", "."],
    ["predict", ".", "Satoshi"],
    ["explain", ".", "Satoshi"],
    ["export", ".", "--to", "onnx"],
    ["predict", "model.onnx", "Satoshi"],
    ["export", ".", "--to", "safetensors"],
    ["predict", "model.safetensors", "Satoshi"],
    ["report", "."],
    ["cells"],
]
INSTALLED = """
import sys
from seqlab.cli import main
for words in {}:
    sys.argv = ["seqlab", *words]
    if code := main():
        sys.exit(f"{{words}}: {{code}}")
"""
"""The installed command, once after the other."""


@pytest.mark.slow
def test_reading_a_run_from_its_own_folder_executes_nothing_that_lies_there(run, executed, tmp_path):
    script = tmp_path / "bin/seqlab"
    script.parent.mkdir()
    script.write_text(INSTALLED.format(READING))
    done = call([sys.executable, str(script)], cwd=run)
    assert (done.returncode, executed.exists()) == (0, False), done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("sweep", [[], ["-m", "seed=0,1"]], ids=["one run", "a sweep"])
def test_training_executes_nothing_of_its_working_folder(run, executed, sweep):
    settings = ["trainer.max_epochs=1", "trainer.limit_train_batches=1", "model.hidden_size=4", "logger=none"]
    more = ["task.baselines=false", "callbacks.figures=false", "trainer.accelerator=cpu"]
    done = call([sys.executable, str(ROOT / "train.py"), *sweep, *settings, *more], cwd=run)
    assert (done.returncode, executed.exists()) == (0, False), done.stderr


@pytest.mark.slow
def test_as_a_module_or_a_script_beside_them_nothing_is_executed_either(run, executed):
    (run / "seqlab.py").unlink()  # that one, python -m itself would take
    (run / "train.py").write_bytes((ROOT / "train.py").read_bytes())
    done = call([sys.executable, "-m", "seqlab", "predict", ".", "Satoshi"], cwd=run)
    assert (done.returncode, executed.exists()) == (0, False), done.stderr
    done = call([sys.executable, "train.py", "resume=.", "trainer.max_epochs=2"], cwd=run)
    assert (done.returncode, executed.exists()) == (0, False), done.stderr


COMMANDS = {
    "eval": ["eval", "{run}"],
    "predict": ["predict", "{run}", "Satoshi"],
    "explain": ["explain", "{run}", "Satoshi"],
    "export": ["export", "{run}", "--to", "safetensors"],
}


@pytest.mark.product(2)
@pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS)
def test_a_module_that_a_run_names_is_imported_only_if_the_user_names_it_too(run, command, words):
    Path("named_by_run.py").write_text(PAYLOAD.format("executed"))
    name_imports(run, "named_by_run")
    arguments = [word.format(run=run) for word in words]
    code, shown, complaint = command(*arguments)
    assert (code, shown, Path("executed").exists()) == (2, "", False)
    (line,) = complaint
    assert line == (
        f"seqlab: {run}/config.yaml: imports=named_by_run: a run's own modules are executed only if you name "
        "them; if they are yours, add --imports named_by_run, or import it first in Python"
    )
    try:
        assert command(*arguments, "--imports", "named_by_run")[0] == 0
        assert Path("executed").read_text() == "named_by_run"
    finally:
        sys.modules.pop("named_by_run", None)


def test_a_run_that_names_a_module_goes_on_once_the_user_has_named_it_too(run, command):
    Path("named_by_other.py").write_text(PAYLOAD.format("executed"))
    name_imports(run, "named_by_other")
    for resume in (f"resume={run}", f"resume={run.absolute()}"):
        code, shown, (line,) = command("train", resume, "trainer.max_epochs=2")
        assert (code, shown, Path("executed").exists()) == (2, "", False)
        assert line.endswith("if they are yours, add 'imports=[named_by_other]'")
    try:
        code, _, _ = command("train", f"resume={run}", "trainer.max_epochs=2", "imports=[named_by_other]")
        assert code == 0
    finally:
        sys.modules.pop("named_by_other", None)


def test_installed_modules_are_not_imported_by_name_either(run, command, capfd):
    name_imports(run, "this")
    code, shown, (line,) = command("predict", str(run), "Satoshi")
    assert (code, shown, "this" in sys.modules) == (2, "", False)
    assert line.endswith("add --imports this, or import it first in Python")


@pytest.mark.parametrize(
    "name", ["x; touch executed", "$(touch executed)", "\x1b]0;owned\x07", "a.b c", ".", ""]
)
def test_what_is_to_be_typed_can_be_pasted(run, command, name):
    name_imports(run, name)
    code, _, (line,) = command("predict", str(run), "Satoshi")
    assert code == 2
    assert "is not the name of a module" in line
    assert "--imports" not in line
    assert line.isprintable()


def test_a_module_in_the_run_folder_is_not_imported_even_if_it_is_named(run, command, monkeypatch):
    (run / "payload.py").write_text(PAYLOAD.format("executed"))
    monkeypatch.chdir(run)
    code, _, (line,) = command("predict", ".", "Satoshi", "--imports", "payload")
    assert (code, Path("executed").exists()) == (2, False)
    assert line == (
        "seqlab: imports=payload: there is no such module among the installed ones; "
        "nothing is imported from the folder of a run"
    )


CLASSES = {
    "optimizer": {"_target_": "named_by_run.Evil", "lr": "{}"},
    "scheduler": {"name": "named_by_run.Evil"},
    "callbacks": {"evil": {"_target_": "named_by_run.Evil"}, "subprocess": {"_target_": "subprocess.Popen"}},
    "logger": {"evil": {"_target_": "named_by_run.Evil"}, "torch": {"_target_": "torch.hub.load"}},
}
"""Classes that a run names by their paths, as only training uses them."""


@pytest.mark.parametrize("words", [*COMMANDS.values(), ["report", "{run}"]], ids=[*COMMANDS, "report"])
def test_reading_a_run_looks_for_no_class_that_only_training_uses(run, command, words):
    Path("named_by_run.py").write_text(PAYLOAD.format("executed"))
    file = run / "config.yaml"
    file.write_text(yaml.safe_dump(yaml.safe_load(file.read_text()) | CLASSES))
    assert command(*(word.format(run=run) for word in words))[0] == 0
    assert not Path("executed").exists()


@pytest.mark.product(2)
@pytest.mark.parametrize("group", CLASSES)
def test_a_run_goes_on_with_classes_that_it_names_only_if_the_user_names_their_module(run, command, group):
    Path("named_by_run.py").write_text(PAYLOAD.format("executed"))
    file = run / "config.yaml"
    file.write_text(yaml.safe_dump(yaml.safe_load(file.read_text()) | {group: CLASSES[group]}))
    code, shown, (line,) = command("train", f"resume={run}", "trainer.max_epochs=2")
    assert (code, shown, Path("executed").exists()) == (2, "", False)
    assert "imports=named_by_run: a run's own modules are executed only if you name them" in line
