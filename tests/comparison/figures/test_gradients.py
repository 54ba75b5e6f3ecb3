"""Gradient flow of several runs on one axis, from what each has measured."""

import math
from pathlib import Path

import pytest

pytest.importorskip("plotly")

from seqlab.comparison.figures import galleries
from seqlab.comparison.figures.gradients import gradients
from seqlab.runs.diagnostics_file import LayerSnapshot, Snapshot, write_snapshots


def leave_snapshots(run: Path, base: float) -> None:
    """Leave in a run what falls by the factor ``base`` a step, and before training by .9."""
    write_snapshots(run / "diagnostics.json", [snapshot(0, 0.9), snapshot(3, base)])


def snapshot(epoch: int, base: float) -> Snapshot:
    falling = [5 * base**distance for distance in range(4)]
    layer = LayerSnapshot(
        name="layer 1",
        growth_rate=math.log(base),
        distances=[1, 2, 4],
        jacobian=[math.log(base) * distance for distance in (1, 2, 4)],
        gradient=falling,
        gradients={"h": falling},
        gates={},
    )
    return Snapshot(epoch=epoch, step=epoch, layers=[layer], influence=falling, half_length=1.0)


def test_every_group_has_its_curve_relative_to_the_last_step(classify, benchmark):
    for cell, base in (("rnn", 0.1), ("lstm", 0.8)):
        leave_snapshots(classify(cell, model={"cell": cell}), base)
    found = gradients(benchmark(), [])
    assert list(found.figures) == [("gradient, layer 1",), ("Jacobian, layer 1",), ("influence",)]
    for name, distances in (("gradient, layer 1", range(4)), ("Jacobian, layer 1", (1, 2, 4))):
        figure = found.figures[name,]
        traces = {trace.name: trace for trace in figure.data}
        assert set(traces) == {"rnn", "lstm"}
        for cell, base in (("rnn", 0.1), ("lstm", 0.8)):
            assert list(traces[cell].x) == list(distances)
            assert list(traces[cell].y) == pytest.approx([base**distance for distance in distances])
        assert figure.layout.yaxis.type == "log"
        assert figure.layout.xaxis.title.text == "steps before the last, T − t"
        assert "‖" in figure.layout.yaxis.title.text


def test_runs_that_have_measured_nothing_are_left_out(classify, benchmark):
    classify("rnn", model={"cell": "rnn"})
    leave_snapshots(classify("lstm"), 0.8)
    found = gradients(benchmark(), problems := [])
    assert [trace.name for trace in found.figures["influence",].data] == ["lstm"]
    assert problems == []


def test_without_any_measurement_there_is_no_gallery(classify, benchmark):
    classify("rnn")
    assert "gradients" not in [gallery.name for gallery in galleries(benchmark(), [])]


@pytest.mark.parametrize("content", ["[", "{}", '[{"epoch": 0}]', '[{"epoch": -1}]', "null"])
def test_a_damaged_file_is_a_problem_of_its_run_alone(classify, benchmark, content):
    leave_snapshots(classify("lstm"), 0.8)
    (classify("rnn", model={"cell": "rnn"}) / "diagnostics.json").write_text(content)
    found = gradients(benchmark(), problems := [])
    assert [trace.name for trace in found.figures["influence",].data] == ["lstm"]
    (problem,) = problems
    assert problem.startswith("rnn/")
    assert "no gradient flow, diagnostics.json is " in problem


def test_what_has_vanished_or_overflown_is_left_out(classify, benchmark):
    whole = snapshot(1, 0.5)
    layer = whole.layers[0].model_copy(
        update={"gradient": [1.0, 0.0, math.nan], "jacobian": [-math.inf, 0.0, 800.0]}
    )
    run = classify("rnn")
    write_snapshots(run / "diagnostics.json", [whole.model_copy(update={"layers": [layer]})])
    figures = gradients(benchmark(), []).figures
    assert list(figures["gradient, layer 1",].data[0].y) == [1.0, None, None]
    assert list(figures["Jacobian, layer 1",].data[0].y) == [None, 1.0, math.exp(700)]
