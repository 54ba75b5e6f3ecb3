"""What is shown while a run goes on."""

import re

from seqlab.training.callbacks import EpochLines, progress

QUICK = (
    *("trainer.max_epochs=2", "trainer.limit_train_batches=4", "model.hidden_size=8"),
    *("callbacks=none", "logger=none", "task.baselines=false"),
)


def test_quiet_shows_nothing():
    assert progress("quiet") == []


def test_there_is_no_bar_where_there_is_no_terminal():
    assert [type(callback) for callback in progress("normal")] == [EpochLines]


def test_every_epoch_gets_one_line_with_its_scores(train, capsys):
    assert train(*QUICK) == 0
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("epoch ")]
    assert [line.split()[1] for line in lines] == ["1/2", "2/2"]
    pattern = r"train loss \d\.\d{4} accuracy \d\.\d{4}.* val loss \d\.\d{4} accuracy \d\.\d{4}.*\d\.\d s$"
    assert all(re.search(pattern, line) for line in lines)


def test_a_run_that_goes_on_tells_of_the_epochs_that_are_left(train, killed, capsys):
    settings = (*QUICK, "trainer.max_epochs=4", "checkpoint.every_steps=3")
    with killed("on_train_batch_end", 13):
        train(*settings)
    capsys.readouterr()
    assert train(*settings, "resume=auto") == 0
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("epoch ")]
    assert line.startswith("epoch 4/4")
    assert float(line.split()[-2]) < 60  # not since the machine was started


def test_quiet_leaves_only_warnings_and_the_table(train, capsys):
    assert train(*QUICK, "verbosity=quiet") == 0
    shown = capsys.readouterr()
    assert all(line.startswith("warning: ") for line in shown.err.splitlines())
    assert "test/accuracy" in shown.out
