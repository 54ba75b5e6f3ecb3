"""Segments, parallel decoding and independent channels: SegRNN in plain torch, and each channel alone."""

import pytest
import torch
from torch import nn

from seqlab.errors import ConfigError
from seqlab.models.sequence_model import SequenceModel
from seqlab.nn.exchange import to_torch
from seqlab.nn.parts import InputSpec

from .series import HORIZON, LENGTHS, STEPS, TARGETS, forecast, network, windows

SEGRNN = {
    "encoder": "segments",
    "segment": 3,
    "embedding_size": 8,
    "decoder": "parallel",
    "channels": "independent",
    "channel_embedding": 4,
    "instance_norm": "last",
}


def segrnn(module, x):
    """Lin et al. 2023, figure 4, with parallel decoding; one channel of one window after the other."""
    model = module.model
    rnn = to_torch(model.recurrent)
    weight = dict(model.named_parameters())
    found = torch.zeros(len(x), HORIZON, len(TARGETS), dtype=x.dtype)
    for window in range(len(x)):
        for number, column in enumerate(TARGETS):
            last = x[window, -1, column]
            read = torch.stack([x[window, :, column] - last, x[window, :, 1]], -1)
            segments = read.reshape(STEPS // 3, 3 * 2)
            embedded = torch.relu(
                segments @ weight["encoder.linear.weight"].T + weight["encoder.linear.bias"]
            )
            _, state = rnn(embedded[None])
            parts = []
            for position in weight["decoder.positions"]:
                vector = torch.cat([position, weight["channels.embedding"][number]])
                output, _ = rnn(vector[None, None], state)
                parts.append(weight["head.linear.weight"] @ output[0, 0] + weight["head.linear.bias"])
            found[window, :, number] = torch.cat(parts)[:HORIZON] + last
    return found


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_a_network_of_segments_is_segrnn(cell, layers):
    module, x = network(**SEGRNN, cell=cell, num_layers=layers), windows()
    with torch.no_grad():
        expected = segrnn(module, x)
    torch.testing.assert_close(forecast(module, x), expected)


@pytest.mark.parametrize("engine", ["native", "eager", "torch"])
def test_every_engine_runs_it(engine):
    x = windows()
    answers = [forecast(network(**SEGRNN, engine=one), x) for one in ("reference", engine)]
    torch.testing.assert_close(*answers)


def test_all_columns_of_a_segment_are_read_where_channels_are_mixed():
    module, x = network(encoder="segments", segment=4, embedding_size=5), windows()
    weight = dict(module.model.named_parameters())
    segments = x.reshape(4, 3, 4 * 3) @ weight["encoder.linear.weight"].T + weight["encoder.linear.bias"]
    _, state = to_torch(module.model.recurrent)(torch.relu(segments))
    answers = state[0] @ weight["head.linear.weight"].T + weight["head.linear.bias"]
    expected = answers.view(4, HORIZON, 2) + x[:, -1:, TARGETS]
    with torch.no_grad():
        torch.testing.assert_close(forecast(module, x), expected)


@pytest.mark.parametrize("decoder", ["direct", "parallel"])
@pytest.mark.parametrize("loss", ["mae", "quantiles", "student_t"])
def test_channels_are_forecast_one_by_one_by_the_same_network(loss, decoder):
    settings = {"instance_norm": "standard", "channels": "independent", "decoder": decoder, "segment": 2}
    module, x = network({"loss": loss}, **settings, encoder="linear"), windows()
    swapped = x.clone()
    swapped[:, :, TARGETS] = x[:, :, TARGETS[::-1]]
    before = forecast(module, x)
    torch.testing.assert_close(forecast(module, swapped), before.flip(2))
    x[:, :, TARGETS[1]] = torch.randn(4, STEPS, dtype=x.dtype).cumsum(1)
    found = forecast(module, x)
    torch.testing.assert_close(found[:, :, 0], before[:, :, 0], rtol=0, atol=0)
    assert (found[:, :, 1] != before[:, :, 1]).any()


@pytest.mark.parametrize("decoder", ["direct", "parallel"])
def test_a_channel_has_a_vector_of_its_own(decoder):
    module = network(channels="independent", channel_embedding=3, decoder=decoder, encoder="linear")
    x = windows()
    x[:, :, TARGETS[1]] = x[:, :, TARGETS[0]]  # both channels read the same
    first, second = forecast(module, x).unbind(2)
    assert not torch.isclose(first, second).any()
    with torch.no_grad():
        module.model.channels.embedding[1] = module.model.channels.embedding[0]
    first, second = forecast(module, x).unbind(2)
    torch.testing.assert_close(first, second)


def test_every_parameter_learns_and_belongs_to_a_part():
    module, x = network(**SEGRNN | {"instance_norm": "revin"}), windows()
    module(x, LENGTHS).square().sum().backward()
    found = {id(one) for part in module.model.parts().values() for one in part}
    for name, parameter in module.model.named_parameters():
        assert id(parameter) in found, name
        assert parameter.grad.abs().max() > 0, name


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            {"encoder": "segments", "segment": 5},
            "segment=5 does not divide the 12 steps .*data.input_steps=10",
        ),
        ({"encoder": "segments", "segment": 48}, "segment=48 does not divide .* use data.input_steps=48"),
        ({"decoder": "parallel", "bidirectional": True}, "use model.bidirectional=false"),
        ({"decoder": "parallel", "reverse": True}, "model.reverse=false"),
        ({**SEGRNN, "channel_embedding": 8}, "channel_embedding=8 leaves no room .* read 8 numbers"),
    ],
)
def test_what_does_not_fit_is_refused(settings, said):
    with pytest.raises(ConfigError, match=said):
        network(**settings)


@pytest.mark.parametrize(
    "setting", [{"encoder": "segments"}, {"decoder": "parallel"}, {"channels": "independent"}]
)
def test_only_series_have_segments_channels_and_a_horizon(setting):
    ((name, value),) = setting.items()
    with pytest.raises(ConfigError, match=f"model.{name}={value} is for series that are forecast; use model"):
        SequenceModel(InputSpec("features", 3), **setting)


class Halved(nn.Module):
    """An encoder of one's own that makes a step of two."""

    output_size, segment = 6, 2

    def forward(self, x):
        return x.reshape(len(x), -1, self.output_size)


def test_an_encoder_of_ones_own_may_make_a_step_of_several():
    module, x = network(encoder=Halved(), pooling="mean"), windows()
    outputs, _ = module.model.recurrent(x.reshape(4, STEPS // 2, 6))
    with torch.no_grad():
        expected = module.model.head(outputs.mean(1))
        torch.testing.assert_close(module(x, LENGTHS), expected)


def test_a_network_that_reads_other_steps_is_not_followed_step_by_step():
    for setting in ({"encoder": "segments", "segment": 4}, {"channels": "independent"}):
        with pytest.raises(ConfigError, match="explain follows a network step by step"):
            network(**setting).model.check_stepwise("explain")
    network(instance_norm="revin").model.check_stepwise("explain")
