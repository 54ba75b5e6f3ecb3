"""What torch hangs on a module's call, a hook or a parametrization, acts on every engine."""

import copy
import pickle

import pytest
import torch
from torch.nn.utils import parametrizations, parametrize, prune, weight_norm

from seqlab.nn import Recurrent

X = torch.randn(3, 5, 4, generator=torch.Generator().manual_seed(0))


@pytest.fixture(params=["auto", "torch", "eager", "reference"])
def lstm(request):
    torch.manual_seed(0)
    return Recurrent("lstm", input_size=4, hidden_size=6, engine=request.param)


def test_a_pruned_weight_follows_its_origin(lstm):
    layer = lstm.layers[0]
    prune.l1_unstructured(layer, "U", 0.5)
    with torch.no_grad():
        layer.U_orig.mul_(3)
    lstm(X)[0].sum().backward()
    assert torch.equal(layer.U, layer.U_orig * layer.U_mask)
    assert torch.equal(layer.U_orig.grad == 0, layer.U_mask == 0)


@pytest.mark.filterwarnings("ignore:.*weight_norm.*:FutureWarning")
def test_the_old_weight_norm_follows_its_scale(lstm):
    weight_norm(lstm.layers[0], "W")
    before = lstm(X)[0]
    with torch.no_grad():
        lstm.layers[0].W_g.mul_(3)
    assert not torch.equal(before, lstm(X)[0])


@pytest.mark.parametrize("name", ["W", "U", "b"])
def test_a_parametrization_is_read_once_a_call(lstm, name):
    class Doubled(torch.nn.Module):
        calls = 0

        def forward(self, value):
            self.calls += 1
            return 2 * value

    doubled, layer = Doubled(), lstm.layers[0]
    expected = copy.deepcopy(lstm)
    getattr(expected.layers[0], name).data.mul_(2)
    parametrize.register_parametrization(layer, name, doubled)
    doubled.calls = 0
    outputs, _ = lstm(X)
    assert doubled.calls == 1
    torch.testing.assert_close(outputs, expected(X)[0])


def test_spectral_norm_trains(lstm):
    parametrizations.spectral_norm(lstm.layers[0], "U")
    lstm(X)[0].sum().backward()
    assert lstm.layers[0].parametrizations.U.original.grad.abs().sum() > 0


def test_hooks_of_a_layer_see_its_inputs_outputs_and_gradients(lstm):
    seen = []
    layer = lstm.layers[0]
    layer.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].shape))
    layer.register_forward_hook(lambda _, __, returned: seen.append(returned[0].shape))
    layer.register_full_backward_hook(lambda _, d_inputs, d_outputs: seen.append(d_outputs[0].shape))
    lstm(X.clone().requires_grad_())[0].sum().backward()
    assert seen == [(3, 5, 4), (3, 5, 6), (3, 5, 6)]


@pytest.mark.parametrize("engine", ["auto", "eager", "reference"])
def test_a_pruned_vector_and_a_pruned_norm_follow_their_origins(engine):
    peephole = Recurrent("lstm_peephole", input_size=4, hidden_size=6, engine=engine)
    peephole(X)
    prune.l1_unstructured(own := peephole.layers[0].own, next(iter(own)), 0.5)
    with torch.no_grad():
        getattr(own, f"{next(iter(own))}_orig").fill_(5)
    peephole(X)
    assert own[next(iter(own))].max() == 5
    normed = Recurrent("lstm_layernorm", input_size=4, hidden_size=6, engine=engine)
    before = normed(X)[0]
    norm = next(iter(normed.layers[0].norms.values()))
    prune.l1_unstructured(norm, "weight", 0.5)
    assert not torch.equal(normed(X)[0], before)
    with torch.no_grad():
        norm.weight_orig.mul_(3)
    normed(X)
    assert torch.equal(norm.weight, norm.weight_orig * norm.weight_mask)


def test_copies_and_pickles_choose_their_engine_anew(lstm):
    lstm(X)
    for other in (copy.deepcopy(lstm), pickle.loads(pickle.dumps(lstm))):
        assert other._choices == {}
        assert torch.equal(other(X)[0], lstm(X)[0])
