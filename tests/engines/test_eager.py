"""The eager engine against the reference, on cells that the shipped ones do not cover."""

import pytest
import torch

from seqlab.nn import Recurrent
from seqlab.testing import check_cell

from .cells_for_tests import Memoryless, NormedOutput, Oscillator, RecurrentHighway, ScalarLSTM


@pytest.mark.product(3)
@pytest.mark.parametrize(
    "cell",
    [RecurrentHighway, ScalarLSTM, Oscillator, NormedOutput, Memoryless],
    ids=lambda cell: cell.__name__,
)
def test_eager_equals_reference_outputs_states_and_gradients(cell):
    check_cell(cell)


@pytest.mark.parametrize("cell", ["lstm", "gru_reset_before", "lstm_layernorm"])
def test_bfloat16_stays_close_to_float32(cell):
    torch.manual_seed(0)
    network = Recurrent(cell, input_size=3, hidden_size=8, engine="eager")
    x = torch.randn(2, 6, 3)
    exact, _ = network(x)
    rough, final = network.to(torch.bfloat16)(x.to(torch.bfloat16))
    assert rough.dtype == torch.bfloat16
    assert all(value.dtype == torch.bfloat16 for value in final.values())
    torch.testing.assert_close(rough.float(), exact, atol=0.05, rtol=0.05)
