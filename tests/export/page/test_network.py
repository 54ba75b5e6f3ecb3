"""Whole networks in JavaScript, against the reference engine."""

import numpy as np
import pytest
import torch

from seqlab.cells import cells
from seqlab.diagnostics import recording
from seqlab.diagnostics.gates import activities
from seqlab.export.network import network_graph
from seqlab.models.predictor import Predictor

from ..networks import IRREGULAR, SERIES, TEXTS, batch, network
from ..test_network import Timed
from .running import answers_of, needs_node

pytestmark = needs_node
SHAPES = ((1, 1), (3, 6))


def assert_same_answers(spec, task=None, **settings):
    """Compare the answers, and what is watched with what diagnostics measures."""
    module = network(spec, task, **settings)
    graph = network_graph(module, spec, is_watched=True)
    batches = [batch(spec, rows, steps) for rows, steps in SHAPES]
    found = answers_of(graph, [{spec.kind: x, "lengths": lengths} for x, lengths in batches])
    predictor = Predictor.of(module, spec, data=None)
    name = module.task.exported(spec).name
    for answers, (x, lengths) in zip(found, batches, strict=True):
        for row, length in enumerate(lengths):  # unpadded: what is padding must not matter
            alone = torch.from_numpy(x[row : row + 1, :length]), torch.tensor([length])
            expected = predictor.predict(*alone).numpy()
            np.testing.assert_allclose(answers[name][row : row + 1], expected, rtol=1e-5, atol=1e-5)
        with torch.no_grad(), recording(module.model.recurrent) as runs:
            module(spec.scaled(torch.from_numpy(x)), torch.from_numpy(lengths))
        for number, layer in enumerate(runs):
            for key, activity in activities(layer).items():
                kind = "gate" if activity.is_gate else "state"
                watched = answers[f"watched.layers.{number}.{kind} {key.removeprefix('state ')}"]
                inside = activity.inside.numpy()
                np.testing.assert_allclose(
                    watched[inside], activity.values.numpy()[inside], rtol=1e-4, atol=1e-5, err_msg=key
                )


@pytest.mark.parametrize("cell", sorted(set(cells) - {"lstm", "gru"}))
@pytest.mark.slow
def test_every_cell_answers_as_its_equations(cell):
    assert_same_answers(TEXTS, cell=cell, hidden_size=8)  # of four blocks, where a cell has them


@pytest.mark.parametrize("cell", ["lstm", "gru", "lstm_layernorm"])
def test_usual_cells_answer_as_their_equations(cell):
    assert_same_answers(TEXTS, cell=cell)


def test_layers_directions_and_ngrams():
    assert_same_answers(
        TEXTS, cell="gru", num_layers=2, bidirectional=True, encoder="ngrams", pooling="combined"
    )


def test_a_linear_model_beside_the_network():
    assert_same_answers(TEXTS, cell="gru", encoder="ngrams", wide=True, pooling="max")


def test_a_forecast_is_in_the_units_of_the_targets():
    assert_same_answers(SERIES, {"residual": "persistence"}, cell="lstm")


def test_what_the_data_give_beside_x_comes_to_the_scan():
    cells._entries["own"] = Timed
    assert_same_answers(IRREGULAR, cell="own", bidirectional=True)


def test_a_network_that_reads_from_the_end():
    assert_same_answers(TEXTS, cell="gru", reverse=True, num_layers=2)
