"""Double backward: gradients that can be differentiated again, for an engine that computes in one piece."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

Results = Sequence[Tensor | None]


def gradients(
    in_steps: Callable[..., Results], tensors: Sequence[Tensor | None], d_results: Results
) -> tuple[Tensor | None, ...]:
    """Return the gradients of tensors, computed with torch's single operations.

    In a backward pass with ``create_graph=True`` the gradients are part of the graph.

    Args:
        in_steps: computes the results again from the tensors, in operations that torch can differentiate.
        tensors: its arguments.
        d_results: the gradients of its results; None for zeros.
    """
    makes_graph = torch.is_grad_enabled()
    with torch.enable_grad(), torch.autocast(_device_type(tensors), enabled=False):
        # Copies: if one tensor was computed from another, the latter's gradient must not count twice.
        copies = [None if tensor is None else tensor.view_as(tensor) for tensor in tensors]
        pairs = [
            (result, d_result)
            for result, d_result in zip(in_steps(*copies), d_results, strict=True)
            if result is not None and result.requires_grad and d_result is not None
        ]
        wanted = [copy for copy in copies if copy is not None and copy.requires_grad]
        if not pairs or not wanted:
            return (None,) * len(tensors)
        found = iter(
            torch.autograd.grad(
                [result for result, _ in pairs],
                wanted,
                [d_result for _, d_result in pairs],
                create_graph=makes_graph,
                materialize_grads=True,
            )
        )
    return tuple(next(found) if copy is not None and copy.requires_grad else None for copy in copies)


def _device_type(tensors: Sequence[Tensor | None]) -> str:
    return next(tensor.device.type for tensor in tensors if tensor is not None)
