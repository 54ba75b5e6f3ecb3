"""Head, linear encoder and every dropout, each against its formula."""

import copy

import pytest
import torch

from seqlab.errors import ConfigError
from seqlab.models.sequence_model import SequenceModel
from seqlab.nn import Recurrent
from seqlab.nn.dropout import SequenceDropout, make_dropout
from seqlab.nn.encoders import Embedding, Linear
from seqlab.nn.heads import LinearHead
from seqlab.nn.parts import InputSpec


@pytest.mark.parametrize(
    "module",
    [Linear(InputSpec("features", 3), embedding_size=4), LinearHead(3, 4, dropout=0.5).eval()],
    ids=["encoder", "head"],
)
def test_encoder_and_head_are_linear_maps(module):
    x = torch.randn(2, 3)
    W, b = module.linear.weight.tolist(), module.linear.bias.tolist()
    expected = [[sum(W[j][k] * row[k] for k in range(3)) + b[j] for j in range(4)] for row in x.tolist()]
    torch.testing.assert_close(module(x), torch.tensor(expected), atol=1e-6, rtol=0)


@pytest.mark.parametrize("whole", [False, True], ids=["encoder", "model"])
def test_dropout_of_an_embedding_zeroes_or_doubles_its_numbers_in_training_only(whole):
    torch.manual_seed(0)
    encoder = Embedding(InputSpec("tokens", 9), embedding_size=6, embedding_dropout=0.5)
    if whole:
        sizes = {"embedding_size": 6, "hidden_size": 4}
        encoder = SequenceModel(InputSpec("tokens", 9), 2, **sizes, embedding_dropout=0.5).encoder
    x = torch.randint(1, 9, (4, 5))
    vectors = encoder.embedding.weight[x]
    dropped = encoder(x)
    kept = dropped != 0
    assert 0.2 < kept.float().mean() < 0.8
    torch.testing.assert_close(dropped[kept], 2 * vectors[kept])
    assert torch.equal(encoder.eval()(x), vectors)


def test_dropout_of_a_head_acts_before_its_map_and_in_training_only():
    torch.manual_seed(0)
    head = LinearHead(200, 1, dropout=0.5)
    torch.nn.init.ones_(head.linear.weight)
    torch.nn.init.zeros_(head.linear.bias)
    sums = head(torch.ones(1, 200))
    assert sums.item() % 2 == 0
    assert 140 < sums.item() < 260
    assert sums.item() != 200
    assert head.eval()(torch.ones(1, 200)).item() == pytest.approx(200)


@pytest.mark.parametrize("engine", ["reference", "eager", "torch"])
def test_dropout_between_layers_zeroes_or_doubles_what_the_second_layer_reads(engine):
    """With W = 1, all else 0 and relu, a layer hands on its input: the outputs show what was let through."""
    torch.manual_seed(0)
    both = Recurrent("rnn_relu", input_size=8, hidden_size=8, num_layers=2, dropout=0.5, engine=engine)
    one = Recurrent("rnn_relu", input_size=8, hidden_size=8, dropout=0.5, engine=engine)
    with torch.no_grad():
        for layer in (*both.layers, *one.layers):
            layer.W.copy_(torch.eye(8))
            layer.U.zero_()
            layer.b.zero_()
    x = torch.rand(4, 5, 8) + 0.1
    outputs, _ = both(x)
    kept = outputs != 0
    assert 0.3 < kept.float().mean() < 0.7
    torch.testing.assert_close(outputs[kept], 2 * x[kept])
    for quiet in (one, both.eval()):
        torch.testing.assert_close(quiet(x)[0], x)


def test_a_tied_head_has_the_embedding_as_its_weight():
    torch.manual_seed(0)
    settings = {"cell": "gru", "hidden_size": 6, "embedding_size": 6}
    tied = SequenceModel(InputSpec("tokens", 9), 9, -1, tied=True, **settings)
    free = SequenceModel(InputSpec("tokens", 9), 9, -1, **settings)
    weights = tied.state_dict()
    assert free.state_dict().keys() - weights.keys() == {"head.linear.weight"}
    free.load_state_dict(weights | {"head.linear.weight": weights["encoder.embedding.weight"]})
    x, lengths = torch.tensor([[4, 5, 6]]), torch.tensor([3])
    assert torch.equal(tied(x, lengths), free(x, lengths))
    tied(x, lengths).square().sum().backward()
    free(x, lengths).square().sum().backward()
    expected = free.encoder.embedding.weight.grad + free.head.linear.weight.grad
    torch.testing.assert_close(tied.encoder.embedding.weight.grad[1:], expected[1:])
    again = copy.deepcopy(tied).double()
    assert again.head.weight.data_ptr() == again.encoder.embedding.weight.data_ptr()


def test_a_head_that_is_tied_to_an_embedding_with_classes_predicts_the_tokens_alone():
    inputs = InputSpec("tokens", 9, classes=3)
    settings = {"cell": "gru", "hidden_size": 6, "embedding_size": 6, "condition": "class"}
    tied = SequenceModel(inputs, 9, -1, tied=True, **settings)
    free = SequenceModel(inputs, 9, -1, **settings)
    weights = tied.state_dict()
    vectors = weights["encoder.embedding.weight"]
    assert vectors.shape == (12, 6)
    free.load_state_dict(weights | {"head.linear.weight": vectors[:9]})
    x, lengths = torch.tensor([[11, 5, 6]]), torch.tensor([3])
    assert torch.equal(tied(x, lengths), free(x, lengths))


@pytest.mark.parametrize("settings", [{"embedding_size": 5}, {"encoder": "onehot"}, {"output_size": 3}])
def test_what_cannot_be_tied_is_refused(settings):
    settings = {"output_size": 9, "embedding_size": 6, **settings}
    with pytest.raises(ConfigError, match=r"model\.tied=true"):
        SequenceModel(InputSpec("tokens", 9), output_steps=-1, hidden_size=6, tied=True, **settings)


@pytest.mark.parametrize("shape", [(40, 5, 60), (40, 60)])
def test_dropout_of_a_sequence_has_one_mask_for_all_its_steps(shape):
    torch.manual_seed(0)
    x = torch.rand(shape) + 0.1
    dropped = make_dropout(0.3, "sequence")(x)
    kept = dropped != 0
    assert kept.float().mean() == pytest.approx(0.7, abs=0.03)
    torch.testing.assert_close(dropped[kept], x[kept] / 0.7)
    masks = kept.view(40, -1, 60)
    assert (masks == masks[:, :1]).all()
    assert not (masks[1:, 0] == masks[:1, 0]).all()
    assert torch.equal(make_dropout(0.3, "sequence").eval()(x), x)


def test_a_network_has_one_mask_a_sequence_everywhere():
    settings = {"hidden_size": 4, "num_layers": 3, "dropout": 0.4, "embedding_dropout": 0.2}
    model = SequenceModel(InputSpec("tokens", 9), 2, dropout_each="sequence", **settings)
    found = [one.p for one in model.modules() if isinstance(one, SequenceDropout)]
    assert found == [0.2, 0.4, 0.4, 0.4]
    assert not any(isinstance(one, torch.nn.Dropout) for one in model.modules())


def test_penalties_of_activations_are_those_of_the_formula():
    torch.manual_seed(0)
    settings = {"hidden_size": 4, "cell": "gru", "dropout": 0.5, "dropout_each": "sequence"}
    model = SequenceModel(
        InputSpec("tokens", 9), 9, -1, activation_penalty=2.0, change_penalty=3.0, **settings
    )
    x, lengths = torch.randint(1, 9, (2, 5)), torch.tensor([5, 2])
    seen = []
    model.activation_penalty.dropout.register_forward_hook(
        lambda _module, given, made: seen.append((given[0], made))
    )
    model(x, lengths)
    ((outputs, dropped),) = seen
    squares = [dropped[row, step] ** 2 for row, steps in ((0, 5), (1, 2)) for step in range(steps)]
    changes = [
        (outputs[row, step + 1] - outputs[row, step]) ** 2
        for row, steps in ((0, 5), (1, 2))
        for step in range(steps - 1)
    ]
    expected = 2 * torch.stack(squares).mean() + 3 * torch.stack(changes).mean()
    torch.testing.assert_close(model.take_penalty(), expected)
    assert model.take_penalty() is None
    model.eval()(x, lengths)
    assert model.take_penalty() is None


def test_a_network_with_penalties_has_the_weights_and_answers_of_one_without():
    torch.manual_seed(0)
    plain = SequenceModel(InputSpec("tokens", 9), 9, -1, hidden_size=4).eval()
    penalised = SequenceModel(InputSpec("tokens", 9), 9, -1, hidden_size=4, change_penalty=1.0).eval()
    penalised.load_state_dict(plain.state_dict())
    x, lengths = torch.randint(1, 9, (2, 5)), torch.tensor([5, 2])
    torch.testing.assert_close(penalised(x, lengths), plain(x, lengths))


def test_penalties_are_for_outputs_at_every_step():
    with pytest.raises(ConfigError, match="an output at every step"):
        SequenceModel(InputSpec("tokens", 9), 2, activation_penalty=1.0)
