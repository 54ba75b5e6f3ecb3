"""|∂output/∂x_t| against brute force, and half-lengths against formulas."""

import math

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from seqlab.data import Batch
from seqlab.diagnostics import Influence, influence, memory
from seqlab.errors import ConfigError
from seqlab.models.lightning_module import SequenceModule

from ..cells.textbook import TEXTBOOK
from .conftest import LENGTHS, module_of, stepwise


@pytest.mark.parametrize("cell", TEXTBOOK)
def test_norms_of_every_textbook_cell_agree_with_brute_force(cell, probe):
    module = module_of(cell, engine="reference").eval()
    found = influence(module, probe).norms
    for row, length in enumerate(LENGTHS):
        vectors = module.model.encoder(probe.x[row : row + 1, :length]).detach()

        def answer(x):
            readings, _ = module.model.recurrent.read(x)
            return module.model.head(readings[0][0, -1])

        jacobian = torch.autograd.functional.jacobian(answer, vectors)[:, 0]
        for distance in range(6):
            if distance < length:
                expected = float(jacobian[:, length - 1 - distance].norm())
                assert float(found[row, distance]) == pytest.approx(expected, rel=1e-9)
            else:
                assert found[row, distance].isnan()


@pytest.mark.parametrize("task", ["language_model", "tagging"])
@pytest.mark.parametrize("rows", [2, 64])
def test_with_an_output_at_every_step_that_of_the_last_step_is_measured(task, rows, probe, monkeypatch):
    monkeypatch.setattr(memory, "ROWS", rows)
    module = stepwise(task, engine="reference").eval()
    found = influence(module, probe).norms
    for row, length in enumerate(LENGTHS):
        vectors = module.model.encoder(probe.x[row : row + 1, :length]).detach()
        jacobian = torch.autograd.functional.jacobian(
            lambda x: module.model.head(module.model.recurrent(x)[0])[0, -1], vectors
        )[:, 0]
        expected = jacobian.flip(1).norm(dim=(0, 2)).tolist()
        assert found[row, :length].tolist() == pytest.approx(expected, rel=1e-9)
        assert found[row, length:].isnan().all()


def test_of_several_last_outputs_the_last_is_measured():
    torch.manual_seed(0)
    spec = {"kind": "tokens", "task": "tagging", "input_size": 9, "classes": ["a", "b"], "tagged_steps": 3}
    model = {"hidden_size": 5, "embedding_size": 4, "cell": "gru", "engine": "reference"}
    module = SequenceModule(spec=spec, model=model).double().eval()
    x, lengths = torch.randint(1, 9, (2, 7)), torch.tensor([7, 7])
    found = influence(module, Batch(x, lengths, torch.zeros(2, 3, dtype=torch.int64), torch.arange(2))).norms
    vectors = module.model.encoder(x[:1]).detach()
    jacobian = torch.autograd.functional.jacobian(
        lambda x: module.model.head(module.model.recurrent(x)[0][0, -1]), vectors
    )[:, 0]
    assert found[0].tolist() == pytest.approx(jacobian.flip(1).norm(dim=(0, 2)).tolist(), rel=1e-9)


class Largest(TorchDispatchMode):
    """Remembers how many numbers the largest tensor had."""

    numbers = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        found = function(*args, **kwargs or {})
        for one in found if isinstance(found, list | tuple) else [found]:
            if isinstance(one, torch.Tensor):
                self.numbers = max(self.numbers, one.untyped_storage().nbytes() // one.element_size())
        return found


def test_a_large_vocabulary_needs_no_more_than_the_rows_that_are_computed_at_once(probe, monkeypatch):
    monkeypatch.setattr(memory, "ROWS", 8)
    module = stepwise("language_model", vocabulary=500)
    with Largest() as largest:
        influence(module, probe)
    # 8 rows of 500 outputs for each of 4 sequences; the whole would be 500² at each of 6 steps of each.
    assert largest.numbers == 8 * 500 * 4


def test_a_network_with_a_decoder_is_refused_in_a_line(probe):
    module = module_of()
    module.model.decoder = torch.nn.Identity()
    with pytest.raises(ConfigError, match="influence follows a network step by step"):
        influence(module, probe)


def test_both_directions_and_several_layers_are_seen_through(probe):
    module = module_of("gru", num_layers=2, bidirectional=True, pooling="mean")
    norms = influence(module, probe).norms
    for row, length in enumerate(LENGTHS):
        assert (norms[row, :length] > 0).all()
        assert norms[row, length:].isnan().all()


@pytest.mark.parametrize("factor", [0.5, 0.8, 0.95])
def test_the_half_length_of_a_linear_memory_is_its_half_life(factor, probe):
    module = module_of("tutorial_rnn", hidden_size=4)
    layer = module.model.recurrent.layers[0]
    with torch.no_grad():
        layer.U.zero_()
        layer.U[:4] = factor * torch.eye(4)  # h' = W x + factor · h
        layer.U[4:] = torch.eye(4)  # and y reads the state before
        layer.W[4:].zero_()
    long = probe._replace(x=torch.ones(4, 300, dtype=torch.int64), lengths=torch.full((4,), 300))
    found = influence(module, long)
    ratio = found.mean[2:] / found.mean[1:-1]
    assert ratio.tolist() == pytest.approx([factor] * 298, rel=1e-6)
    # The last input does not reach y: all is one step further back.
    assert found.half_length == pytest.approx(1 + math.log(0.5) / math.log(factor), abs=0.06)


def test_the_half_length_lies_where_half_of_the_sum_is_reached():
    nan = math.nan
    found = Influence(torch.tensor([[3.0, 1.0, 1.0, 1.0], [1.0, 1.0, nan, nan], [0.0, 0.0, 5.0, 5.0]]))
    assert found.half_lengths.tolist() == pytest.approx([1.0, 1.0, 3.0])
    assert found.half_length == pytest.approx(1.0)
    assert found.mean.tolist() == pytest.approx([4 / 3, 2 / 3, 3.0, 3.0])
    assert Influence(torch.tensor([[1.0, 3.0]])).half_lengths.tolist() == pytest.approx([1 + 1 / 3])
    assert Influence(torch.tensor([[0.0, 0.0]])).half_lengths.isnan().all()


def test_measuring_leaves_the_module_as_it_was(probe):
    module = module_of().train()
    with torch.no_grad():
        influence(module, probe)
    assert module.training
    assert not module.model.encoder._forward_hooks
    assert all(parameter.grad is None for parameter in module.parameters())
