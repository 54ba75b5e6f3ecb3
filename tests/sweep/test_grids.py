"""The ready grids: what they run, and how the command line adds to them."""

import pytest

from ..cells.textbook import TEXTBOOK


@pytest.fixture
def points(monkeypatch):
    """What the launcher is given."""
    found = []
    monkeypatch.setattr("seqlab.sweep.launch.launch", lambda *given: found.extend(given[2]) or [])
    return found


def values(points, key):
    return [dict(text.split("=") for text in point)[key] for point in points]


@pytest.mark.slow
def test_the_grid_of_cells_has_every_textbook_cell_and_the_usual_ones_in_both_directions(train, points):
    assert train("-m", "sweep=cells") == 0
    assert sorted(values(points, "model")) == sorted([*TEXTBOOK, "bigru", "bilstm"])


@pytest.mark.product(2)
@pytest.mark.parametrize(
    ("sweep", "key", "expected"),
    [
        ("sizes", "model.hidden_size", ["32", "64", "128", "256"]),
        ("seeds", "seed", ["0", "1", "2", "3", "4"]),
    ],
)
def test_the_command_line_is_combined_with_a_grid(train, points, sweep, key, expected):
    assert train("-m", f"sweep={sweep}", "model=gru,lstm") == 0
    assert len(points) == 2 * len(expected)
    assert {*values(points, key)} == {*expected}
    assert {*values(points, "model")} == {"gru", "lstm"}


def test_the_command_line_replaces_a_part_of_a_grid(train, points):
    assert train("-m", "sweep=seeds", "seed=7,8") == 0
    assert values(points, "seed") == ["7", "8"]


@pytest.mark.slow
def test_two_grids_are_multiplied(train, points):
    assert train("-m", "sweep=[sizes,seeds]") == 0
    assert len(points) == 4 * 5


def test_without_a_grid_the_command_line_is_the_sweep(train, points):
    assert train("-m", "model=gru,lstm", "seed=0,1") == 0
    assert len(points) == 4


@pytest.mark.parametrize("sweep", ["cells", "optuna"])
def test_a_sweep_without_m_is_refused(train, capsys, sweep):
    assert train(f"sweep={sweep}") == 2
    assert capsys.readouterr().err == f"seqlab: sweep={sweep} needs -m: seqlab train -m sweep={sweep} …\n"


def test_other_processes_of_a_job_are_not_taken_for_a_lone_sweep(train, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("SEQLAB_RUN_FOLDER", str(tmp_path))
    assert train("sweep=cells", "data=text_csv", "data.path=missing.csv") == 2
    assert "-m" not in capsys.readouterr().err
