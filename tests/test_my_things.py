"""docs/my_things.py: one file in an empty folder, every kind of thing of one's own, in one command."""

import json
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).parents[1]
THINGS = (ROOT / "docs/my_things.py").read_text()
PAGE = (ROOT / "docs/extending.md").read_text()
SMALL = (
    *("data.numbers=120", "data.batch_size=8", "trainer.max_epochs=2", "trainer.log_every_n_steps=1"),
    *("checkpoint.every_steps=3", "trainer.accelerator=cpu", "paths.output_dir=out", "verbosity=quiet"),
)


@pytest.fixture
def arguments(tmp_path, monkeypatch):
    """The arguments of the page's command, in a folder with nothing but the file."""
    monkeypatch.delenv("SEQLAB_DATA_DIR", raising=False)
    monkeypatch.chdir(tmp_path)
    Path("my_things.py").write_text(THINGS)
    (command,) = (block for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) if "data=bits" in block)
    program, name, *found = shlex.split(command.replace("\\\n", " "))
    assert (program, name) == ("seqlab", "train")
    return [*found, *SMALL]


def kill_after_step(step: int, command: list[str]) -> None:
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        while process.poll() is None:
            if any(f'"step": {step},' in file.read_text() for file in Path("out").rglob("metrics.jsonl")):
                process.kill()
            time.sleep(0.001)
        assert process.returncode == -signal.SIGKILL, process.stderr.read()


def learned(run: Path) -> dict[str, object]:
    last = torch.load(run / "checkpoints/last.ckpt", weights_only=True)
    found = {name: last[name] for name in ("state_dict", "optimizer_states", "global_step")}
    return found | {"counter": last["callbacks"]["Counter"]}


@pytest.mark.parametrize("name", ["bounded", "focal"])
def test_the_page_shows_parts_of_the_file(name):
    (shown,) = (part for part in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL) if f'("{name}")' in part)
    assert shown in THINGS
    assert len(shown.splitlines()) <= 30


@pytest.mark.slow
def test_the_task_is_trained_by_itself(tmp_path, train):
    (line,) = re.findall(r"^seqlab train (.*data=names.*)$", PAGE, re.MULTILINE)
    Path("my_things.py").write_text(THINGS)
    quick = ("data.source=sample", "trainer.max_epochs=1", "trainer.limit_train_batches=2", "callbacks=none")
    assert train(*shlex.split(line), *quick, "verbosity=quiet") == 0
    (record,) = (json.loads(path.read_text()) for path in Path("out").rglob("run.json"))
    assert record["task"]["monitor"] == "val/worst_recall"
    assert record["score"] == record["metrics"]["val/worst_recall"]


@pytest.mark.slow
@pytest.mark.usefixtures("shipped_kernels")  # the killed process has them
def test_everything_of_ones_own_is_trained_killed_resumed_and_used(arguments, command):
    kill_after_step(9, [sys.executable, "-m", "seqlab", "train", *arguments, "name=killed"])
    (killed,) = Path("out/killed").iterdir()
    assert json.loads((killed / "run.json").read_text())["status"] != "done"
    assert command("train", f"resume={killed}", "imports=[my_things]")[0] == 0
    assert command("train", *arguments, "name=whole")[0] == 0
    (whole,) = Path("out/whole").iterdir()
    torch.testing.assert_close(learned(killed), learned(whole), rtol=0, atol=0)
    assert learned(whole)["counter"] == {"batches": 24}
    assert (killed / "metrics.jsonl").read_text() == (whole / "metrics.jsonl").read_text()

    record = json.loads((whole / "run.json").read_text())
    assert record["score"] == record["metrics"]["val/kappa"]
    assert record["baselines"]["coin"] == {"test/accuracy": 0.5}
    assert list(whole.rglob("metrics.csv"))

    asked = ("--imports", "my_things")
    code, shown, _ = command("eval", whole, *asked)
    assert code == 0
    assert f"test/kappa               {record['metrics']['test/kappa']:.4f}" in shown
    code, expected, _ = command("predict", whole, "10110", "1", *asked, "--json")
    assert code == 0
    code, shown, _ = command("explain", whole, "10110", *asked)
    assert (code, "<end>" in shown) == (0, True)
    code, shown, _ = command("report", "out")
    assert (code, "worst recall" in shown, "coin" in shown) == (0, True, True)
    assert command("export", whole, *asked, "--to", "onnx", "--out", "bits.onnx")[0] == 0
    code, shown, _ = command("predict", "bits.onnx", "10110", "1", *asked, "--json")
    assert code == 0
    for found, known in zip(json.loads(shown), json.loads(expected), strict=True):
        assert found["probabilities"] == pytest.approx(known["probabilities"], abs=1e-6)


@pytest.mark.parametrize(
    ("mistake", "said"),
    [
        ("model.encoder_options.widht=4", "encoder 'bounded' has no setting 'widht'; did you mean 'width'"),
        ("model.encoder=bonded", "did you mean 'bounded'"),
        ("task.gamma=many", "task.gamma must be a valid number, got 'many'"),
        ("data.numbers=many", "data.numbers must be a valid integer, got 'many'"),
    ],
)
def test_a_mistake_in_a_setting_of_ones_own_is_answered(arguments, command, mistake, said):
    code, _, complaint = command("train", *arguments, mistake)
    assert code == 2
    assert said in complaint
