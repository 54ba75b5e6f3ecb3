"""What autograd sees: strides, padding, hooks, second backward passes, and what is not kept."""

import copy
import io
import pickle

import pytest
import torch
from torch.testing import assert_close
from torch.utils.checkpoint import checkpoint

from seqlab.cells import State
from seqlab.nn import Recurrent

B, T, I, H = 4, 6, 3, 7  # noqa: E741 (the letter of the input size)
LENGTHS = torch.tensor([6, 1, 4, 2])


def networks(cell="lstm", **settings):
    """Return the same network in float64 on the native engine and on the reference."""
    torch.manual_seed(0)
    settings = {"input_size": I, "hidden_size": H} | settings
    native = Recurrent(cell, engine="native", **settings).double()
    reference = Recurrent(cell, engine="reference", **settings).double()
    reference.load_state_dict(native.state_dict())
    return native, reference


def inputs(*shape, seed=1):
    return torch.randn(shape or (B, T, I), generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def gradients(network, total, *leaves):
    return torch.autograd.grad(total, [*leaves, *network.parameters()])


@pytest.mark.parametrize(
    "make",
    [
        lambda x: x.transpose(0, 1),
        lambda x: x.transpose(1, 2).contiguous().transpose(1, 2).transpose(0, 1),
        lambda x: x.repeat(1, 1, 2)[..., ::2][..., :I].transpose(0, 1),
        lambda x: x[:1].expand(T, B, I).transpose(0, 1),
        lambda x: x[:, :, :1].expand(T, B, I).transpose(0, 1),
        lambda x: x.flip(0)[1:].transpose(0, 1)[1:],
    ],
    ids=["time first", "features apart", "every second feature", "one step", "one feature", "a part"],
)
@pytest.mark.parametrize("lengths", [None, LENGTHS])
def test_inputs_may_lie_anywhere_in_memory(make, lengths):
    leaf = inputs(T, B, I).requires_grad_()
    x = make(leaf)
    lengths = None if lengths is None else lengths[-len(x) :].clamp(max=x.shape[1])
    native, reference = networks()
    found, _ = native(x, lengths)
    expected, _ = reference(x, lengths)
    weights = inputs(*found.shape) if lengths is None else mask(lengths, x.shape[1]) * inputs(*found.shape)
    assert_close(found * weights, expected * weights)
    values = gradients(native, (found * weights).sum(), leaf)
    assert_close(values, gradients(reference, (expected * weights).sum(), leaf))


def mask(lengths, steps):
    return (torch.arange(steps) < lengths[:, None])[..., None]


@pytest.mark.parametrize(
    "total",
    [
        lambda outputs: outputs.sum(),
        lambda outputs: outputs.transpose(0, 2).contiguous().square().sum(),
        lambda outputs: outputs[:, 2].sum(),
        lambda outputs: outputs[..., ::2].square().sum(),
        lambda outputs: (outputs.permute(2, 0, 1) @ inputs(T, 2)).square().sum(),
        lambda outputs: outputs[:, :, 0].mean(),
    ],
)
def test_gradients_may_lie_anywhere_in_memory(total):
    x = inputs().requires_grad_()
    native, reference = networks()
    found = gradients(native, total(native(x)[0]), x)
    assert_close(found, gradients(reference, total(reference(x)[0]), x))


@pytest.mark.parametrize("name", ["h", "c"])
def test_final_states_alone_have_gradients(name):
    x, start = inputs().requires_grad_(), State(h=inputs(1, B, H), c=inputs(1, B, H))
    start[name].requires_grad_()
    native, reference = networks()
    found, expected = (network(x, LENGTHS, start)[1][name].square().sum() for network in (native, reference))
    found = gradients(native, found, x, start[name])
    assert_close(found, gradients(reference, expected, x, start[name]))


@pytest.mark.parametrize("wanted", ["x", "W", "U", "b", "state"])
def test_each_gradient_is_right_when_it_is_the_only_one(wanted):
    found = []
    for network in networks():
        x, start = inputs(), State(h=inputs(1, B, H), c=inputs(1, B, H))
        network.requires_grad_(requires_grad=False)
        leaf = {"x": x, "state": start["h"]}.get(wanted)
        leaf = getattr(network.layers[0], wanted) if leaf is None else leaf
        leaf.requires_grad_()
        found += torch.autograd.grad(network(x, state=start)[0].square().sum(), leaf)
    assert_close(found[0], found[1])


def test_padding_gives_zeros_and_takes_none_of_what_stands_there():
    x = inputs()
    native, _ = networks("lstm_layernorm", num_layers=2, bidirectional=True)
    clean, clean_final = native(x.masked_fill(~mask(LENGTHS, T), 0.5).requires_grad_(), LENGTHS)
    for garbage in (torch.nan, torch.inf, 1e300):
        dirty = x.masked_fill(~mask(LENGTHS, T), garbage)
        dirty[mask(LENGTHS, T).expand_as(dirty)] = x[mask(LENGTHS, T).expand_as(x)]
        dirty.requires_grad_()
        outputs, final = native(dirty, LENGTHS)
        assert outputs.equal(clean)
        assert all(final[name].equal(clean_final[name]) for name in final)
        assert outputs.masked_select(~mask(LENGTHS, T)).eq(0).all()
        (d_x,) = torch.autograd.grad(outputs.square().sum() + final["c"].sum(), dirty)
        assert d_x.isfinite().all()
        assert d_x.masked_select(~mask(LENGTHS, T)).eq(0).all()


def test_gradients_of_padded_outputs_are_not_read():
    x = inputs().requires_grad_()
    native, _ = networks()
    outputs, _ = native(x, LENGTHS)
    weights = inputs(*outputs.shape)
    kept = gradients(native, (outputs * weights * mask(LENGTHS, T)).sum(), x)
    outputs, _ = native(x, LENGTHS)
    outputs.backward(weights.masked_fill(~mask(LENGTHS, T), torch.nan), inputs=[x, *native.parameters()])
    assert_close((x.grad, *(p.grad for p in native.parameters())), kept, rtol=0, atol=0)


def test_numbers_agree_with_finite_differences():
    native, _ = networks("gru_reset_before", hidden_size=3)
    x, h = inputs(2, 3, I).requires_grad_(), inputs(1, 2, 3).requires_grad_()
    W, U, b = (getattr(native.layers[0], name) for name in ("W", "U", "b"))

    def run(x, h, *_):
        outputs, final = native(x, torch.tensor([2, 3]), State(h=h))
        return outputs, final["h"]

    assert torch.autograd.gradcheck(run, (x, h, W, U, b))


def test_a_graph_that_is_kept_gives_the_same_gradients_twice():
    x = inputs().requires_grad_()
    native, _ = networks("gru")
    total = native(x, LENGTHS)[0].square().sum()
    first = torch.autograd.grad(total, [x, *native.parameters()], retain_graph=True)
    assert_close(gradients(native, total, x), first, rtol=0, atol=0)


def test_gradients_with_a_graph_are_those_without_one():
    x = inputs().requires_grad_()
    native, _ = networks("lstm_layernorm", num_layers=2, bidirectional=True)
    total = native(x, LENGTHS)[0].square().sum()
    plain = torch.autograd.grad(total, [x, *native.parameters()], retain_graph=True)
    assert_close(torch.autograd.grad(total, [x, *native.parameters()], create_graph=True), plain)


def test_a_batch_of_gradients_is_the_gradients_one_by_one():
    x, seeds = inputs().requires_grad_(), inputs(5, B, T, H)
    native, reference = networks()
    found, expected = (
        torch.autograd.grad(network(x, LENGTHS)[0], x, seeds, is_grads_batched=True)
        for network in (native, reference)
    )
    assert_close(found, expected)


def test_lengths_that_are_used_again_change_no_gradient():
    native, reference = networks()
    found = []
    for network in (native, reference):
        x, lengths = inputs().requires_grad_(), LENGTHS.clone()
        outputs, _ = network(x, lengths)
        if network is native:
            lengths.fill_(T)
        found += torch.autograd.grad(outputs.square().sum(), x, create_graph=True)
    assert_close(*found)


@pytest.mark.parametrize("change", [torch.Tensor.zero_, lambda outputs: outputs.masked_fill_(outputs > 0, 2)])
def test_outputs_may_be_changed_in_place(change):
    found = []
    for network in networks():
        x = inputs().requires_grad_()
        outputs, _ = network(x, LENGTHS)
        change(outputs)
        found.append((outputs, *gradients(network, outputs.sum(), x)))
    assert_close(*found)


def test_a_view_that_stands_for_the_negative_numbers_is_read_as_such():
    x = torch.view_as_complex(inputs(B, T, I, 2)).conj().imag
    assert x.is_neg()
    native, reference = networks()
    assert_close(native(x)[0], reference(x)[0])


def test_a_tensor_without_memory_is_refused():
    native, _ = networks()
    native(inputs())
    native.layers[0].U.untyped_storage().resize_(0)
    with pytest.raises(ValueError, match="U has no CPU memory"):
        native(inputs())


def test_checkpointing_and_hooks_on_saved_tensors_change_nothing():
    x = inputs().requires_grad_()
    native, _ = networks("gru")
    expected = gradients(native, native(x, LENGTHS)[0].square().sum(), x)
    outputs = checkpoint(lambda x: native(x, LENGTHS)[0], x, use_reentrant=False)
    assert_close(gradients(native, outputs.square().sum(), x), expected, rtol=0, atol=0)
    packed = []
    with torch.autograd.graph.saved_tensors_hooks(lambda t: packed.append(t.shape) or t.clone(), lambda t: t):
        outputs, _ = native(x, LENGTHS)
    assert packed
    assert_close(gradients(native, outputs.square().sum(), x), expected, rtol=0, atol=0)
    with torch.autograd.graph.saved_tensors_hooks(
        lambda t: t.mT.contiguous() if t.ndim > 1 else t, other_way
    ):
        outputs, _ = native(x, LENGTHS)
    assert_close(gradients(native, outputs.square().sum(), x), expected, rtol=0, atol=0)


def other_way(packed):
    return packed.mT if packed.ndim > 1 else packed


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_nothing_is_kept_without_gradients(mode, monkeypatch):
    from seqlab.engines.native.kernel import Kernel  # noqa: PLC0415

    native, _ = networks()
    expected = native(inputs(), LENGTHS)[0]
    calls, call = [], Kernel.call
    monkeypatch.setattr(Kernel, "call", lambda self, *a, **k: (calls.append(k["saved"]), call(self, *a, **k)))
    with mode():
        outputs, final = native(inputs().requires_grad_(), LENGTHS)
    assert calls == [None]
    assert outputs.grad_fn is None
    assert final["c"].grad_fn is None
    assert outputs.equal(expected)


def test_outputs_that_were_changed_are_noticed():
    native, _ = networks()
    outputs, _ = native(inputs())
    total = outputs.square().sum()
    outputs.detach().zero_()
    with pytest.raises(RuntimeError, match="modified"):
        total.backward()
    outputs, final = native(inputs())
    final["h"].detach().zero_()  # a copy
    outputs.sum().backward()


@pytest.mark.parametrize("padded", [False, True])
def test_an_empty_batch_has_empty_answers_and_no_gradient(padded):
    native, _ = networks("lstm_layernorm")
    x = inputs(0, T, I).requires_grad_()
    outputs, final = native(x, torch.zeros(0, dtype=torch.long) if padded else None)
    assert (outputs.shape, final["c"].shape) == ((0, T, H), (1, 0, H))
    (outputs.sum() + final["c"].sum()).backward()
    assert x.grad.shape == x.shape
    assert all(parameter.grad.eq(0).all() for parameter in native.parameters())


def test_copies_and_pickles_are_networks_of_their_own():
    native, _ = networks()
    expected = native(inputs())[0]
    for other in (copy.deepcopy(native), pickle.loads(pickle.dumps(native))):
        assert other(inputs())[0].equal(expected)
        other.layers[0].W.data.zero_()
        assert native(inputs())[0].equal(expected)
    file = io.BytesIO()
    torch.save(native, file)
    file.seek(0)
    assert torch.load(file, weights_only=False)(inputs())[0].equal(expected)


@pytest.mark.parametrize("dtype", [torch.int32, torch.int64])
def test_lengths_of_any_integer_type_mean_the_same(dtype):
    native, reference = networks()
    found, expected = (network(inputs(), LENGTHS.to(dtype))[1] for network in (native, reference))
    assert_close(dict(found), dict(expected))


@pytest.mark.parametrize("what", ["x", "weights", "state"])
def test_tensors_of_another_precision_are_refused(what):
    native, _ = networks()
    x, state = inputs(), State(h=inputs(1, B, H), c=inputs(1, B, H))
    if what == "x":
        x = x.float()
    elif what == "weights":
        native.float()
    else:
        state = State({name: value.float() for name, value in state.items()})
    with pytest.raises((RuntimeError, TypeError, ValueError), match=r"dtype|float"):
        native(x, state=state)
