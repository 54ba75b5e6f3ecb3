"""Encoders, pooling, initialisation, merging, dropout: each against a plain statement."""

import math

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

from seqlab.cells import State
from seqlab.errors import ConfigError, EngineError
from seqlab.models.sequence_model import SequenceModel
from seqlab.nn import Recurrent
from seqlab.nn.encoders import Embedding, Identity, Linear, OneHot, make_encoder
from seqlab.nn.parts import InputSpec
from seqlab.registry.catalog import poolings

LENGTHS = torch.tensor([5, 1, 3])


def test_embedding_of_padding_is_zero_and_learns_nothing():
    encoder = Embedding(InputSpec("tokens", 6), embedding_size=4)
    encoder(torch.tensor([[2, 3, 0]])).sum().backward()
    assert encoder(torch.tensor([[0]])).abs().sum() == 0
    assert encoder.embedding.weight.grad[0].abs().sum() == 0
    assert encoder.embedding.weight.grad[2].abs().sum() > 0


def test_onehot_marks_one_column_and_none_for_padding():
    encoder = OneHot(InputSpec("tokens", 3))
    assert encoder(torch.tensor([[1, 2, 0]])).tolist() == [[[0, 1, 0], [0, 0, 1], [0, 0, 0]]]


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        ("auto", "tokens", Embedding),
        ("onehot", "tokens", OneHot),
        ("auto", "features", Identity),
        ("linear", "features", Linear),
    ],
)
def test_auto_takes_the_encoder_that_suits_the_data(name, kind, expected):
    assert type(make_encoder(name, InputSpec(kind, 5), embedding_size=4)) is expected


@pytest.mark.parametrize(("name", "kind"), [("linear", "tokens"), ("embedding", "features")])
def test_an_encoder_for_other_data_is_refused(name, kind):
    with pytest.raises(ConfigError, match=f"model.encoder={name} does not read {kind}"):
        make_encoder(name, InputSpec(kind, 5), embedding_size=4)


def test_an_unknown_pooling_is_told_the_near_ones():
    with pytest.raises(ConfigError, match="no pooling named 'combine'; did you mean 'combined'"):
        SequenceModel(InputSpec("tokens", 5), 2, pooling="combine")


def test_poolings_equal_a_loop_over_sequences_whatever_the_padding():
    outputs = torch.randn(3, 5, 2, dtype=torch.float64)
    alone = [outputs[row, :length] for row, length in enumerate(LENGTHS.tolist())]
    expected = {
        "last": torch.stack([rows[-1] for rows in alone]),
        "mean": torch.stack([rows.mean(0) for rows in alone]),
        "max": torch.stack([rows.max(0).values for rows in alone]),
    }
    expected["combined"] = torch.cat([expected["last"], expected["max"], expected["mean"]], dim=1)
    for row, length in enumerate(LENGTHS.tolist()):
        outputs[row, length:] = float("nan")
    for name, pooled in expected.items():
        pooling = poolings[name](2)
        torch.testing.assert_close(pooling(outputs, LENGTHS), pooled)
        assert pooling.output_size == pooled.shape[1]


def test_summed_directions_are_the_sum_of_the_halves_of_concatenated_ones():
    torch.manual_seed(0)
    concat = Recurrent("gru", input_size=3, hidden_size=4, bidirectional=True)
    summed = Recurrent("gru", input_size=3, hidden_size=4, bidirectional=True, merge="sum")
    summed.load_state_dict(concat.state_dict())
    x = torch.randn(3, 5, 3)
    both, _ = concat(x, LENGTHS)
    torch.testing.assert_close(summed(x, LENGTHS)[0], both[..., :4] + both[..., 4:])


@pytest.mark.parametrize("engine", ["reference", "eager", "torch"])
def test_without_the_final_state_the_outputs_are_the_same(engine):
    network = Recurrent("lstm", input_size=3, hidden_size=4, num_layers=2, engine=engine)
    x = torch.randn(3, 5, 3)
    outputs, final = network(x, LENGTHS)
    again, nothing = network(x, LENGTHS, need_state=False)
    assert nothing is None
    assert set(final) == {"h", "c"}
    inside = torch.arange(5) < LENGTHS[:, None]
    torch.testing.assert_close(again[inside], outputs[inside])


def test_dropout_acts_between_layers_and_only_in_training():
    x = torch.randn(3, 5, 3)
    one = Recurrent("gru", input_size=3, hidden_size=4, dropout=0.5)
    assert torch.equal(one(x)[0], one(x)[0])
    two = Recurrent("gru", input_size=3, hidden_size=4, num_layers=2, dropout=0.5)
    assert not torch.equal(two(x)[0], two(x)[0])
    two.eval()
    assert torch.equal(two(x)[0], two(x)[0])


def test_a_bilstm_that_pools_the_last_step_reads_torchs_final_states():
    torch.manual_seed(0)
    model = SequenceModel(InputSpec("tokens", 9), 2, cell="lstm", hidden_size=4, bidirectional=True).double()
    theirs = nn.LSTM(64, 4, bidirectional=True, batch_first=True).double()
    with torch.no_grad():
        for layer, suffix in zip(model.recurrent.layers, ("l0", "l0_reverse"), strict=True):
            getattr(theirs, f"weight_ih_{suffix}").copy_(layer.W)
            getattr(theirs, f"weight_hh_{suffix}").copy_(layer.U)
            getattr(theirs, f"bias_ih_{suffix}").copy_(layer.b)
            getattr(theirs, f"bias_hh_{suffix}").zero_()
    x = torch.randint(1, 9, (3, 5))
    packed = pack_padded_sequence(model.encoder(x), LENGTHS, batch_first=True, enforce_sorted=False)
    _, (h, _) = theirs(packed)
    expected = model.head.linear(torch.cat([h[0], h[1]], dim=1))
    torch.testing.assert_close(model(x, LENGTHS), expected, atol=1e-12, rtol=0)


def test_torch_initialisation_is_uniform_within_one_over_root_h():
    layer = Recurrent("lstm", input_size=50, hidden_size=64).layers[0]
    for parameter in (layer.W, layer.U, layer.b):
        assert parameter.abs().max() <= 1 / 8
        assert parameter.std().item() == pytest.approx(1 / 8 / math.sqrt(3), rel=0.1)


def test_keras_initialisation_has_orthogonal_blocks_and_forget_bias_one():
    layer = Recurrent("lstm", input_size=5, hidden_size=8, init="keras").layers[0]
    for block in layer.U.view(4, 8, 8):
        torch.testing.assert_close(block @ block.T, torch.eye(8), atol=1e-5, rtol=0)
    assert layer.W.abs().max() <= math.sqrt(6 / 13)
    assert layer.b.tolist() == [0.0] * 8 + [1.0] * 8 + [0.0] * 16
    assert Recurrent("mgu", input_size=5, hidden_size=8, init="keras").layers[0].b.abs().sum() == 0


def test_kaiming_initialisation_is_uniform_with_the_fan_in_of_a_block():
    layer = Recurrent("lstm", input_size=50, hidden_size=64, init="kaiming").layers[0]
    for parameter, fan_in in ((layer.W, 50), (layer.U, 64)):
        assert parameter.std().item() == pytest.approx(math.sqrt(2 / fan_in), rel=0.1)
    assert layer.b.abs().sum() == 0


def test_chrono_initialisation_remembers_up_to_the_steps_given():
    lstm = Recurrent("lstm", input_size=5, hidden_size=500, init="chrono", init_steps=50).layers[0]
    i, f, g, o = lstm.b.view(4, 500)
    assert torch.equal(i, -f)
    assert f.exp().min() >= 1 - 1e-5
    assert 45 < f.exp().max() <= 49 + 1e-3
    assert g.abs().sum() == o.abs().sum() == 0
    gru = Recurrent("gru", input_size=5, hidden_size=500, init="chrono", init_steps=50).layers[0]
    assert gru.b.view(3, 500)[1].exp().max() > 45
    with pytest.raises(ConfigError, match="needs init_steps"):
        Recurrent("lstm", input_size=5, hidden_size=4, init="chrono")
    with pytest.raises(ConfigError, match="cell 'rnn' has none"):
        Recurrent("rnn", input_size=5, hidden_size=4, init="chrono", init_steps=9)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"hidden_size": 0}, "hidden_size must be 1 or more, got 0"),
        ({"num_layers": 0}, "num_layers must be 1 or more"),
        ({"merge": "mean"}, "merge must be 'concat' or 'sum', got 'mean'"),
        ({"init": "zeros"}, "no init named 'zeros'; did you mean 'keras'"),
    ],
)
def test_wrong_arguments_are_told_with_what_is_allowed(change, message):
    with pytest.raises(ConfigError, match=message):
        Recurrent("lstm", **({"input_size": 3, "hidden_size": 4} | change))


@pytest.mark.parametrize(
    ("x", "lengths", "state", "message"),
    [
        (torch.zeros(2, 5, 4), None, None, r"x must be \[B, T, 3\] with T ≥ 1, got \[2, 5, 4\]"),
        (torch.zeros(2, 0, 3), None, None, "T ≥ 1"),
        (
            torch.zeros(2, 5, 3),
            torch.tensor([5]),
            None,
            r"a tensor of 2 integers, one per sequence, got \[1\]",
        ),
        (torch.zeros(2, 5, 3), torch.tensor([5, 0]), None, "lengths must be from 1 to 5, got 0 to 5"),
        (torch.zeros(2, 5, 3), torch.tensor([6, 1]), None, "got 1 to 6"),
        (torch.zeros(2, 5, 3), None, State(h=torch.zeros(1, 2, 3)), r"state h must be \[1, 2, 4\]"),
        (torch.zeros(2, 5, 3), None, State(c=torch.zeros(1, 2, 4)), "state must hold h, got c"),
    ],
)
def test_inputs_that_do_not_fit_are_told_with_both_shapes(x, lengths, state, message):
    with pytest.raises(ValueError, match=message):
        Recurrent("gru", input_size=3, hidden_size=4)(x, lengths, state)


def test_a_forced_engine_that_cannot_serve_is_an_error():
    network = Recurrent("mgu", input_size=3, hidden_size=4, engine="torch")
    with pytest.raises(EngineError, match="engine=torch cannot run here: torch does not have cell 'mgu'"):
        network(torch.zeros(1, 2, 3))
    with pytest.raises(EngineError, match="no engine named 'fast'"):
        Recurrent("gru", input_size=3, hidden_size=4, engine="fast")(torch.zeros(1, 2, 3))


@pytest.mark.parametrize(
    ("cell", "dtype", "engine"), [("lstm", torch.float32, "native"), ("mgu", torch.bfloat16, "eager")]
)
def test_auto_takes_the_fastest_engine_that_serves(cell, dtype, engine):
    assert Recurrent(cell, input_size=3, hidden_size=4).choice(dtype).engine.name == engine


@pytest.mark.parametrize("bidirectional", [False, True])
def test_a_model_that_answers_at_its_last_steps_reads_the_outputs_of_those_steps(bidirectional):
    model = SequenceModel(
        InputSpec("features", 2),
        4,
        output_steps=2,
        cell="gru",
        hidden_size=3,
        bidirectional=bidirectional,
    )
    x, lengths = torch.randn(3, 5, 2), torch.tensor([5, 2, 3])
    answers = model(x, lengths)
    assert answers.shape == (3, 2, 4)
    for row, length in enumerate(lengths.tolist()):
        outputs, _ = model.recurrent(x[row : row + 1, :length])
        assert torch.allclose(answers[row], model.head.linear(outputs[0, length - 2 :]), atol=1e-6)
