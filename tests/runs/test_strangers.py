"""Whatever a command is told to do where somebody else's files lie: all of them are there afterwards."""

import hashlib
import shutil
from pathlib import Path

import pytest
import yaml

STRANGERS = {
    "0/photos/a.jpg": "\xff\xd8 a photo",
    "0.log": "a diary",
    "1/metrics.jsonl": "{}",
    "docs/thesis.tex": r"\documentclass{article}",
    "docs/table.csv": "a,question,run,cell",
    "docs/page.html": "<title>my seqlab report</title>",
    "docs/net.onnx": "\x12\x06seqlab, a diary",
    "docs/weights.safetensors": '{"seqlab.layers.0.W": {}}',
    "docs/other.json": '{"seqlab": "0.1.0"}',
    "docs/figure.png": "\x89PNG a picture of seqlab in use",
    ".git/HEAD": "ref: refs/heads/main",
    ".lock": "pid 7",
    ".hidden.draft-notes": "mine",
    "run.json": '{"status": "ok"}',
    "multirun.yaml": "hydra: {runtime: {config_sources: [{path: another.conf, provider: main}]}}",
    "search.db": "mine",
    "best.yaml": "mine: true",
    "checkpoints/best.ckpt": "mine",
    "checkpoints/best.safetensors": "mine",
    "checkpoints/best.json": "{}",
}
"""What lies in the stranger's folder: names of files that seqlab writes, and files that speak of seqlab."""

QUICK = ("trainer.accelerator=cpu", "data.source=sample", "trainer.max_epochs=1", "verbosity=quiet")
SWEEP = ("train", "-m", "seed=0,1", *QUICK)
SPACE = ("sweep=optuna", "sweep.n_trials=2", "optimizer.lr=interval(1e-4,1e-2)")

REFUSED = {
    "sweep": [*SWEEP, "hydra.sweep.dir=strange"],
    "sweep, its jobs in the same folder": [*SWEEP, "hydra.sweep.dir=strange", "hydra.sweep.subdir=."],
    "sweep, a folder of a stranger's": [*SWEEP, "hydra.sweep.dir=strange/docs"],
    "sweep, a file": [*SWEEP, "hydra.sweep.dir=strange/docs/thesis.tex"],
    "sweep below a file": [*SWEEP, "hydra.sweep.dir=strange/docs/thesis.tex/sweep"],
    "sweep, with a slash": [*SWEEP, "hydra.sweep.dir=strange/"],
    "sweep, through a link": [*SWEEP, "hydra.sweep.dir=link"],
    "sweep, through a folder above": [*SWEEP, "hydra.sweep.dir=out/../strange"],
    "sweep, at home": [*SWEEP, "hydra.sweep.dir='~/strange'"],
    "sweep, jobs elsewhere": [*SWEEP, "hydra.sweep.dir=new", "hydra.sweep.subdir=../strange/${seed}"],
    "sweep, jobs in one place": [*SWEEP, "hydra.sweep.dir=new", "hydra.sweep.subdir=same"],
    "sweep in a run": [*SWEEP, "hydra.sweep.dir=out/damaged"],
    "one after the other": [*SWEEP, "launcher=basic", "hydra.sweep.dir=strange"],
    "one after the other, elsewhere": [
        *SWEEP,
        "launcher=basic",
        "hydra.sweep.dir=new",
        "hydra.sweep.subdir=..",
    ],
    "one after the other, in one place": [*SWEEP, "launcher=basic", "hydra.sweep.subdir=${model.cell}"],
    "one after the other, in a run": [*SWEEP, "launcher=basic", "hydra.sweep.dir=out/damaged"],
    "slurm": [*SWEEP, "launcher=slurm", "hydra.sweep.dir=strange"],
    "ray": [*SWEEP, "launcher=ray", "hydra.sweep.dir=strange"],
    "search": ["train", "-m", *SPACE, *QUICK, "hydra.sweep.dir=strange"],
    "search in a file": ["train", "-m", *SPACE, *QUICK, "hydra.sweep.dir=strange/best.yaml"],
    "sweep resume": ["sweep", "resume", "strange"],
    "sweep resume, through a link": ["sweep", "resume", "link"],
    "begun sweep, a job's folder": [*SWEEP, "hydra.sweep.dir=mixed", "hydra.sweep.subdir=folder_${seed}"],
    "begun sweep, a job's output": [*SWEEP, "hydra.sweep.dir=mixed", "hydra.sweep.subdir=output_${seed}"],
    "begun sweep, one after the other": [
        *(*SWEEP, "launcher=basic", "hydra.sweep.dir=mixed", "hydra.sweep.subdir=folder_${seed}"),
    ],
    "search for what has a name": ["train", "-m", *SPACE, *QUICK, "hydra.sweep.dir=mixed"],
    "resume": ["train", "resume=strange", *QUICK],
    "resume, through a link": ["train", "resume=link", *QUICK],
    "runs in a file": ["train", "paths.output_dir=strange/docs/thesis.tex", *QUICK],
    "a run called like a file": ["train", "paths.output_dir=strange", "name=docs/thesis.tex", *QUICK],
    "eval": ["eval", "strange"],
    "predict": ["predict", "strange", "Satoshi"],
    "predict from a file": ["predict", "strange/docs/net.onnx", "Satoshi"],
    "explain": ["explain", "strange", "Satoshi"],
    "explain to": ["explain", "out/damaged", "Satoshi", "--out", "strange/docs/figure.png"],
    "export": ["export", "strange", "--to", "onnx"],
    "export to onnx": ["export", "out/damaged", "--to", "onnx", "--out", "strange/docs/net.onnx"],
    "export to safetensors": [
        *("export", "out/damaged", "--to", "safetensors", "--out", "strange/docs/weights.safetensors"),
    ],
    "export, its other file": [
        *("export", "out/damaged", "--to", "safetensors", "--out", "strange/docs/other.safetensors"),
    ],
    "export, through a link": ["export", "out/damaged", "--to", "onnx", "--out", "link/docs/net.onnx"],
    "report to csv": ["report", "out", "--csv", "strange/docs/thesis.tex"],
    "report to csv, of others": ["report", "out", "--csv", "strange/docs/table.csv"],
    "report to html": ["report", "out", "--html", "strange/docs/page.html"],
    "report to csv through a link": ["report", "out", "--csv", "thesis.csv"],
}
"""What is refused, each before anything is written."""

ALLOWED = {
    "report to csv": (["report", "out", "--csv", "strange/docs/runs.csv"], {"docs/runs.csv"}),
    "report to html": (["report", "out", "--html", "strange/docs/runs.html"], {"docs/runs.html"}),
    "explain": (["explain", "out/damaged", "Satoshi", "--out", "strange/a.png"], {"a.png"}),
    "onnx": (["export", "out/damaged", "--to", "onnx", "--out", "strange/a.onnx"], {"a.onnx"}),
    "safetensors": (
        ["export", "out/damaged", "--to", "safetensors", "--out", "strange/a.safetensors"],
        {"a.safetensors", "a.json"},
    ),
}
"""What writes a new file among strangers' files, and which; and over that one again."""


@pytest.fixture
def folder(run, tmp_path, monkeypatch):
    """Return the folder of a stranger, beside a run in out/damaged, and a begun sweep that has both."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name, content in STRANGERS.items():
        file = tmp_path / "strange" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    Path("link").symlink_to("strange")
    Path("thesis.csv").symlink_to("strange/docs/thesis.tex")
    mixed = tmp_path / "mixed"
    shutil.copytree("strange/0", mixed / "folder_1")
    shutil.copy("strange/0.log", mixed / "output_1.log")
    (mixed / "best.yaml").write_text("mine: true")
    sources = [{"path": "seqlab.conf", "provider": "main"}]
    (mixed / "sweep.yaml").write_text(yaml.safe_dump({"hydra": {"runtime": {"config_sources": sources}}}))
    return tmp_path


def listing(folder):
    """Return the hash of every file below a folder, without Hydra's record of whatever was tried last."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        if path.is_file()
        else None
        for path in folder.rglob("*")
    }


@pytest.mark.product(7)
@pytest.mark.parametrize("case", REFUSED)
def test_a_command_that_would_write_among_strangers_files_is_refused(folder, command, case):
    before = {place: listing(folder / place) for place in ("strange", "out", "mixed")}
    code, _, lines = command(*REFUSED[case])
    assert code == 2, lines
    assert 1 <= len(lines) <= 3
    after = {place: listing(folder / place) for place in before}
    new = {"multirun.yaml", ".sweep.lock"}  # in a sweep that is seqlab's, whose next command was refused
    assert {name: digest for name, digest in after["mixed"].items() if name not in new} == before["mixed"]
    assert (after["strange"], after["out"]) == (before["strange"], before["out"])
    assert not [path for path in (folder / "new").glob("*") if path.name not in new]


@pytest.mark.product(5)
@pytest.mark.parametrize("case", ALLOWED)
def test_a_new_file_is_written_and_seqlabs_own_is_replaced(folder, command, case):
    arguments, written = ALLOWED[case]
    before = listing(folder / "strange")
    for _ in range(2):
        code, _, lines = command(*arguments)
        assert (code, lines) == (0, [])
        after = listing(folder / "strange")
        assert set(after) - set(before) == written
        assert {name: after[name] for name in before} == before


def test_runs_go_among_strangers_files_into_folders_of_their_own(folder, command):
    settings = ["trainer.limit_train_batches=1", "model.hidden_size=4", "task.baselines=false", "logger=none"]
    before = listing(folder / "strange")
    for name in ("docs", "strange/../docs"):
        code, _, lines = command(
            *("train", "paths.output_dir=link", f"name={name}", "callbacks.figures=false", *QUICK, *settings)
        )
        assert code == 0, lines
    after = listing(folder / "strange")
    assert {name: after[name] for name in before} == before
    assert len([name for name in after if Path(name).match("docs/*/run.json")]) == 2
