"""Engines make every tensor where their inputs are: with torch's device "meta", two devices in one fail."""

import pytest
import torch

from seqlab.cells import cells
from seqlab.engines import ENGINES
from seqlab.nn import Recurrent

from ..cells.textbook import TEXTBOOK

META = torch.device("meta")
CASES = [
    (cell, engine)
    for engine in ("torch", "eager", "reference")
    for cell in TEXTBOOK
    if ENGINES[engine].unsupported_reason(cells[cell](), torch.float32, META) is None
]


@pytest.mark.product(3)
@pytest.mark.parametrize(("cell", "engine"), CASES)
def test_all_tensors_are_made_where_the_inputs_are(cell, engine):
    network = Recurrent(cell, input_size=3, hidden_size=4, bidirectional=True, engine=engine).to(META)
    x = torch.zeros(2, 3, 3, device=META, requires_grad=True)
    lengths = torch.ones(2, dtype=torch.int64, device=META)
    # For the final state of a padded LSTM torch needs lengths on the processor.
    outputs, _ = network(x, lengths, need_state=engine != "torch")
    _, final = network(x, need_state=True)
    gradients = torch.autograd.grad(outputs.sum() + final.h.sum(), [x, *network.parameters()])
    assert all(found.is_meta for found in (outputs, *final.values(), *gradients))
