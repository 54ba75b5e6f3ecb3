"""A linear model beside the network: its sum by hand, what it starts as, what it is refused with."""

import pytest
import torch

from seqlab import SequenceModel
from seqlab.errors import ConfigError
from seqlab.nn.encoders import Embedding
from seqlab.nn.parts import InputSpec

TOKENS = InputSpec("tokens", 9, tuple("abcdefghi"), (4 * 9 + 5,))
COLUMNS = InputSpec("features", 3)


def models(inputs: InputSpec, encoder: str, **settings) -> tuple[SequenceModel, SequenceModel]:
    """Return a network without and with a linear model beside it, the rest of whose weights are the same."""
    torch.manual_seed(0)
    given = {"cell": "gru", "hidden_size": 4, "embedding_size": 5, "encoder": encoder, **settings}
    deep, wide = (
        SequenceModel(inputs, 2, wide=is_wide, **given).double().eval() for is_wide in (False, True)
    )
    assert not wide.load_state_dict(deep.state_dict(), strict=False).unexpected_keys
    return deep, wide


@pytest.mark.parametrize("encoder", ["embedding", "ngrams"])
def test_at_first_the_answer_is_that_of_the_network(encoder):
    deep, wide = models(TOKENS, encoder)
    x, lengths = torch.tensor([[4, 5, 6], [7, 0, 0]]), torch.tensor([3, 1])
    assert torch.equal(wide(x, lengths), deep(x, lengths))


def test_each_token_and_ngram_adds_its_weights():
    deep, wide = models(TOKENS, "ngrams", pooling="max", bidirectional=True)
    weights = wide.wide.encoder.embedding.weight
    torch.nn.init.normal_(weights)
    x, lengths = torch.tensor([[4, 5, 6, 4], [7, 7, 0, 0]]), torch.tensor([4, 2])
    pair = 9  # behind the tokens: 4 5
    first = (weights[4] + weights[5] + weights[pair] + weights[6] + weights[4]) / 2
    expected = torch.stack([first, 2 * weights[7] / 2**0.5])
    torch.testing.assert_close(wide(x, lengths) - deep(x, lengths), expected)


def test_columns_have_a_linear_model_too_and_padding_counts_for_nothing():
    deep, wide = models(COLUMNS, "linear")
    torch.nn.init.normal_(wide.wide.encoder.linear.weight)
    torch.nn.init.normal_(wide.wide.encoder.linear.bias)
    x, lengths = torch.randn(2, 5, 3, dtype=torch.float64), torch.tensor([5, 2])
    each = [wide.wide.encoder.linear(x[row, :steps]).sum(0) / steps**0.5 for row, steps in enumerate((5, 2))]
    torch.testing.assert_close(wide(x, lengths) - deep(x, lengths), torch.stack(each))


def test_a_state_that_is_carried_changes_nothing_of_it():
    deep, wide = models(COLUMNS, "linear")
    torch.nn.init.normal_(wide.wide.encoder.linear.weight)
    x, lengths = torch.randn(2, 5, 3, dtype=torch.float64), torch.tensor([5, 5])
    _, state = deep.carry(x, lengths, None)
    found, expected = wide.carry(x, lengths, state)[0], deep.carry(x, lengths, state)[0]
    torch.testing.assert_close(found - expected, wide.wide(x, lengths))


def test_its_weights_are_of_the_part_head():
    _, wide = models(TOKENS, "embedding", freeze=["encoder", "recurrent"])
    assert wide.wide.encoder.embedding.weight.requires_grad
    assert any(one is wide.wide.encoder.embedding.weight for one in wide.parts()["head"])


@pytest.mark.parametrize(
    ("inputs", "settings", "said"),
    [
        (TOKENS, {"output_steps": -1}, "one output a sequence"),
        (TOKENS, {"encoder": "onehot"}, "embedding, ngrams or linear"),
        (TOKENS, {"encoder": Embedding(TOKENS)}, "embedding, ngrams or linear"),
        (COLUMNS, {"encoder": "identity"}, "embedding, ngrams or linear"),
    ],
)
def test_what_has_no_such_model_is_refused(inputs, settings, said):
    with pytest.raises(ConfigError, match=f"model.wide=true .*{said}"):
        SequenceModel(inputs, 2, wide=True, **settings)
