"""A snapshot says of layers, gates and sequences of several lengths what each is."""

import math

import pytest
import torch

from seqlab.cells import Cell, State, cells
from seqlab.data import Batch
from seqlab.diagnostics import recording, state_gradients
from seqlab.diagnostics.snapshot import take_snapshot
from seqlab.runs.diagnostics_file import Snapshot, read_snapshots, write_snapshots

from .conftest import LENGTHS, module_of

REACH = 2  # the (lower) median of LENGTHS


def snapshot_of(probe: Batch, cell: str = "lstm", **model: object) -> Snapshot:
    return take_snapshot(module_of(cell, **model), probe, epoch=3, step=9)


def test_curves_go_as_far_as_half_of_the_sequences(probe):
    found = snapshot_of(probe)
    assert (found.epoch, found.step, len(found.influence)) == (3, 9, REACH)
    (layer,) = found.layers
    assert layer.distances == [1, 2]
    assert {len(curve) for curve in (layer.jacobian, layer.gradient, *layer.gradients.values())} == {REACH}
    assert {len(gate.mean) for gate in layer.gates.values()} == {REACH}


def test_gates_have_the_mean_and_spread_of_all_units_and_sequences(probe):
    module = module_of("gru").eval()
    (layer,) = take_snapshot(module, probe, epoch=0, step=0).layers
    with recording(module.model.recurrent) as runs:
        module(probe.x, probe.lengths)
    assert [name for name, gate in layer.gates.items() if gate.is_gate] == ["r", "z", "n"]
    for step in range(REACH):
        inside = torch.tensor(LENGTHS) > step
        values = runs[0].states[step + 1].h[inside].detach().flatten()
        assert layer.gates["h"].mean[step] == pytest.approx(float(values.mean()), rel=1e-5)
        assert layer.gates["h"].spread[step] == pytest.approx(float(values.std(correction=0)), rel=1e-5)
    assert layer.gates["h"].shut is None
    assert all(share == 0 for share in layer.gates["z"].open)


def test_the_gradient_of_the_whole_state_is_that_of_all_its_vectors_side_by_side(probe):
    module = module_of("lstm")
    (found,) = state_gradients(module, probe)
    (layer,) = take_snapshot(module, probe, epoch=0, step=0).layers
    whole = (found.norms["h"] ** 2 + found.norms["c"] ** 2).sqrt()
    last = [float(whole[row, length - 1]) for row, length in enumerate(LENGTHS)]
    assert layer.gradient[0] == pytest.approx(sorted(last)[1], rel=1e-5)  # the lower median of four


def test_every_layer_and_direction_has_its_name(probe):
    found = snapshot_of(probe, bidirectional=True, num_layers=2)
    names = ["layer 1", "layer 1 backward", "layer 2", "layer 2 backward"]
    assert [layer.name for layer in found.layers] == names


def test_a_snapshot_leaves_modes_gradients_scores_and_random_numbers_alone(probe):
    module = module_of("lstm").train()
    module.task.step("val", module(probe.x, probe.lengths), probe)
    before = torch.get_rng_state(), module.task.compute("val")
    take_snapshot(module, probe, epoch=0, step=0)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert module.task.compute("val") == before[1]
    assert module.training
    assert all(part.training for part in module.modules())
    assert all(parameter.grad is None for parameter in module.parameters())


def test_a_cell_that_cannot_be_traced_has_no_gates_and_this_is_said(probe, caplog):
    @cells.register("branching_snapshot")
    class Branching(Cell):
        gates = ("h",)

        def step(self, x, u, s):
            value = x.h + u.h(s.h)
            return State(h=torch.tanh(value) if value.sum() > 0 else value)

    (layer,) = snapshot_of(probe, "branching_snapshot", engine="reference").layers
    assert layer.gates == {}
    assert math.isfinite(layer.growth_rate)
    assert "no gates are shown" in caplog.text


def test_what_is_written_is_read_again_infinities_too(probe, tmp_path):
    found = snapshot_of(probe).model_copy(update={"half_length": math.nan, "influence": [math.inf, 1.0]})
    write_snapshots(tmp_path / "diagnostics.json", [found, found])
    one, other = read_snapshots(tmp_path / "diagnostics.json")
    assert math.isnan(one.half_length)
    assert (one.influence, one.layers) == (found.influence, found.layers)
    assert other.layers == one.layers
