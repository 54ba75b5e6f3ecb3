"""Figures say what their numbers are."""

import pytest

from seqlab.diagnostics.figures import gates
from seqlab.diagnostics.snapshot import take_snapshot

from .conftest import module_of


def test_the_spread_of_gates_is_over_sequences_and_units_and_said_to_be(probe):
    module = module_of("gru", hidden_size=1)  # one unit, so all spread is between sequences
    snapshot = take_snapshot(module, probe, epoch=0, step=0)
    found = module.model.encoder(probe.x[:, :1])
    outputs, _ = module.model.recurrent(found)
    spread = outputs.detach()[:, 0, 0].std(correction=0)
    assert snapshot.layers[0].gates["h"].spread[0] == pytest.approx(float(spread), rel=1e-5)
    above, middle, below = (axes.get_ylabel() for axes in gates(snapshot, "title").axes)
    assert above == "gate, mean ± one std over sequences and units"
    assert middle.startswith("saturated share: ")
    assert below == "state, mean ± one std over sequences and units"
