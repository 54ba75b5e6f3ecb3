"""A kernel as a function of tensors that autograd knows."""

from typing import TYPE_CHECKING, Any, NamedTuple, cast

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from seqlab.engines.native.kernel import Kernel, Slices

if TYPE_CHECKING:
    from collections.abc import Callable


class Inputs(NamedTuple):
    """What a kernel reads: B batch, T steps, I inputs, H hidden size.

    Attributes:
        x: [B, T, I].
        W: input weights, [G_x·H, I].
        U: recurrent weights, [G_u·H, H].
        b: biases, [G_x·H].
        own: the cell's own parameters, [P, H], if it has any.
        start: the states before the first step, [B, S, H]; None for zeros.
    """

    x: Tensor
    W: Tensor
    U: Tensor
    b: Tensor
    own: Tensor | None
    start: Tensor | None

    @property
    def hidden_size(self) -> int:
        """H."""
        return self.U.shape[1]

    def dense(self) -> "Inputs":
        """Return them as the kernel expects them: x's rows and steps may lie anywhere, the rest is dense."""
        x = self.x if self.x.stride(2) == 1 else self.x.contiguous()
        own, start = (None if tensor is None else tensor.contiguous() for tensor in self[4:])
        return Inputs(x, self.W.contiguous(), self.U.contiguous(), self.b.contiguous(), own, start)

    def fields(self) -> dict[str, Tensor | int | None]:
        """Return the fields of a call."""
        batch, steps, width = self.x.shape
        sizes = {"batch": batch, "steps": steps, "inputs": width, "hidden": self.hidden_size}
        return {**self._asdict(), **sizes, "x_row": self.x.stride(0), "x_step": self.x.stride(1)}


def run(
    kernel: Kernel, inputs: Inputs, lengths: Tensor | None, *, need_state: bool
) -> tuple[Tensor, Tensor | None]:
    """Run a kernel over time.

    Returns:
        Outputs [B, T, H], 0 past a sequence's length, and, if wanted, the states after each sequence's last
        step [B, S, H].

    Raises:
        TypeError: the inputs differ in dtype.
    """
    inputs = inputs.dense()
    dtypes = {tensor.dtype for tensor in inputs if tensor is not None}
    if len(dtypes) > 1:
        raise TypeError(f"x, weights and states must have one dtype, got {', '.join(map(str, dtypes))}")
    slices = Slices.of(len(inputs.x), inputs.hidden_size, lengths)
    if torch.is_grad_enabled() and any(tensor is not None and tensor.requires_grad for tensor in inputs):
        apply: Callable[..., tuple[Tensor, Tensor | None]] = TimeLoop.apply
        return apply(kernel, slices, lengths, need_state, *inputs)
    results = _forward(kernel, slices, inputs, saved=None)
    return _answer(kernel, results, inputs, lengths, need_state=need_state)


class TimeLoop(torch.autograd.Function):
    """The loop over time and its gradient."""

    @staticmethod
    def forward(
        ctx: Any,
        kernel: Kernel,
        slices: Slices,
        lengths: Tensor | None,
        need_state: bool,  # noqa: FBT001 (apply knows no names)
        *tensors: Tensor | None,
    ) -> tuple[Tensor, Tensor | None]:
        """Run forwards and keep what the way back needs."""
        inputs = Inputs(*cast("tuple[Tensor, ...]", tensors))
        batch, steps, _ = inputs.x.shape
        width = kernel.padded(inputs.hidden_size)
        saved = inputs.x.new_empty(steps, batch, kernel.saved * width + kernel.padded(kernel.norms))
        results = _forward(kernel, slices, inputs, saved)
        ctx.kernel, ctx.slices = kernel, slices
        ctx.save_for_backward(*tensors, results, saved)
        ctx.set_materialize_grads(False)
        return _answer(kernel, results, inputs, lengths, need_state=need_state)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_outputs: Tensor | None, d_final: Tensor | None) -> tuple[Tensor | None, ...]:
        """Return the gradients of the inputs."""
        *tensors, results, saved = ctx.saved_tensors
        inputs, slices = Inputs(*tensors), ctx.slices
        if d_outputs is not None and d_outputs.stride(2) != 1:
            d_outputs = d_outputs.contiguous()
        weights = inputs[1:5]
        sizes = [0 if tensor is None else tensor.numel() for tensor in weights]
        d_weights = inputs.W.new_empty(len(slices.sizes), sum(sizes))
        d_start = None if inputs.start is None else torch.empty_like(inputs.start)
        d_x = None
        if ctx.needs_input_grad[4]:
            # Past a sequence's length nothing is written.
            d_x = inputs.x.new_empty(inputs.x.shape) if slices.lengths is None else _zeros(inputs.x)
        ctx.kernel.call(
            "backward",
            slices,
            **inputs.fields(),
            d_weights=d_weights,
            results=results,
            saved=saved,
            d_outputs=d_outputs,
            d_row=d_outputs.stride(0) if d_outputs is not None else 0,
            d_step=d_outputs.stride(1) if d_outputs is not None else 0,
            d_final=d_final.contiguous() if d_final is not None else None,
            d_x=d_x,
            d_start=d_start,
        )
        total = d_weights[0] if len(d_weights) == 1 else d_weights.sum(0)
        parts = zip(torch.split(total, sizes), weights, strict=True)
        gradients = (None if tensor is None else part.view_as(tensor) for part, tensor in parts)
        return None, None, None, None, d_x, *gradients, d_start


def _zeros(like: Tensor) -> Tensor:
    return like.new_zeros(like.shape)


def _forward(kernel: Kernel, slices: Slices, inputs: Inputs, saved: Tensor | None) -> Tensor:
    """Return the results before the first and after every step, [T + 1, B, results, width]."""
    batch, steps, _ = inputs.x.shape
    results = inputs.x.new_empty(steps + 1, batch, kernel.results, kernel.padded(inputs.hidden_size))
    kernel.call("forward", slices, **inputs.fields(), results=results, saved=saved)
    return results


def _answer(
    kernel: Kernel, results: Tensor, inputs: Inputs, lengths: Tensor | None, *, need_state: bool
) -> tuple[Tensor, Tensor | None]:
    hidden_size = inputs.hidden_size
    outputs = results[1:, :, kernel.output, :hidden_size].transpose(0, 1)
    if not need_state:
        return outputs, None
    last = results[-1].clone() if lengths is None else results[lengths, torch.arange(len(lengths))]
    return outputs, last[:, : kernel.states, :hidden_size]
