"""A run to damage, and the commands that read one."""

import contextlib
import io
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from seqlab import cli
from seqlab.runs.checkpoint.files import Checkpoints

READERS: dict[str, Callable[[Path], list[str]]] = {
    "eval": lambda run: ["eval", str(run)],
    "predict": lambda run: ["predict", str(run), "Satoshi"],
    "resume": lambda run: ["train", f"resume={run}", "trainer.max_epochs=2"],
}
"""What reads a checkpoint, by name: the command line for a run."""

SETTINGS = ("trainer.max_epochs=1", "trainer.limit_train_batches=2", "model.hidden_size=8", "logger=none")


@pytest.fixture(scope="session")
def sound_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small run of the built-in names, which no test may change."""
    folder = tmp_path_factory.mktemp("sound")
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(io.StringIO()):
        patch.delenv("SEQLAB_DATA_DIR", raising=False)
        patch.setattr(sys, "argv", ["train.py"])
        settings = [*SETTINGS, "task.baselines=false", "callbacks.figures=false", "verbosity=quiet"]
        assert cli.train([*settings, "trainer.accelerator=cpu", f"paths.output_dir={folder}"]) == 0
    (record,) = folder.rglob("run.json")
    return record.parent


@pytest.fixture
def run(sound_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of the sound run, in the working folder, for a test to damage."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SEQLAB_DATA_DIR", raising=False)
    return Path(shutil.copytree(sound_run, "out/damaged"))


@pytest.fixture
def as_earlier() -> Callable[[Path], Path]:
    """Return what leaves a run as earlier versions did: with best.ckpt, a checkpoint as last.ckpt is."""

    def change(run: Path) -> Path:
        folder = run / "checkpoints"
        last = torch.load(folder / "last.ckpt", weights_only=True)
        (best,) = (state for state in last["callbacks"].values() if "best_model_path" in state)
        path = "/elsewhere/checkpoints/best.ckpt"
        best |= {"best_model_path": path, "kth_best_model_path": path}
        best["best_k_models"] = {path: best["best_model_score"]}
        Checkpoints().save_checkpoint(last, folder / "last.ckpt")
        shutil.copy(folder / "last.ckpt", folder / "best.ckpt")
        for suffix in ("safetensors", "json"):
            (folder / f"best.{suffix}").unlink()
        return run

    return change


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., tuple]:
    """Return the installed command: its exit code, what it printed, the lines of complaint."""

    def call(*arguments: str) -> tuple[int, str, list[str]]:
        monkeypatch.setattr(sys, "argv", ["seqlab", *arguments])
        capfd.readouterr()
        code = cli.main()
        shown = capfd.readouterr()
        assert "Traceback" not in shown.err + shown.out
        return code, shown.out, shown.err.splitlines()

    return call


@pytest.fixture(params=READERS)
def reading(request: pytest.FixtureRequest) -> Callable[[Path], list[str]]:
    """Return each of what reads a checkpoint."""
    return READERS[request.param]
