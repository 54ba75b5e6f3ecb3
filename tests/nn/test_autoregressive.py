"""An encoder-decoder in plain torch, and what it reads in training: its answers, the truth, or by chance."""

import pytest
import torch

from seqlab.data import Batch
from seqlab.errors import ConfigError
from seqlab.nn.decoders import TeacherForcing
from seqlab.nn.exchange import to_torch

from .series import HORIZON, LENGTHS, TARGETS, network, windows

SEGMENT = 2
DECODER = {"decoder": "autoregressive", "segment": SEGMENT}
LOSSES = ("mae", "quantiles", "gaussian", "student_t")


def decoded(module, x, target=None):
    """Return the outputs of a sequence-to-sequence network, step by step, [4, horizon, K·numbers].

    With targets, [4, horizon, K], each step reads those of the segment before.
    """
    model = module.model
    encoder, decoder = to_torch(model.recurrent), to_torch(model.decoder.layers)
    weight = dict(model.named_parameters())
    (numbers,) = module.task.loss.shape or (1,)
    _, state = encoder(x)
    read = weight["decoder.first"].expand(len(x), -1)
    found = []
    for segment in range(-(-HORIZON // SEGMENT)):
        output, state = decoder(read[:, None], state)
        answer = output[:, 0] @ weight["head.linear.weight"].T + weight["head.linear.bias"]
        found.append(answer.view(len(x), SEGMENT, -1))
        value = answer.view(len(x), SEGMENT, len(TARGETS), numbers)[..., module.task.loss.location]
        if target is not None:
            value = target[:, segment * SEGMENT : (segment + 1) * SEGMENT]
        read = value.flatten(1)
    return torch.cat(found, 1)[:, :HORIZON]


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize(("cell", "layers"), [("gru", 1), ("lstm", 2)])
def test_an_encoder_decoder_reads_what_it_has_answered(cell, layers, loss):
    module, x = network({"loss": loss}, **DECODER, cell=cell, num_layers=layers), windows()
    with torch.no_grad():
        found = module(x, LENGTHS).view(4, HORIZON, -1)
        torch.testing.assert_close(found, decoded(module, x))


def targets_of() -> torch.Tensor:
    return torch.randn(4, HORIZON, 2, generator=torch.Generator().manual_seed(5), dtype=torch.float64)


def test_in_training_it_reads_the_truth_always_never_or_by_chance():
    module, x, target = network(**DECODER), windows(), targets_of()
    with torch.no_grad():
        own, forced = decoded(module, x), decoded(module, x, target)
        assert not torch.isclose(own[:, SEGMENT:], forced[:, SEGMENT:]).any()
        for share, expected in ((0.0, own), (1.0, forced)):
            found = module.model(x, LENGTHS, TeacherForcing(target, share)).view(4, HORIZON, -1)
            torch.testing.assert_close(found, expected)
        second = slice(SEGMENT, 2 * SEGMENT)
        many = [
            module.model(x, LENGTHS, TeacherForcing(target, 0.3)).view(4, HORIZON, -1) for _ in range(200)
        ]
    is_forced = torch.stack([torch.isclose(one, forced)[:, second].all((1, 2)) for one in many])
    is_own = torch.stack([torch.isclose(one, own)[:, second].all((1, 2)) for one in many])
    assert (is_forced ^ is_own).all()
    assert (is_forced.any(1) & ~is_forced.all(1)).any()  # each window by its own chance
    assert float(is_forced.double().mean()) == pytest.approx(0.3, abs=0.05)  # 800 draws: 3 standard errors


def test_channels_read_their_own_truth():
    settings = DECODER | {"channels": "independent", "channel_embedding": 3}
    module, x, target = network(**settings), windows(), targets_of()
    with torch.no_grad():
        found = module.model(x, LENGTHS, TeacherForcing(target, 1.0)).view(4, HORIZON, 2)
        target[:, :, 0] += 1
        changed = module.model(x, LENGTHS, TeacherForcing(target, 1.0)).view(4, HORIZON, 2)
    assert torch.equal(found[:, :, 1], changed[:, :, 1])
    assert not torch.isclose(found[:, SEGMENT:, 0], changed[:, SEGMENT:, 0]).any()


@pytest.mark.parametrize("residual", ["persistence", "none"])
@pytest.mark.parametrize("norm", ["none", "last", "revin"])
@pytest.mark.parametrize("loss", LOSSES)
def test_the_truth_is_read_as_outputs_have_it(loss, norm, residual):
    task = network({"loss": loss, "residual": residual}, instance_norm=norm).task
    batch = Batch(windows(), LENGTHS, targets_of(), torch.arange(4))
    with torch.no_grad():
        outputs = torch.zeros(4, *task.shape, dtype=torch.float64)
        located = task.decoder_targets(batch)
        if task.loss.shape:
            outputs[..., task.loss.location] = located
        else:
            outputs = located
        torch.testing.assert_close(task.loss.point(task.forecast(outputs, batch.x)), batch.y)


class AtStep:
    """What a module asks of its trainer."""

    estimated_stepping_batches = num_training_batches = 10
    accumulate_grad_batches = max_epochs = 1

    def __init__(self, global_step: int) -> None:
        self.global_step = global_step
        self.fit_loop = self

    def setup_data(self) -> None:
        """Do nothing: the number of batches is known."""


@pytest.mark.parametrize(("step", "share"), [(0, 0.9), (5, 0.5), (10, 0.1)])
def test_the_truth_is_read_less_and_less_often(step, share, monkeypatch):
    module = network(**DECODER, teacher_forcing=0.9, teacher_forcing_end=0.1)
    monkeypatch.setattr(type(module), "trainer", AtStep(step))
    monkeypatch.setattr(type(module), "global_step", step)
    assert module._teacher_forcing() == pytest.approx(share)


@pytest.mark.parametrize("between", ["residual", "layernorm"])
def test_its_layers_have_between_them_what_the_recurrent_layers_have(between):
    module = network(**DECODER, num_layers=2, between=between, dropout=0.3, dropout_each="sequence")
    ours, theirs = module.model.decoder.layers.between, module.model.recurrent.between
    assert str(ours) == str(theirs)
    module(windows(), LENGTHS)
    assert not set(map(id, ours.parameters())) & set(map(id, theirs.parameters()))


def test_a_residual_adds_nothing_to_the_lowest_layer_whose_inputs_have_another_width():
    same = {"embedding_size": 8, "encoder": "segments", "hidden_size": 8}  # as wide as the layers
    module = network(**DECODER | same, num_layers=2, between="residual")
    plain = network(**DECODER | same, num_layers=2)
    plain.load_state_dict(module.state_dict())
    layers, x = (
        module.model.decoder.layers,
        torch.randn(5, 3, module.model.decoder.layers.input_size).to(windows()),
    )
    torch.testing.assert_close(layers(x)[0], plain.model.decoder.layers(x)[0])


def test_every_parameter_learns():
    module, x = network(**DECODER | {"channels": "independent", "channel_embedding": 2}), windows()
    module(x, LENGTHS).square().sum().backward()
    for name, parameter in module.model.named_parameters():
        assert parameter.grad.abs().max() > 0, name


def test_windows_that_are_read_from_their_end_are_refused():
    with pytest.raises(ConfigError, match="decoder=autoregressive goes on where a window ends"):
        network(**DECODER, bidirectional=True)
