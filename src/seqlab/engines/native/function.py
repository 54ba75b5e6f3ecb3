"""A kernel as a function of tensors that autograd can differentiate."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor

from seqlab.compat.torch import has_memory
from seqlab.engines.double_backward import gradients
from seqlab.engines.native.kernel import Kernel, Slices
from seqlab.engines.surroundings import watcher

InSteps = Callable[..., tuple[Tensor, Tensor | None]]
"""A function of the tensors of ``Inputs`` that computes what the kernel does in torch's single operations."""


@dataclass(frozen=True, eq=False)
class Loop:
    """The arguments of a call other than tensors; see ``run``."""

    kernel: Kernel
    slices: Slices
    lengths: Tensor | None
    in_steps: InSteps
    need_state: bool


class Inputs(NamedTuple):
    """What a kernel reads: B batch, T steps, I inputs; what is of several widths stands end to end.

    Attributes:
        x: [B, T, I].
        W: input weights, [R, I].
        U: recurrent weights, a block [rows, columns] a gate.
        b: biases, [R].
        own: the cell's own parameters, [P], if it has any.
        start: the states before the first step, [B, S]; None for zeros.
        given: what is given beside x, each [B, T, its width].
    """

    x: Tensor
    W: Tensor
    U: Tensor
    b: Tensor
    own: Tensor | None
    start: Tensor | None
    given: tuple[Tensor, ...]

    @classmethod
    def of(cls, *tensors: Tensor | None) -> "Inputs":
        """Return the inputs that are these ``tensors``."""
        x, W, U, b, own, start, *given = cast("tuple[Any, ...]", tensors)
        return cls(x, W, U, b, own, start, tuple(given))

    @property
    def tensors(self) -> tuple[Tensor | None, ...]:
        """All of them, one after the other."""
        return (*self[:6], *self.given)

    def dense(self) -> "Inputs":
        """Return the inputs as the kernel expects them: contiguous, except for rows and steps."""
        weights = (None if tensor is None else _dense(tensor) for tensor in self[1:6])
        return Inputs.of(_dense_steps(self.x), *weights, *map(_dense_steps, self.given))

    def fields(self) -> dict[str, Tensor | int | None]:
        """Return the inputs as fields of a ``Call``."""
        batch, steps, width = self.x.shape
        sizes = {"batch": batch, "steps": steps, "inputs": width}
        strides = {"x_row": self.x.stride(0), "x_step": self.x.stride(1)}
        return {**dict(zip(self._fields, self[:6], strict=False)), **sizes, **strides}


def run(
    kernel: Kernel, inputs: Inputs, lengths: Tensor | None, in_steps: InSteps, *, need_state: bool
) -> tuple[Tensor, Tensor | None]:
    """Run a kernel over time.

    Args:
        kernel: of the cell.
        inputs: what the kernel reads.
        lengths: steps of each sequence, [B]; None if all have T.
        in_steps: the same in torch's single operations, for gradients that are differentiated again.
        need_state: whether the final states are wanted.

    Returns:
        Outputs [B, T, the output's width], 0 past a sequence's length, and, if wanted, the states after each
        sequence's last step, end to end, [B, S].

    Raises:
        TypeError: the inputs differ in dtype.
        ValueError: they differ in device.
    """
    inputs = inputs.dense()
    given = [tensor for tensor in inputs.tensors if tensor is not None]
    if len(dtypes := {str(tensor.dtype) for tensor in given}) > 1:
        raise TypeError(f"x, weights and states must have one dtype, got {', '.join(sorted(dtypes))}")
    if len(devices := {str(tensor.device) for tensor in given}) > 1:
        raise ValueError(f"x, weights and states must be on one device, got {', '.join(sorted(devices))}")
    slices = Slices.of(len(inputs.x), kernel.widest, lengths)
    if torch.is_grad_enabled() and any(tensor.requires_grad for tensor in given):
        apply: Callable[..., tuple[Tensor, Tensor | None]] = TimeLoop.apply
        return apply(Loop(kernel, slices, lengths, in_steps, need_state), *inputs.tensors)
    results = _forward(kernel, slices, inputs, saved=None)
    return _answer(kernel, results, lengths, need_state=need_state)


class TimeLoop(torch.autograd.Function):
    """The loop over time and its gradient."""

    @staticmethod
    def forward(ctx: Any, loop: Loop, *tensors: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """Run the forward pass and save what the backward pass needs."""
        inputs, kernel = Inputs.of(*tensors), loop.kernel
        batch, steps, _ = inputs.x.shape
        saved = inputs.x.new_empty(steps, batch, kernel.saved * kernel.width + kernel.padded(kernel.norms))
        results = _forward(kernel, loop.slices, inputs, saved)
        ctx.loop = loop
        ctx.save_for_backward(*tensors, results, saved)
        ctx.set_materialize_grads(False)
        outputs, final = _answer(kernel, results, loop.lengths, need_state=loop.need_state)
        return _copy(outputs), final

    @staticmethod
    def backward(ctx: Any, d_outputs: Tensor | None, d_final: Tensor | None) -> tuple[Tensor | None, ...]:
        """Return the gradients of the inputs; differentiable ones if a graph is made or something watches."""
        *tensors, results, saved = ctx.saved_tensors
        given = [tensor for tensor in (d_outputs, d_final) if tensor is not None]
        if torch.is_grad_enabled() or watcher() is not None or not all(map(has_memory, given)):
            return None, *gradients(ctx.loop.in_steps, tensors, (d_outputs, d_final))
        inputs, slices = Inputs.of(*tensors).dense(), ctx.loop.slices
        if d_outputs is not None:
            d_outputs = _dense_steps(d_outputs)
        weights = inputs[1:5]
        sizes = [0 if tensor is None else tensor.numel() for tensor in weights]
        d_weights = inputs.W.new_empty(len(slices.sizes), sum(sizes))
        d_start = None if inputs.start is None else torch.empty_like(inputs.start)
        # The kernel writes nothing past a sequence's length.
        empty = _empty if slices.lengths is None else _zeros
        d_x = empty(inputs.x) if ctx.needs_input_grad[1] else None
        wanted = zip(inputs.given, ctx.needs_input_grad[7:], strict=True)
        d_given = [empty(one) if is_wanted else None for one, is_wanted in wanted]
        ctx.loop.kernel.call(
            "backward",
            slices,
            list(zip(inputs.given, d_given, strict=True)),
            **inputs.fields(),
            d_weights=d_weights,
            results=results.contiguous(),
            saved=saved.contiguous(),
            d_outputs=d_outputs,
            d_row=d_outputs.stride(0) if d_outputs is not None else 0,
            d_step=d_outputs.stride(1) if d_outputs is not None else 0,
            d_final=None if d_final is None else _dense(d_final),
            d_x=d_x,
            d_start=d_start,
        )
        total = d_weights[0] if len(d_weights) == 1 else d_weights.sum(0)
        parts = zip(torch.split(total, sizes), weights, strict=True)
        d_parts = (None if tensor is None else part.view_as(tensor) for part, tensor in parts)
        return None, d_x, *d_parts, d_start, *d_given


def _copy(outputs: Tensor) -> Tensor:
    """Return a copy in the same memory order: the caller may change it, and backward reads the results."""
    batch, _, hidden_size = outputs.shape
    strides = hidden_size, batch * hidden_size, 1
    return outputs.new_empty_strided(outputs.shape, strides).copy_(outputs)


def _dense(tensor: Tensor) -> Tensor:
    return tensor.resolve_neg().contiguous()


def _dense_steps(tensor: Tensor) -> Tensor:
    tensor = tensor.resolve_neg()
    return tensor if tensor.stride(2) == 1 else tensor.contiguous()


def _empty(like: Tensor) -> Tensor:
    return like.new_empty(like.shape)


def _zeros(like: Tensor) -> Tensor:
    return like.new_zeros(like.shape)


def _forward(kernel: Kernel, slices: Slices, inputs: Inputs, saved: Tensor | None) -> Tensor:
    """Return the results before the first and after every step, [T + 1, B, results, width]."""
    batch, steps, _ = inputs.x.shape
    results = inputs.x.new_empty(steps + 1, batch, len(kernel.results), kernel.width)
    beside = [(one, None) for one in inputs.given]
    kernel.call("forward", slices, beside, **inputs.fields(), results=results, saved=saved)
    return results


def _answer(
    kernel: Kernel, results: Tensor, lengths: Tensor | None, *, need_state: bool
) -> tuple[Tensor, Tensor | None]:
    outputs = results[1:, :, kernel.output, : kernel.output_size].transpose(0, 1)
    if not need_state:
        return outputs, None
    last = results[-1] if lengths is None else results[lengths, torch.arange(len(lengths))]
    return outputs, torch.cat([last[:, k, :size] for k, size in enumerate(kernel.state_sizes)], dim=1)
