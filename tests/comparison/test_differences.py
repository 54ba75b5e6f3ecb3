"""What tells runs apart: a few columns, or what is unusual."""

from pathlib import Path

import pytest

from seqlab.comparison.differences import relevant, tell_apart
from seqlab.comparison.runs import Run


def run(folder: str = "", cell: str = "lstm", world_size: int = 1, **settings: object) -> Run:
    flat = {key.replace("__", "."): value for key, value in settings.items()}
    return Run(Path(folder), folder, {"cell": cell, "world_size": world_size}, flat)


def test_what_does_not_change_a_result_is_left_out():
    one = run(seed=1, engine="native", model__hidden_size=8, data__root="x", trainer__accelerator="gpu")
    expected = {"model.hidden_size": "8", "trainer.world_size": "1"}
    assert relevant(one, seed=False) == expected
    assert relevant(one, seed=True) == expected | {"seed": "1"}


def test_processes_tell_runs_apart_as_each_has_a_batch_and_devices_do_not():
    auto, one, two = run(trainer__devices="auto"), run(trainer__devices=1), run(world_size=2)
    assert relevant(auto, seed=False) == relevant(one, seed=False)
    shown, labels = tell_apart([auto, one, two], ["a", "b", "b"], seed=False)
    assert shown == [{"world_size": "1"}, {"world_size": "1"}, {"world_size": "2"}]
    assert labels == ["a", "b", "b world_size=2"]


def test_a_run_of_an_earlier_version_was_of_one_process():
    assert relevant(Run(Path(), "", {}), seed=False) == {"trainer.world_size": "1"}


@pytest.mark.parametrize(
    ("settings", "columns"),
    [
        (
            [{"optimizer__name": "sgd", "optimizer__momentum": 0.9}, {"optimizer__name": "adamw"}],
            ["optimizer"],
        ),
        (
            [
                {"optimizer__name": "sgd", "optimizer__momentum": 0.9},
                {"optimizer__name": "sgd", "optimizer__momentum": 0.0},
                {"optimizer__name": "adamw"},
            ],
            ["optimizer", "momentum"],
        ),
        ([{"model__dropout": 0.1}, {}], ["dropout"]),
        ([{"model__name": "a", "data__name": "b"}, {"model__name": "c", "data__name": "b"}], ["model"]),
        (
            [{"model__steps": 1, "data__steps": 1}, {"model__steps": 2, "data__steps": 2}],
            ["model.steps", "data.steps"],
        ),
    ],
)
def test_a_column_for_each_of_a_few_differing_settings(settings, columns):
    shown, labels = tell_apart([run(**one) for one in settings], ["a"] * len(settings), seed=False)
    assert [list(one) for one in shown] == [columns] * len(settings)
    assert len(set(labels)) == len(labels)


def test_many_differences_become_what_is_unusual():
    usual = {f"model__s{number}": 0 for number in range(6)}
    odd = {f"model__s{number}": 1 for number in range(6)}
    runs = [run("a", **usual), run("b", **usual), run("c", **odd)]
    shown, labels = tell_apart(runs, ["lstm"] * 3, seed=False)
    assert [one["settings"] for one in shown] == ["", "", "s0=1 s1=1 s2=1 s3=1 s4=1 s5=1"]
    assert labels == ["lstm", "lstm", "lstm s0=1 s1=1 s2=1 s3=1 s4=1 s5=1"]


def test_a_name_that_no_other_has_needs_no_settings_behind_it():
    runs = [run(model__hidden_size=8), run(model__hidden_size=16), run(model__hidden_size=16, cell="gru")]
    _, labels = tell_apart(runs, ["small", "large", "large"], seed=False)
    assert labels == ["small", "large", "large"]
    _, labels = tell_apart([*runs[1:], runs[0]], ["names-lstm"] * 3, seed=False)
    assert labels == ["names-lstm", "names-lstm", "names-lstm hidden_size=8"]
