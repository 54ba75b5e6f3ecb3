"""A padded batch is its sequences one by one, whatever stands in the padding."""

import pytest
import torch

from seqlab.nn import Recurrent

LENGTHS = torch.tensor([3, 1, 6, 2])
CELLS = [(name, engine) for name in ("lstm", "gru") for engine in ("reference", "eager", "torch")]
CELLS += [("elman", "reference"), ("elman", "eager"), ("lstm_layernorm", "eager")]


def network(name, engine, merge):
    torch.manual_seed(2)
    sizes = {"input_size": 3, "hidden_size": 4, "num_layers": 2, "bidirectional": True}
    return Recurrent(name, engine=engine, merge=merge, **sizes).double()


def inputs():
    return torch.randn(4, 6, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(7))


@pytest.mark.parametrize("merge", ["concat", "sum"])
@pytest.mark.parametrize(("name", "engine"), CELLS)
def test_a_padded_batch_equals_its_sequences_one_by_one(name, engine, merge):
    made, x = network(name, engine, merge), inputs()
    outputs, final = made(x, LENGTHS)
    for row, length in enumerate(LENGTHS.tolist()):
        alone, last = made(x[row : row + 1, :length])
        torch.testing.assert_close(outputs[row, :length], alone[0], atol=1e-12, rtol=0)
        for state, value in final.items():
            torch.testing.assert_close(value[:, row], last[state][:, 0], atol=1e-12, rtol=0)


@pytest.mark.product(3)
@pytest.mark.parametrize("need_state", [False, True])
@pytest.mark.parametrize("merge", ["concat", "sum"])
@pytest.mark.parametrize(("name", "engine"), CELLS)
def test_neither_outputs_nor_gradients_depend_on_the_padding(name, engine, merge, need_state):
    made, inside = network(name, engine, merge), torch.arange(6) < LENGTHS[:, None]
    found = []
    for filling in (0.0, 50.0, torch.nan, torch.inf):
        x = torch.where(inside[:, :, None], inputs(), filling).requires_grad_()
        outputs, final = made(x, LENGTHS, need_state=need_state)
        total = outputs[inside].sin().sum() + sum(value.sum() for value in (final or {}).values())
        gradients = torch.autograd.grad(total, [x, *made.parameters()])
        assert gradients[0][~inside].abs().sum() == 0
        found.append([outputs[inside], *(final or {}).values(), *gradients])
        assert outputs[~inside].abs().sum() == 0
    for filled in found[1:]:
        torch.testing.assert_close(filled, found[0], atol=1e-12, rtol=0)


@pytest.mark.parametrize("need_state", [False, True])
@pytest.mark.parametrize("engine", ["native", "torch", "eager", "reference"])
def test_a_state_that_would_overflow_in_the_padding_reaches_no_gradient(engine, need_state):
    made = Recurrent("rnn_relu", input_size=1, hidden_size=1, engine=engine)
    for parameter in made.parameters():
        torch.nn.init.constant_(parameter, 3.0)
    x = torch.ones(2, 200, 1) * torch.tensor([1.0, -1.0])[:, None, None]  # the second one stays at 0
    outputs, _ = made(x, torch.tensor([3, 200]), need_state=need_state)
    outputs.sum().backward()
    assert all(parameter.grad.isfinite().all() for parameter in made.parameters())
