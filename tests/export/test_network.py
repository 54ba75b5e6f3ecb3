"""The ONNX graph of a whole network against the reference engine."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import tanh

from seqlab.cells import Bernoulli, Cell, State, Vector, cells
from seqlab.data.tagged.declared import TaggedSpec, TokenSettings
from seqlab.models.predictor import Predictor

from ..cells.textbook import TEXTBOOK
from ..engines import cells_for_tests
from ..engines.contract_cells import Projected
from .networks import (
    COMMON,
    IRREGULAR,
    SERIES,
    SHAPES,
    TEXTS,
    WORDS,
    assert_same_answers,
    batch,
    model_of,
    network,
    session_of,
)

OWN = {
    name: cell
    for name, cell in vars(cells_for_tests).items()
    # Singular has no finite value at 0, so that rounding alone decides its outputs there.
    if isinstance(cell, type) and cell.__module__ == cells_for_tests.__name__ and name != "Singular"
}
EXTENTS = ({}, {"num_layers": 2, "bidirectional": True, "merge": "sum"})
STACK = {"cell": ["gru", "lstm"], "hidden_size": [6, 4], "num_layers": 2, "outputs": "all"}
"""Layers that differ, of which pooling and head read all."""


@pytest.mark.product(2)
@pytest.mark.parametrize("settings", EXTENTS, ids=["one layer", "two layers, both directions"])
@pytest.mark.parametrize("cell", TEXTBOOK)
def test_every_textbook_cell_answers_as_the_reference_does(cell, settings):
    assert_same_answers(TEXTS, cell=cell, **settings)


@pytest.mark.product(2)
@pytest.mark.parametrize("settings", EXTENTS, ids=["one layer", "two layers, both directions"])
@pytest.mark.parametrize("name", OWN)
def test_cells_that_the_shipped_ones_do_not_resemble_do_too(name, settings):
    cells._entries["own"] = OWN[name]
    assert_same_answers(TEXTS, cell="own", **settings)


@pytest.mark.product(2)
@pytest.mark.parametrize(
    ("pooling", "bidirectional", "merge"),
    [
        *itertools.product(("last", "mean", "max", "combined"), (True,), ("concat", "sum")),
        *itertools.product(("last", "mean", "max", "combined"), (False,), ("concat",)),
    ],
)
def test_every_pooling_in_one_and_two_directions(pooling, bidirectional, merge):
    assert_same_answers(TEXTS, cell="gru", pooling=pooling, bidirectional=bidirectional, merge=merge)


@pytest.mark.parametrize("between", ["layernorm", "residual"])
def test_what_stands_between_layers_has_its_own_weights_each_time(between):
    # three layers: what stands between two of them is there twice
    assert_same_answers(TEXTS, cell="gru", between=between, bidirectional=True, num_layers=3)


@pytest.mark.parametrize("directions", [{"reverse": True}, {"bidirectional": True}], ids=str)
def test_layers_of_different_cells_and_widths(directions):
    assert_same_answers(TEXTS, **STACK, pooling="combined", between="layernorm", **directions)


class Timed(Cell):
    """A cell that is given times and masks by the data, and whose h starts as it has learnt."""

    gates = {"g": "H", "m": "H"}
    inputs = {"x": "I", "dt": (), "mask": "I", "noise": Bernoulli(0.4, scale=0.5)}
    start = {"h": "h0"}
    h0 = Vector()

    def step(self, x, u, s):
        return State(h=tanh(x.g * x.dt + u.g(s.h * x.noise) + u.m(x.mask * x.x)))


def test_a_projected_cell_with_all_regularisers_answers_as_in_evaluation():
    cells._entries["own"] = Projected
    shares = {"zoneout": 0.2, "recurrent_dropout": 0.3, "weight_drop": 0.4}
    assert_same_answers(TEXTS, cell="own", **shares, num_layers=2, bidirectional=True)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_what_the_data_give_beside_x_comes_to_the_scan_in_both_directions(bidirectional):
    cells._entries["own"] = Timed
    assert_same_answers(IRREGULAR, cell="own", bidirectional=bidirectional)


def test_what_the_data_give_beside_x_is_for_the_layers_that_read_it():
    cells._entries["own"] = Timed
    assert_same_answers(IRREGULAR, cell=["own", "gru"], num_layers=2, reverse=True)


@pytest.mark.parametrize("encoder", ["embedding", "ngrams", "onehot"])
def test_every_encoder_of_tokens(encoder):
    assert_same_answers(TEXTS, cell="gru", encoder=encoder, bidirectional=True)


@pytest.mark.parametrize(("spec", "encoder"), [(TEXTS, "embedding"), (TEXTS, "ngrams"), (SERIES, "linear")])
def test_a_linear_model_beside_the_network(spec, encoder):
    assert_same_answers(spec, cell="gru", encoder=encoder, wide=True, pooling="max")


def test_ngrams_without_pieces_and_without_ngrams():
    letters = replace(TEXTS, symbols=(*TEXTS.symbols[:4], *"abcde"), ngrams=())
    assert_same_answers(letters, cell="gru", encoder="ngrams")


def test_labels_have_a_probability_each():
    assert_same_answers(replace(TEXTS, task="multilabel"), cell="gru", pooling="max")


@pytest.mark.parametrize("settings", [*EXTENTS, STACK | {"bidirectional": True}, {"reverse": True}], ids=str)
def test_tags_are_answered_at_every_step(settings):
    spec = TaggedSpec(
        **COMMON,
        kind="tokens",
        task="tagging",
        input_size=9,
        classes=("B-a", "I-a", "O"),
        symbols=TEXTS.symbols,
        tagged=TokenSettings(),
    )
    module = network(spec, **{"cell": "lstm", **settings})
    session = session_of(model_of(module, spec))
    x, lengths = batch(spec, 5, 17)
    (found,) = session.run(None, {"tokens": x, "lengths": lengths})
    for row, length in enumerate(lengths):
        alone = torch.from_numpy(x[row : row + 1, :length]), torch.tensor([length])
        expected = Predictor.of(module, spec, data=None).predict(*alone)[0].numpy()
        np.testing.assert_allclose(found[row, :length], expected, rtol=1e-5, atol=1e-6)


class Begun(Cell):
    """A cell with states of two widths, one of which starts as it has learnt, and an output beside them."""

    gates = {"g": "H", "k": 2}
    state = {"h": "H", "k": 2}
    output = "o"
    start = {"h": "h0"}
    h0 = Vector()

    def step(self, x, u, s):
        h = tanh(x.g + u.g(s.h))
        return State(h=h, k=tanh(x.k + u.k(s.h)) - 0.5 * s.k, o=h * s.h)


@pytest.mark.parametrize("cell", ["lstm", "own"])
@pytest.mark.parametrize(("layers", "reset"), [(1, None), (2, 2)])
def test_a_language_model_goes_on_from_the_states_that_it_has_left(cell, layers, reset):
    cells._entries["own"] = Begun
    spec = replace(WORDS, reset_token=reset)
    module = network(spec, cell=cell, num_layers=layers)
    session = session_of(model_of(module, spec))
    names = [end.name for end in session.get_overridable_initializers()]
    assert len(names) == 2 * layers
    x, lengths = batch(WORDS, 5, 17)
    state = None
    past = {}
    for part in (slice(0, 9), slice(9, 17)):
        inside = (lengths - part.start).clip(1, part.stop - part.start)
        given = {"tokens": x[:, part], "lengths": inside, **past}
        logits, *after = session.run(["logits", *(one.replace("past", "present") for one in names)], given)
        past = dict(zip(names, after, strict=True))
        answer, state = module.model.carry(torch.from_numpy(x[:, part]), torch.from_numpy(inside), state)
        for row, length in enumerate(inside):
            expected = answer[row, :length].detach().numpy()
            np.testing.assert_allclose(logits[row, :length], expected, rtol=1e-5, atol=1e-5)
        for name, found in past.items():
            _, _, layer, own = name.split(".")
            np.testing.assert_allclose(found, state[own][int(layer)].detach().numpy(), rtol=1e-5, atol=1e-5)


def test_numbers_of_texts_are_in_the_targets_units():
    numbers = replace(TEXTS, task="regression", classes=(), target_mean=1e6, target_std=20.0)
    assert_same_answers(numbers, cell="gru")


@pytest.mark.parametrize("residual", ["persistence", "none"])
@pytest.mark.parametrize("encoder", ["identity", "linear"])
def test_forecasts_are_in_the_targets_units(encoder, residual):
    assert_same_answers(SERIES, {"residual": residual}, cell="gru", encoder=encoder, num_layers=2)


@pytest.mark.parametrize("residual", ["persistence", "none"])
@pytest.mark.parametrize("loss", ["quantiles", "gaussian", "student_t", "negative_binomial"])
def test_distributions_are_in_the_targets_units(loss, residual):
    assert_same_answers(SERIES, {"loss": loss, "residual": residual}, cell="gru")


LOSSES = ("mae", "quantiles", "gaussian", "student_t")
SEGMENTS = {"encoder": "segments", "segment": 1, "decoder": "parallel"}
STEPWISE = {"decoder": "autoregressive", "segment": 3}
CHANNELS = {"channels": "independent", "channel_embedding": 2}


@pytest.mark.parametrize("residual", ["persistence", "none"])
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("norm", ["last", "standard", "revin"])
def test_forecasts_in_units_of_their_windows(norm, loss, residual):
    several = SHAPES[1:]  # a window of one step has no spread
    assert_same_answers(SERIES, {"loss": loss, "residual": residual}, shapes=several, instance_norm=norm)


@pytest.mark.parametrize("settings", [CHANNELS, SEGMENTS, SEGMENTS | CHANNELS, STEPWISE | CHANNELS], ids=str)
@pytest.mark.parametrize("loss", LOSSES)
def test_forecasts_of_channels_and_segments(loss, settings):
    assert_same_answers(SERIES, {"loss": loss}, cell="lstm", num_layers=2, **settings)


def test_segments_are_cut_from_whole_windows():
    module = network(SERIES, **SEGMENTS | CHANNELS | {"segment": 3, "instance_norm": "revin"})
    session = session_of(model_of(module, SERIES))
    x, lengths = batch(SERIES, 5, 6)
    x, lengths = np.abs(x) % 100, np.full_like(lengths, 6)
    (found,) = session.run(None, {"features": x, "lengths": lengths})
    expected = Predictor.of(module, SERIES, data=None).predict(torch.from_numpy(x), torch.from_numpy(lengths))
    np.testing.assert_allclose(found, expected.numpy(), rtol=1e-5, atol=1e-5)
