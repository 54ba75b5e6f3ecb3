"""The torch engine: what torch's own functions are given."""

import pytest
import torch

from seqlab.engines.torch_rnn import for_cudnn


def arguments() -> tuple[torch.Tensor, tuple[torch.Tensor, ...], list[torch.Tensor]]:
    torch.manual_seed(0)
    weights = [torch.randn(12, 4), torch.randn(12, 3), torch.randn(12), torch.randn(12)]
    return torch.randn(2, 5, 4), (torch.randn(1, 2, 3),) * 2, [one.requires_grad_() for one in weights]


def test_cudnn_is_given_weights_in_one_piece_one_after_the_other():
    x, hidden, weights = arguments()
    same_x, same_hidden, whole = for_cudnn(x, hidden, weights)
    assert same_x is x
    assert all(one is other for one, other in zip(same_hidden, hidden, strict=True))
    assert all(torch.equal(one, other) for one, other in zip(whole, weights, strict=True))
    starts = [one.storage_offset() for one in whole]
    assert starts == [0, 48, 84, 96]
    assert {one.untyped_storage().data_ptr() for one in whole} == {whole[0].data_ptr()}
    assert whole[0].untyped_storage().nbytes() == 108 * 4
    for one, other in zip(
        torch.autograd.grad(sum((2 * w).sum() for w in whole), weights), weights, strict=True
    ):
        assert torch.equal(one, torch.full_like(other, 2.0))


@pytest.mark.parametrize("asked", [torch.bfloat16, torch.float16])
def test_cudnn_is_given_the_type_that_autocast_asks_for_and_float64_as_it_is(asked):
    x, hidden, weights = arguments()
    with torch.autocast("cpu", dtype=asked):
        x, hidden, whole = for_cudnn(x, hidden, weights)
        exact, _, _ = for_cudnn(x.double(), hidden, [one.double() for one in weights])
    assert {one.dtype for one in (x, *hidden, *whole)} == {asked}
    assert exact.dtype == torch.float64
