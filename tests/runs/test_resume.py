"""resume=RUN and resume=auto: with which settings a run goes on, and which it refuses."""

import json
import os
import shutil
from pathlib import Path

import pytest
import torch
import yaml
from filelock import FileLock

from seqlab.runs.load import read_config
from seqlab.runs.resume import start_of


class Killed(BaseException):
    """What ends a run while it begins: no code of a run looks for it."""


TINY = (
    *("trainer.limit_train_batches=4", "trainer.limit_val_batches=1", "trainer.limit_test_batches=1"),
    *("trainer.log_every_n_steps=1", "model.hidden_size=4", "task.baselines=false"),
    *("callbacks.figures=false", "logger=none", "verbosity=quiet"),
)


def change(file: Path, **values) -> None:
    is_yaml = file.suffix == ".yaml"
    found = yaml.safe_load(file.read_text())
    for key, value in values.items():
        section, _, name = key.rpartition("__")
        (found[section] if section else found)[name] = value
    file.write_text(yaml.safe_dump(found) if is_yaml else json.dumps(found))


def record_of(run: Path) -> dict:
    return json.loads((run / "run.json").read_text())


def test_a_run_goes_on_with_its_own_settings_and_engine(run, command):
    change(run / "run.json", engine="reference", status="interrupted")
    settings = (run / "config.yaml").read_text()
    code, _, complaint = command("train", f"resume={run}", "model.hidden_size=8", "seed=0")
    assert code == 0, complaint
    assert (run / "config.yaml").read_text() == settings
    record = record_of(run)
    assert (record["status"], record["engine"], record["cell"]) == ("done", "reference", "lstm")
    assert len(list(Path("out").rglob("run.json"))) == 1


@pytest.mark.product(3)
@pytest.mark.parametrize(
    ("override", "line"),
    [
        ("model=gru", "model.cell is 'lstm' in {run} and cannot become 'gru'"),
        ("model.hidden_size=9", "model.hidden_size is 8 in {run} and cannot become 9"),
        ("optimizer.lr=0.5", "optimizer.lr is 0.004 in {run} and cannot become 0.5"),
        ("seed=3", "seed is 0 in {run} and cannot become 3"),
        ("data.batch_size=4", "data.batch_size is 64 in {run} and cannot become 4"),
        ("engine=reference", "engine is 'auto' in {run} and cannot become 'reference'"),
        (
            "trainer.max_epochs=4",
            "trainer.max_epochs=4 is less than the 5 of {run}; a run can only become longer",
        ),
        (
            "trainer.max_steps=8",
            "trainer.max_steps=8 is less than the 9 of {run}; a run can only become longer",
        ),
    ],
)
def test_a_setting_that_would_make_another_run_of_it_is_refused(run, command, override, line):
    change(run / "config.yaml", trainer__max_epochs=5, trainer__max_steps=9)
    before = (run / "run.json").read_bytes(), (run / "checkpoints/last.ckpt").read_bytes()
    code, shown, complaint = command("train", f"resume={run}", override)
    assert (code, shown) == (2, "")
    assert f"seqlab: {line.format(run=Path.cwd() / run)}" in complaint
    assert ((run / "run.json").read_bytes(), (run / "checkpoints/last.ckpt").read_bytes()) == before


def test_every_refused_setting_has_its_line(run, command):
    code, _, complaint = command(
        "train", f"resume={run}", "seed=3", "optimizer.lr=0.5", "trainer.max_epochs=2"
    )
    assert code == 2
    assert [line.split()[1] for line in complaint] == ["seed", "optimizer.lr"]


@pytest.mark.product(3)
@pytest.mark.parametrize(
    "settings",
    [
        ["scheduler=none"],
        ["scheduler=plateau", "scheduler.patience=0"],
        ["scheduler=cosine", "scheduler.interval=step"],
        ["scheduler=cosine", "scheduler.interval=epoch"],
        ["scheduler=onecycle"],
    ],
)
def test_a_lengthened_run_has_from_then_on_the_rates_of_the_longer_one(train, settings, capsys):
    assert train(*TINY, *settings, "name=short", "trainer.max_epochs=2") == 0
    (run,) = Path("out/short").iterdir()
    assert train(f"resume={run}", "trainer.max_epochs=4") == 0
    assert train(*TINY, *settings, "name=long", "trainer.max_epochs=4") == 0
    (longer,) = Path("out/long").iterdir()
    rates, expected = (rates_in(folder) for folder in (run, longer))
    assert list(rates) == list(range(16))
    assert [rates[step] for step in range(8, 16)] == pytest.approx([expected[step] for step in range(8, 16)])
    assert record_of(run)["epochs"] == 4
    assert ("set scheduler.epochs when" in capsys.readouterr().err) == (
        settings[0] in ("scheduler=cosine", "scheduler=onecycle")
    )
    assert yaml.safe_load((run / "config.yaml").read_text())["trainer"]["max_epochs"] == 4


def rates_in(run: Path) -> dict[int, float]:
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return {row["step"]: row["step/lr"] for row in rows if "step/lr" in row}


def test_a_run_that_is_done_is_scored_once_more_and_stays_what_it_is(run, command):
    kept = [run / name for name in ("metrics.jsonl", "predictions.csv", "config.yaml")]
    before = [file.read_bytes() for file in kept]
    record = record_of(run)
    assert command("train", f"resume={run}")[0] == 0
    assert [file.read_bytes() for file in kept] == before
    again = record_of(run)
    assert [again[name] for name in ("status", "metrics", "steps", "started")] == [
        record[name] for name in ("status", "metrics", "steps", "started")
    ]


def test_a_run_without_a_checkpoint_begins_anew_in_its_folder(run, command):
    metrics = record_of(run)["metrics"]
    (run / "checkpoints/last.ckpt").unlink()
    change(run / "run.json", status="running", started="2020-01-01T00:00:00+00:00")
    (run / "notes.txt").write_text("a stranger's")
    lines = (run / "metrics.jsonl").read_text().splitlines()
    (run / "metrics.jsonl").write_text("\n".join(line for line in lines if '"epoch": 1' not in line))
    assert command("train", f"resume={run}")[0] == 0
    record = record_of(run)
    assert record["metrics"] == metrics
    assert record["started"] > "2021"
    assert (run / "notes.txt").read_text() == "a stranger's"
    assert len((run / "metrics.jsonl").read_text().splitlines()) == len(lines)


def test_a_finished_run_without_a_checkpoint_stays_what_it_is(run, command):
    (run / "checkpoints/last.ckpt").unlink()
    before = {file: file.read_bytes() for file in run.rglob("*") if file.is_file()}
    code, _, complaint = command("train", f"resume={run}", "trainer.max_epochs=9")
    assert code == 2
    assert complaint[0].endswith("is finished and has no checkpoints/last.ckpt to resume from; train again")
    assert {file: file.read_bytes() for file in run.rglob("*") if file.is_file()} == before


def test_a_run_without_a_last_step_can_only_get_one_that_it_has_not_passed(run, command):
    code, _, complaint = command("train", f"resume={run}", "trainer.max_steps=1")
    assert code == 2
    assert "trainer.max_steps=1 is less than the -1 of" in complaint[0]


def test_a_job_that_slurm_has_requeued_goes_on(train, killed, monkeypatch):
    settings = ("trainer.max_epochs=2", "trainer.limit_train_batches=4", "callbacks=none", "logger=none")
    with killed("on_train_batch_end", 6):
        train(*settings)
    monkeypatch.setenv("SLURM_RESTART_COUNT", "1")
    assert train(*settings) == 0
    (record,) = Path("out").rglob("run.json")
    assert json.loads(record.read_text())["status"] == "done"


def test_there_must_be_a_run(run, command):
    code, _, complaint = command("train", "resume=nowhere")
    assert code == 2
    assert "nowhere is not a run folder: it has no run.json" in complaint[0]
    code, _, complaint = command("train", "resume=out")
    assert code == 2
    assert complaint[0].endswith(f"did you mean {Path.cwd() / run}?")


def test_a_sweep_does_not_go_on_with_one_run(run, command):
    code, _, complaint = command("train", "-m", f"resume={run}", "seed=0,1")
    assert code == 2
    assert complaint == [
        f"seqlab: resume={run} resumes one run; to resume a sweep: seqlab sweep resume FOLDER"
    ]


def test_other_data_are_refused(run, command):
    found = record_of(run)["data"] | {"sha256": "0" * 64}
    change(run / "run.json", data=found)
    code, _, complaint = command("train", f"resume={run}")
    assert code == 2
    line = complaint[-1]
    assert (
        f"differs from the data that {Path.cwd() / run} was trained on; name the same data with data.root"
        in line
    )


def test_other_numbers_of_processes_are_refused(run, command):
    content = torch.load(run / "checkpoints/last.ckpt", weights_only=True)
    content["resume"]["ranks"] *= 2
    torch.save(content, run / "checkpoints/last.ckpt")
    code, _, complaint = command("train", f"resume={run}", "trainer.max_epochs=2")
    assert code == 2
    line = complaint[-1]
    assert line.endswith("was trained by 2 processes, but 1 resume it; use the same number")


class TestAuto:
    """resume=auto."""

    @pytest.fixture
    def copies(self, run):
        """Return four runs of one place with the same settings, from the latest to the oldest."""
        place = Path("out/names-lstm")
        found = [Path(shutil.copytree(run, place / str(age))).absolute() for age in range(4)]
        for age, folder in enumerate(found):
            change(folder / "run.json", status="interrupted")
            os.utime(folder / "run.json", (2e9 - age, 2e9 - age))
        return found

    def start(self, run):
        config = read_config(run)
        changed = {"resume": "auto", "paths": config.paths.model_copy(update={"output_dir": "out"})}
        return start_of(config.model_copy(update=changed), ["seed=0", "resume=auto"])

    def test_it_is_the_latest_unfinished_run(self, run, copies):
        start = self.start(run)
        assert (start.path, start.resume, start.overrides) == (copies[0], True, ["seed=0"])

    def test_runs_that_are_done_damaged_others_or_in_use_are_left_alone(self, run, copies):
        change(copies[0] / "run.json", status="done")
        change(copies[1] / "config.yaml", optimizer__lr=0.5)
        os.utime(copies[1] / "run.json", (2e9, 2e9))
        (copies[2] / "config.yaml").write_text("[")
        assert self.start(run).path == copies[3]
        with FileLock(copies[3] / ".lock"):
            start = self.start(run)
        assert (start.path, start.resume) == (None, False)

    def test_a_run_that_is_to_become_longer_is_found(self, run, copies):
        change(copies[0] / "config.yaml", trainer__max_epochs=1)
        change(run / "config.yaml", trainer__max_epochs=7)
        start = self.start(run)
        assert (start.path, start.config.trainer.max_epochs) == (copies[0], 7)

    @pytest.mark.product(3)
    @pytest.mark.parametrize(
        "place", ["training.fit.save_config", "runs.folder.RunFolder.write", "training.fit.make_module"]
    )
    @pytest.mark.parametrize("again", [False, True])
    def test_killed_while_it_begins_a_run_leaves_nothing_but_the_folder_that_is_used_then(
        self, train, monkeypatch, place, again
    ):
        def die(*_arguments, **_settings):
            raise Killed

        settings = (*TINY, "trainer.max_epochs=1", "resume=auto")
        with monkeypatch.context() as patch:
            # The second time an earlier attempt without a checkpoint is being cleared away.
            for where in ["training.fit.make_module"] * again + [place]:
                patch.setattr(f"seqlab.{where}", die)
                with pytest.raises(Killed):
                    train(*settings)
        (begun,) = Path("out/names-lstm").iterdir()
        assert train(*settings) == 0
        assert list(Path("out/names-lstm").iterdir()) == [begun]
        assert record_of(begun)["status"] == "done"

    def test_without_one_a_new_run_begins_and_the_second_command_goes_on(self, train, happening):
        def full():
            raise MemoryError

        settings = (*TINY, "trainer.max_epochs=2", "checkpoint.every_steps=1", "resume=auto")
        with happening("on_train_batch_end", 3, full):
            assert train(*settings) == 1
        (run,) = Path("out/names-lstm").iterdir()
        assert record_of(run)["status"] == "failed"
        assert train(*settings) == 0
        assert [path.name for path in Path("out/names-lstm").iterdir()] == [run.name]
        assert (record_of(run)["status"], record_of(run)["steps"]) == ("done", 8)
