"""What reads feature columns: as they are, or through a linear map."""

import pytest
import torch

from seqlab.errors import ConfigError
from seqlab.nn.encoders import Identity, Linear, make_encoder
from seqlab.nn.parts import InputSpec


def encoder(name: str, kind: str = "features"):
    return make_encoder(name, InputSpec(kind, 5), embedding_size=7)


@pytest.mark.parametrize("name", ["auto", "identity"])
def test_features_are_read_as_they_are(name):
    identity = encoder(name)
    assert isinstance(identity, Identity)
    assert identity.output_size == 5
    assert not list(identity.parameters())
    x = torch.randn(2, 3, 5)
    assert identity(x) is x


def test_features_can_be_mapped():
    linear = encoder("linear")
    assert isinstance(linear, Linear)
    x = torch.randn(2, 3, 5)
    expected = x @ linear.linear.weight.T + linear.linear.bias
    assert linear.output_size == 7
    torch.testing.assert_close(linear(x), expected)


@pytest.mark.parametrize("name", ["embedding", "onehot"])
def test_tokens_encoders_do_not_read_features(name):
    with pytest.raises(ConfigError, match=f"model.encoder={name} does not read features"):
        encoder(name)


@pytest.mark.parametrize("name", ["identity", "linear"])
def test_feature_encoders_do_not_read_tokens(name):
    with pytest.raises(ConfigError, match=f"model.encoder={name} does not read tokens"):
        encoder(name, "tokens")
