"""The training state in a checkpoint: what resuming needs besides the weights."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from torch import Tensor

from seqlab.io.safe_read import UnreadableError, mistake_in

AS_LARGE = frozenset(
    {
        *("acc_delta", "ax", "exp_avg", "exp_avg_sq", "exp_inf", "grad_avg", "max_exp_avg_sq"),
        *("momentum_buffer", "prev", "square_avg", "step_size", "sum"),
    }
)
"""What torch's optimizers keep in the shape of a weight; L-BFGS and Adafactor keep other shapes too."""

Number = Annotated[int, Field(ge=0)]


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, arbitrary_types_allowed=True)


class _Group(_Part):
    params: list[int]


class _Optimizer(_Part):
    state: dict[int, dict[str, Any]]
    param_groups: list[_Group]


class _Loops(_Part):
    fit_loop: dict[str, Any]


class _Progress(_Part):
    epoch: Number
    global_step: Number
    loops: _Loops
    callbacks: dict[str, dict[str, Any]]
    optimizer_states: Annotated[list[_Optimizer], Field(min_length=1, max_length=1)]
    lr_schedulers: list[dict[str, Any]]


def check_progress(content: dict[str, Any]) -> None:
    """Refuse a checkpoint whose optimizer, loops or callbacks do not belong to its weights.

    Args:
        content: the content of the checkpoint; its weights are known to be tensors.

    Raises:
        UnreadableError: the checkpoint is refused; the message is the reason.
    """
    try:
        progress = _Progress.model_validate(content)
    except ValidationError as error:
        raise UnreadableError(f"has no valid training state ({mistake_in(error)})") from error
    weights: dict[str, Tensor] = content["state_dict"]
    (optimizer,) = progress.optimizer_states
    learnt = [number for group in optimizer.param_groups for number in group.params]
    kept = [
        value
        for state in optimizer.state.values()
        for name, value in state.items()
        if name in AS_LARGE and isinstance(value, Tensor)
    ]
    shapes = {tensor.shape for tensor in weights.values()}
    # What is not learnt are buffers; how many, the network says once it is built.
    is_whole = sorted(learnt) == list(range(len(learnt))) and len(learnt) <= len(weights)
    if not is_whole or not set(optimizer.state) <= set(learnt):
        raise UnreadableError("has an optimizer that does not match its weights")
    if any(tensor.numel() > 1 and tensor.shape not in shapes for tensor in kept):
        raise UnreadableError("has an optimizer that does not match its weights")
