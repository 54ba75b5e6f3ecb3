"""Searches: with a launcher that only pretends to train, and with real runs."""

import json
import math
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import optuna
import pytest
import yaml
from hydra.core.utils import JobReturn, JobStatus
from omegaconf import OmegaConf
from optuna.trial import TrialState

from seqlab.config import renamed
from seqlab.config.sweep import SearchConfig
from seqlab.errors import ConfigError, SweepError
from seqlab.sweep import study as memory
from seqlab.sweep.search import _Search
from seqlab.sweep.study import is_hopeless, open_study

SPACE = ["model=gru,lstm", "optimizer.lr=tag(log,interval(1e-4,1e-1))", "model.hidden_size=range(4,17,4)"]
RATES = ["optimizer.lr=interval(0.1,0.9)"]  # one setting, which is composed once
REAL = [
    "data.source=sample",
    "debug=default",
    "trainer.detect_anomaly=false",
    "engine=eager",
    "trainer.accelerator=cpu",
    "verbosity=quiet",
    "callbacks.figures=false",
    "logger=none",
    "model.hidden_size=4",
]


class Pretend:
    """A launcher whose runs leave a record at once."""

    def __init__(self, score, folder="out/search"):
        self.score, self.folder = score, Path(folder)
        self.batches = []

    def __call__(self, points, first):
        numbers = range(first, first + len(points))
        self.batches.append(list(numbers))
        for number, point in zip(numbers, points, strict=True):
            self.write(number, point)
        return [JobReturn(status=JobStatus.COMPLETED) for _ in points]

    def write(self, number, point, **record):
        folder = self.folder / str(number)
        folder.mkdir(parents=True)
        found = {"status": "done", "overrides": point, "score": self.score(values(point))} | record
        (folder / "run.json").write_text(json.dumps(found))


def values(point):
    return dict(text.split("=") for text in point)


def closeness(point):
    """Return a score that is best, 0, at a learning rate of 0.003 and a GRU of 8."""
    away = abs(math.log10(float(point["optimizer.lr"])) - math.log10(0.003))
    return -away - (point["model"] != "gru") - abs(int(point["model.hidden_size"]) - 8) / 8


def rate(point):
    return float(point["optimizer.lr"])


@pytest.fixture
def pretend(monkeypatch):
    monkeypatch.setattr("seqlab.sweep.search.check", lambda jobs: [])
    monkeypatch.setattr("seqlab.sweep.best.print_report", lambda folder: None)

    def set_launcher(launch):
        monkeypatch.setattr("seqlab.sweep.launch.launch", lambda *given: launch(*given[2:]))
        return launch

    return set_launcher


@pytest.fixture
def search(train):
    def run(*arguments):
        return train("-m", "sweep=optuna", "hydra.sweep.dir=out/search", "sweep.n_jobs=2", *arguments)

    return run


def trials(folder="out/search"):
    with memory._storage(Path(folder)) as storage:
        return optuna.load_study(study_name=memory.NAME, storage=storage).trials


def test_the_optimum_is_found_and_written_as_a_configuration(search, pretend, train, capsys):
    launch = pretend(Pretend(closeness))
    assert search(*SPACE, "sweep.n_trials=32", "sweep.n_jobs=4", "data.batch_size=16") == 0
    assert launch.batches == [list(range(first, first + 4)) for first in range(0, 32, 4)]
    best = max(trials(), key=lambda trial: trial.value)
    assert best.params["model"] == "gru"
    assert best.params["model.hidden_size"] == 8
    assert 0.002 < best.params["optimizer.lr"] < 0.0045
    said = capsys.readouterr().out
    assert f"best: trial {best.number} of 32, val/accuracy {best.value:.4f}" in said
    assert f"/out/search/{best.number}\n" in said
    text = yaml.safe_load(Path("out/search/best.yaml").read_text())
    assert text["defaults"] == ["config", {"override /model": "gru"}, "_self_"]
    assert text["data"] == {"batch_size": 16}
    assert math.isclose(text["optimizer"]["lr"], best.params["optimizer.lr"], rel_tol=1e-3)


def test_the_best_is_trained_again_by_the_command_that_is_told_wherever_it_lies(
    search, pretend, train, capsys
):
    pretend(Pretend(closeness, "out/my search"))
    assert search(*SPACE, "hydra.sweep.dir='out/my search'", "sweep.n_trials=2") == 0
    told = capsys.readouterr().out.partition("again: ")[2].splitlines()[0]
    assert Path("out/my search/best.yaml").read_text().splitlines()[0].endswith(f"Run:  {told}")
    program, *words = shlex.split(told)
    assert (program, words[0]) == ("seqlab", "train")
    assert train(*words[1:], "--cfg", "job") == 0
    best = max(trials("out/my search"), key=lambda trial: trial.value)
    composed = yaml.safe_load(capsys.readouterr().out)
    assert composed["model"]["hidden_size"] == best.params["model.hidden_size"]


def test_the_task_says_whether_less_is_better(search, pretend):
    pretend(Pretend(rate))
    assert search(*RATES, "data=jena_climate", "sweep.n_trials=14") == 0
    assert yaml.safe_load(Path("out/search/best.yaml").read_text())["optimizer"]["lr"] < 0.15


@pytest.mark.slow
def test_the_seed_says_what_is_tried(search, pretend):
    pretend(Pretend(closeness))
    tried = []
    for seed in (3, 3, 4):
        assert search(*SPACE, "sweep.n_trials=4", f"sweep.seed={seed}") == 0
        tried.append([trial.params for trial in trials()])
        shutil.rmtree("out/search")
    assert tried[0] == tried[1] != tried[2]


@pytest.mark.slow
def test_what_ran_when_the_search_was_cut_off_is_run_again_and_what_was_done_is_not(search, pretend, capsys):
    class Stopped(Pretend):
        def __call__(self, points, first):
            if first < 4:
                return super().__call__(points, first)
            self.write(first, points[0])
            self.write(first + 1, points[1], status="running")
            raise KeyboardInterrupt

    pretend(Stopped(closeness))
    assert search(*SPACE, "sweep.n_trials=8") == 130
    before = trials()
    assert [trial.state for trial in before[4:]] == [TrialState.RUNNING] * 2
    launch = pretend(Pretend(closeness))
    assert search(*SPACE, "sweep.n_trials=8") == 0
    after = trials()
    assert [trial.value for trial in after[:4]] == [trial.value for trial in before[:4]]
    assert after[4].state == TrialState.COMPLETE
    assert after[5].state == TrialState.FAIL
    assert after[6].params == before[5].params
    assert launch.batches == [[6, 7], [8]]
    points = [tuple(trial.params.values()) for trial in after if trial.number != 6]
    assert len(set(points)) == len(points)


@pytest.mark.slow
def test_more_trials_go_on_and_other_questions_are_refused(search, pretend, capsys):
    pretend(Pretend(closeness))
    assert search(*SPACE, "sweep.n_trials=4") == 0
    launch = pretend(Pretend(closeness))
    assert search(*SPACE, "sweep.n_trials=4", "sweep.pruner=none", "launcher.jobs_per_device=2") == 0
    assert search(*SPACE, "sweep.n_trials=6") == 0
    assert launch.batches == [[4, 5]]
    for other, said in [("seed=3", "seed=3"), ("model=gru,rnn", "model=gru,lstm, model=gru,rnn")]:
        assert search(*SPACE, other, "sweep.n_trials=6") == 2
        assert f"has another search, which differs in {said};" in capsys.readouterr().err


@pytest.mark.slow
def test_a_search_begun_with_a_former_name_is_resumed(search, pretend, monkeypatch):
    pretend(Pretend(lambda point: 0.5))
    with monkeypatch.context() as before:
        before.setitem(renamed.VALUES, "data.split", {})
        assert search("data.split=honest,random", "sweep.n_trials=4") == 0
    launch = pretend(Pretend(lambda point: {"grouped": 0.9, "random": 0.1}[point["data.split"]]))
    assert search("data.split=honest,random", "sweep.n_trials=8") == 0
    assert search("data.split=grouped,random", "sweep.n_trials=10") == 0
    assert launch.batches == [[4, 5], [6, 7], [8, 9]]
    text = yaml.safe_load(Path("out/search/best.yaml").read_text())
    assert text["data"] == {"split": "grouped"}


def test_a_failed_trial_is_told_so_and_the_search_goes_on(search, pretend, capsys):
    class Failing(Pretend):
        def __call__(self, points, first):
            returned = super().__call__(points, first)
            if first == 2:
                Path("out/search/3/run.json").write_text('{"status": "failed"}')
                raise SweepError("1 of 2 jobs failed")
            return returned

    pretend(Failing(rate))
    assert search(*RATES, "sweep.n_trials=6") == 0
    assert [trial.state == TrialState.FAIL for trial in trials()] == [False] * 3 + [True] + [False] * 2
    assert "trial 3 failed" in capsys.readouterr().err


def test_fail_fast_ends_the_search(search, pretend):
    def launch(points, first):
        raise SweepError("2 of 2 jobs failed")

    pretend(launch)
    assert search(*RATES, "launcher.fail_fast=true") == 1
    assert len(trials()) == 2


@pytest.mark.slow
def test_a_search_without_any_score_has_failed(search, pretend, capsys):
    pretend(Pretend(lambda point: None))
    assert search(*RATES, "sweep.n_trials=4") == 1
    assert "no trial was finished" in capsys.readouterr().err


@pytest.mark.slow
def test_a_combination_that_cannot_be_fails_alone(search, pretend, capsys):
    class Refusing(Pretend):
        def __call__(self, points, first):
            if 3 in range(first, first + len(points)):
                raise ConfigError("these do not go together")
            return super().__call__(points, first)

    launch = pretend(Refusing(rate))
    assert search(*RATES, "sweep.n_trials=6") == 0
    assert launch.batches == [[0, 1], [2], [4, 5]]
    assert trials()[3].state == TrialState.FAIL
    assert "these do not go together" in capsys.readouterr().err


@pytest.mark.slow
def test_no_trial_starts_after_the_timeout(search, pretend):
    class Slow(Pretend):
        def __call__(self, points, first):
            time.sleep(0.2)
            return super().__call__(points, first)

    launch = pretend(Slow(rate))
    assert search(*RATES, "sweep.timeout=0.1") == 0
    assert launch.batches == [[0, 1]]


@pytest.mark.parametrize(
    ("gpus", "cpus", "jobs"),
    [
        (1, 1, 4),
        (2, 1, 2),
        (3, 1, 1),
        (0.25, 1, 16),
        (0.3, 1, 12),  # three on a GPU, and a tenth of it is left
        (0.6, 1, 4),
        (0, 1, 16),
        (1, 8, 2),
        (9, 1, 1),
    ],
)
def test_as_many_trials_run_at_a_time_as_a_ray_cluster_has_room_for(monkeypatch, gpus, cpus, jobs):
    has = {"CPU": 16.0, "GPU": 4.0, "memory": 1e10}
    ray = SimpleNamespace(init=lambda *_, **__: None, cluster_resources=lambda: has)
    monkeypatch.setitem(sys.modules, "ray", ray)
    launcher = {"name": "ray", "address": "auto", "gpus_per_job": gpus, "cpus_per_job": cpus}
    config = OmegaConf.create({"launcher": launcher, "sweep": {"n_jobs": "auto"}})
    running = _Search(config, None, None, None, None, "val/accuracy")
    assert running._parallel_trials() == jobs
    config.sweep.n_jobs = 3
    assert running._parallel_trials() == 3


@pytest.mark.product(5)
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["model.hiden_size=4,8"], "model.hiden_size is unknown; did you mean 'model.hidden_size'"),
        (["model=gru,lsmt"], "model=lsmt: unknown model; did you mean 'lstm'"),
        (
            ["model.hidden_size=4,8", "sweep.trials=3"],
            "sweep.trials is unknown; did you mean 'sweep.n_trials'",
        ),
        (["data=names,jena_climate"], "a search compares one score, but its trials differ"),
        (["seed=0,1", "hydra.sweep.subdir=x"], "hydra.sweep.subdir must be"),
        (["model.pooling=interval(0,1)"], "model.pooling must be a valid string, got 0"),
        (["seed=1,2", "sweep.pruner=mean"], "sweep.pruner must be 'median' or 'none', got 'mean'"),
        (["model.hidden_size=interval(4,16)"], "(4,16); use range(…) or int(interval(…))"),
    ],
)
def test_a_wrong_search_is_refused_in_a_line_before_the_first_trial(search, capfd, arguments, said):
    assert search(*arguments) == 2
    lines = [line for line in capfd.readouterr().err.splitlines() if line.startswith("seqlab: ")]
    assert len(lines) == 1
    assert said in lines[0]
    assert not Path("out/search").exists()


def test_a_search_needs_optuna(search, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "optuna", None)
    assert search(*SPACE) == 2
    assert capsys.readouterr().err == "seqlab: sweep=optuna needs optuna: pip install 'seqlab[optuna]'\n"


def test_two_searches_do_not_share_a_folder(tmp_path):
    with (
        open_study(tmp_path, mode="max", seed=0),
        pytest.raises(ConfigError, match="a sweep is running"),
        open_study(tmp_path, mode="max", seed=0),
    ):
        pass
    with open_study(tmp_path, mode="max", seed=0) as study:
        assert study.trials == []


@pytest.mark.product(3)
@pytest.mark.parametrize(("mode", "worse"), [("max", -1.0), ("min", 1.0)])
def test_a_trial_is_hopeless_below_the_median_of_the_others(tmp_path, mode, worse):
    search = {"name": "optuna", "n_trials": 9, "n_jobs": 1, "timeout": None, "seed": 0}
    settings = SearchConfig(**search, pruner="median", startup_trials=3, warmup_epochs=2)

    def ask(number, epoch, value, settings=settings):
        return is_hopeless(tmp_path / str(number), settings, epoch=epoch, value=value)

    with open_study(tmp_path, mode=mode, seed=0) as study:
        for number in range(3):
            study.ask()
            assert not ask(number, 0, worse)
            assert not ask(number, 1, float(number))
            study.tell(number, float(number))
        study.ask()
        assert not ask(3, 0, 1 + worse)
        assert not ask(3, 1, 1 - worse / 2)
        study.ask()
        assert not ask(4, 0, 1 + 9 * worse)
        assert not ask(4, 1, 1 + worse / 2, settings.model_copy(update={"pruner": "none"}))
        assert not ask(4, 1, 1 + worse / 2, settings.model_copy(update={"startup_trials": 4}))
        assert ask(4, 1, 1 + worse / 2)
        assert ask(4, 1, math.nan)
        assert study.trials[3].intermediate_values == {0: 1 + worse, 1: 1 - worse / 2}


@pytest.mark.parametrize(("warmup", "epochs"), [(0, 1), (1, 1), (2, 2), (5, 5)])
def test_a_trial_that_is_always_worse_has_the_epochs_that_every_trial_has(tmp_path, warmup, epochs):
    settings = SearchConfig(name="optuna", startup_trials=1, warmup_epochs=warmup)
    with open_study(tmp_path, mode="max", seed=0) as study:
        for value in (1.0, 0.0):
            number = study.ask().number
            for epoch in range(9):
                if is_hopeless(tmp_path / str(number), settings, epoch=epoch, value=value):
                    break
            if not number:
                study.tell(number, value)
    assert epoch + 1 == epochs


@pytest.mark.slow
def test_a_hopeless_trial_ends_early_is_marked_and_stays(search, monkeypatch):
    def only_one(folder, settings, *, epoch, value):
        is_hopeless(folder, settings, epoch=epoch, value=value)
        return folder.name == "1" and epoch == 1

    monkeypatch.setattr(memory, "is_hopeless", only_one)
    assert search("launcher=basic", *REAL, "seed=0,1,2", "trainer.max_epochs=4", "sweep.n_trials=2") == 0
    first, second = trials()
    record = json.loads(Path("out/search/1/run.json").read_text())
    assert (first.state, len(first.intermediate_values)) == (TrialState.COMPLETE, 4)
    assert (second.state, len(second.intermediate_values)) == (TrialState.PRUNED, 2)
    assert (record["status"], record["pruned"], record["epochs"]) == ("done", True, 2)
    assert "pruned" not in json.loads(Path("out/search/0/run.json").read_text())
    assert first.value == max(first.intermediate_values.values())


@pytest.mark.slow
def test_a_killed_search_goes_on(tmp_path, monkeypatch):
    command = [
        sys.executable,
        "-m",
        "seqlab",
        "train",
        "-m",
        "sweep=optuna",
        *REAL,
        "hydra.sweep.dir=out/search",
    ]
    command += ["sweep.n_trials=2", "launcher.jobs_per_device=2", "seed=0,1,2,3", "trainer.max_epochs=25"]
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=tmp_path, stdout=log, stderr=log)
        folder = tmp_path / "out/search"
        end = time.monotonic() + 60
        while not all((folder / f"{number}/metrics.jsonl").exists() for number in (0, 1)):
            assert time.monotonic() < end, (tmp_path / "log").read_text()
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.wait()
    done = subprocess.run(
        command, cwd=tmp_path, env=os.environ, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    monkeypatch.chdir(tmp_path)
    cut_off, again = trials()[:2], trials()[2:]
    assert {trial.state for trial in cut_off} == {TrialState.FAIL}
    assert [trial.params for trial in again] == [trial.params for trial in cut_off]
    assert json.loads((folder / f"{again[0].number}/run.json").read_text())["status"] == "done"
