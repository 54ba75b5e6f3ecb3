"""What is recorded is what the network computes."""

import pytest
import torch

from seqlab.diagnostics import recording
from seqlab.functional.lengths import without_padding
from seqlab.nn import Recurrent

from ..cells.textbook import TEXTBOOK
from .conftest import LENGTHS


@pytest.mark.parametrize("cell", TEXTBOOK)
def test_the_recorded_states_and_outputs_are_the_references(cell):
    torch.manual_seed(0)
    network = Recurrent(cell, input_size=3, hidden_size=5, engine="reference").double()
    x, lengths = torch.randn(4, 6, 3).double(), torch.tensor(LENGTHS)
    outputs, final = network(x, lengths)
    with recording(network) as (runs):
        again, final_again = network(x, lengths)
    (run,) = runs
    assert torch.equal(outputs, again)
    for name in network.cell.state:
        assert torch.equal(final[name], final_again[name])
        ends = torch.stack([run.states[length][name][row] for row, length in enumerate(LENGTHS)])
        assert torch.equal(final[name][0], ends)
    assert torch.equal(without_padding(torch.stack(run.outputs, 1), lengths), outputs)
    assert torch.equal(run.step(2, run.states[2])[name], run.states[3][name])


def test_layers_and_directions_are_recorded_in_their_order_and_their_reading_order():
    network = Recurrent("gru", input_size=3, hidden_size=5, num_layers=2, bidirectional=True).double()
    x, lengths = torch.randn(4, 6, 3).double(), torch.tensor(LENGTHS)
    with recording(network) as runs:
        outputs, _ = network(x, lengths)
    assert [run.x.shape[2] for run in runs] == [3, 3, 10, 10]
    assert [id(run.weights.W) for run in runs] == [id(layer.W) for layer in network.layers]
    for row, length in enumerate(LENGTHS):
        assert torch.equal(runs[1].x[row, :length], x[row, :length].flip(0))
        read = torch.stack(runs[3].outputs, 1)[row, :length]
        assert torch.equal(read.flip(0), outputs[row, :length, 5:])
    assert runs[0].lengths.tolist() == list(LENGTHS)


def test_without_lengths_every_sequence_has_all_steps():
    network = Recurrent("rnn", input_size=3, hidden_size=5)
    with recording(network) as runs:
        network(torch.randn(2, 7, 3))
    assert runs[0].lengths.tolist() == [7, 7]


def test_afterwards_the_network_runs_on_its_own_engine_again():
    network = Recurrent("lstm", input_size=3, hidden_size=5)
    before = network.choice().engine
    with recording(network):
        assert network.choice().engine.name == "recorder"
    assert network.choice().engine is before
    with pytest.raises(ValueError, match="x must be"), recording(network):
        network(torch.zeros(1, 2, 99))
    assert network.choice().engine is before
