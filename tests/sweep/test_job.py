"""What a job's folder tells."""

import json
from pathlib import Path

import pytest
from filelock import FileLock
from omegaconf import DictConfig

from seqlab.sweep.job import Job, begun, finished

OVERRIDES = ["model=gru", "seed=1"]


@pytest.fixture
def job(tmp_path):
    (tmp_path / "3").mkdir()
    return Job(3, "seed=1", tuple(OVERRIDES), tmp_path / "3", DictConfig({}))


def write(job, **record):
    (job.folder / "run.json").write_text(json.dumps(record))


def test_done_is_what_the_run_itself_has_written(job):
    assert finished(job.folder, OVERRIDES) is None
    write(job, status="running", overrides=OVERRIDES)
    assert finished(job.folder, OVERRIDES) is None
    write(job, status="done", overrides=OVERRIDES, score=0.5)
    assert finished(job.folder, OVERRIDES)["score"] == 0.5
    assert finished(job.folder, OVERRIDES[::-1]) is not None


@pytest.mark.parametrize("others", [["model=gru"], ["model=gru", "seed=2"], []])
def test_a_run_with_other_overrides_is_not_this_job(job, others):
    write(job, status="done", overrides=others)
    assert finished(job.folder, OVERRIDES) is None


@pytest.mark.parametrize("status", ["running", "interrupted", "failed", "done"])
def test_begun_is_what_has_these_very_settings(job, status):
    assert not begun(job.folder, OVERRIDES)
    write(job, status=status, overrides=[*OVERRIDES, "launcher=basic"])
    assert begun(job.folder, OVERRIDES)
    assert not begun(job.folder, [*OVERRIDES, "optimizer.lr=0.1"])


def test_a_second_attempt_is_not_told_by_what_the_first_has_left(job):
    job.config.update(name="gru", model={"cell": "gru"}, seed=1)
    job.output.write_text("seqlab: the first attempt\n")
    for overrides, steps in ((OVERRIDES, 7), (["model=lstm"], None)):
        write(job, status="failed", error="the first attempt", overrides=overrides, steps=7)
        job.begin()
        job.record_failure("killed by SIGKILL")
        record = job.record()
        assert (record["status"], record["error"]) == ("failed", "killed by SIGKILL")
        assert (record["overrides"], record.get("steps")) == (OVERRIDES, steps)


@pytest.mark.parametrize(("cell", "title"), [("gru", "gru"), (["gru", "lstm"], "gru-lstm")])
def test_a_job_that_a_cluster_has_yet_to_start_has_a_record_only_if_there_was_one(job, cell, title):
    job.config.update(name="gru", model={"cell": cell}, seed=1)
    job.forget_end()
    assert job.record() == {}
    write(job, status="failed", error="the first attempt", overrides=["model=lstm"], steps=7)
    job.forget_end()
    expected = {"overrides": OVERRIDES, "name": "gru", "cell": title, "seed": 1, "status": "running"}
    assert job.record() == expected


def test_the_record_of_a_run_that_goes_on_elsewhere_is_left_to_it(job):
    write(job, status="running", overrides=OVERRIDES, pid=1)
    job.output.touch()
    with FileLock(job.folder / ".lock"):
        job.begin()
        job.record_failure("ended with code 2")
        assert job.output.exists()
    assert job.record() == {"status": "running", "overrides": OVERRIDES, "pid": 1}


def test_the_reason_of_a_failed_job_is_the_error_not_where_to_look(job):
    write(job, status="running", overrides=OVERRIDES)
    job.output.write_text("seqlab: the run failed: OSError: gone\nseqlab: SEQLAB_DEBUG=1 shows where\n")
    job.record_failure("ended with code 1")
    assert job.record()["error"] == "the run failed: OSError: gone"


@pytest.mark.slow
def test_a_job_that_was_cut_off_goes_on_where_it_stands_and_the_next_one_begins(train, happening, killed):
    command = (
        *("-m", "launcher=basic", "seed=0,1", "hydra.sweep.dir=out", "checkpoint.every_steps=1"),
        *("trainer.max_epochs=2", "trainer.limit_train_batches=4", "model.hidden_size=4", "logger=none"),
        *("task.baselines=false", "callbacks.figures=false", "verbosity=quiet"),
    )
    with killed("on_train_batch_start", 5):
        train(*command)
    started = []
    with happening("on_train_start", 5, lambda: started.append("0 at step 5")):
        assert train(*command) == 0
    assert started == ["0 at step 5"]
    records = [json.loads(Path(f"out/{number}/run.json").read_text()) for number in (0, 1)]
    assert [(record["status"], record["seed"], record["steps"]) for record in records] == [
        ("done", 0, 8),
        ("done", 1, 8),
    ]


def test_a_half_written_record_is_none(job):
    (job.folder / "run.json").write_text('{"status": "do')
    assert job.record() == {}
    assert finished(job.folder, OVERRIDES) is None


@pytest.mark.parametrize(
    "content", ['{"overrides": null}', '{"overrides": [1]}', "[" * 100_000, '"overrides"']
)
def test_a_strangers_record_is_not_this_jobs(job, content):
    job.folder.mkdir(parents=True, exist_ok=True)
    (job.folder / "run.json").write_text(content)
    assert begun(job.folder, []) is None


def test_the_last_scores_are_those_of_the_last_whole_line(job):
    assert job.last_metrics() == {}
    lines = ['{"epoch": 0, "val/loss": 2.0}', '{"epoch": 1, "val/loss": 1.0}', '{"step/loss": 0.3}', '{"epo']
    (job.folder / "metrics.jsonl").write_text("\n".join(lines))
    assert job.last_metrics() == {"epoch": 1, "val/loss": 1.0}


def test_the_output_stands_beside_the_folder(job):
    assert job.output == job.folder.parent / "3.log"


def test_a_job_that_died_without_a_word_is_said_to_have_failed(job):
    write(job, status="running", seed=1)
    job.record_failure("killed by SIGKILL")
    assert job.record() == {"status": "failed", "seed": 1, "error": "killed by SIGKILL"}


@pytest.mark.parametrize("status", ["done", "interrupted", "failed"])
def test_the_last_word_of_a_job_is_left_as_it_is(job, status):
    write(job, status=status)
    job.record_failure("killed by SIGKILL")
    assert job.record() == {"status": status}


def test_a_job_that_did_not_come_to_a_record_gets_one_with_what_it_said(job):
    job.config.update(name=None, model={"cell": "gru"}, seed=1)
    job.output.write_text("warning: slow\nseqlab: no such file\nbye\n")
    job.record_failure("ended with code 2")
    expected = {"overrides": OVERRIDES, "name": None, "cell": "gru", "seed": 1, "status": "failed"}
    assert job.record() == expected | {"error": "no such file"}


def test_a_complaint_without_words_is_none(job):
    write(job, status="running", seed=1)
    job.output.write_text("seqlab: \n")
    job.record_failure("ended with code 2")
    assert job.record()["error"] == "ended with code 2"
