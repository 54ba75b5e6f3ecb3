"""A device that cannot be waited for: on it a test sees every place where training would wait for a GPU.

torch's device "meta" has shapes and no numbers. What reads a number of it fails, and so does an operation
that has as many rows as the numbers say, or that mixes it with a tensor of the processor. The modes here
refuse what is left: copies that the processor waits for.
"""

from contextlib import ExitStack
from typing import Any

import numpy as np
import torch
from lightning.pytorch import Callback, Trainer
from lightning.pytorch.accelerators import CPUAccelerator
from lightning.pytorch.strategies import SingleDeviceStrategy
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

aten = torch.ops.aten

MAKING = (torch.tensor, torch.as_tensor, torch.asarray, Tensor.new_tensor)
INDEXING = (Tensor.__getitem__, Tensor.__setitem__)


class NoTensorOfValues(TorchFunctionMode):
    """Refuses tensors that are made of Python's values on the device: that is a copy which is waited for."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        found = func(*args, **(kwargs or {}))
        if func in MAKING and found.is_meta:
            raise AssertionError(f"{func.__name__} waits for the device")
        if func in INDEXING and args[0].is_meta:
            index = args[1] if isinstance(args[1], tuple) else (args[1],)
            if any(isinstance(part, list | range | np.ndarray) for part in index):
                raise AssertionError(f"an index of {index} waits for the device")
        return found


class NoWaitedCopy(TorchDispatchMode):
    """Refuses copies between the device and the processor, unless they say that nobody waits for them."""

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        given = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
        copies = func in (aten._to_copy.default, aten.copy_.default)
        is_free = copies and (kwargs.get("non_blocking") or args[2:] == (True,))
        if is_free and kwargs.get("device") == torch.device("cpu") and given[0].is_meta:
            return torch.zeros(given[0].shape, dtype=given[0].dtype)  # some number, whenever it comes
        if func is aten._fused_sgd_.default and given[0].is_meta:
            return None  # torch has it for numbers only
        found = func(*args, **kwargs)
        if is_free or not any(
            one.is_meta for one in (*given, *tree_leaves(found)) if isinstance(one, Tensor)
        ):
            return found
        # A number of the processor is handed to a kernel as it is.
        elsewhere = [one for one in given if not one.is_meta and (one.ndim or copies)]
        if elsewhere:
            raise AssertionError(f"{func} waits for the device: {[list(one.shape) for one in elsewhere]}")
        return found


class EnoughError(Exception):
    """Ends a training."""


class Unwaited(Callback):
    """Refuses, from the first step on, whatever waits for the device; ends the training after some steps."""

    def __init__(self, steps: int) -> None:
        self.steps, self.modes = steps, ExitStack()

    def on_train_batch_start(self, trainer: Trainer, *_arguments: object) -> None:
        if trainer.global_step == 0 and trainer.fit_loop.epoch_loop.batch_idx <= 0:
            self.modes.enter_context(NoTensorOfValues())
            self.modes.enter_context(NoWaitedCopy())

    def on_train_batch_end(self, trainer: Trainer, *_arguments: object) -> None:
        if trainer.global_step == self.steps:
            raise EnoughError


class Anywhere(CPUAccelerator):
    """Lightning's accelerator for the processor, on any device."""

    def setup_device(self, device: torch.device) -> None:
        pass


class UnwaitedOnGPU(Callback):
    """Has CUDA refuse, between a training's second step and its last, whatever waits for it."""

    def on_train_batch_start(self, trainer: Trainer, *_arguments: object) -> None:
        if trainer.global_step == 1:
            torch.cuda.set_sync_debug_mode("error")

    def on_train_batch_end(self, trainer: Trainer, *_arguments: object) -> None:
        if trainer.fit_loop.epoch_loop.batch_progress.is_last_batch:
            torch.cuda.set_sync_debug_mode("default")


class WithoutNumbers(SingleDeviceStrategy):
    """Trains on the device that has no numbers; answers what Lightning asks before and after training."""

    def __init__(self) -> None:
        super().__init__(torch.device("meta"), accelerator=Anywhere())

    def reduce(self, tensor: Any, *_arguments: object, **_options: object) -> Any:
        return torch.ones(())

    def teardown(self) -> None:
        pass


def trainer_without_numbers(**settings: Any) -> Trainer:
    """Return a Trainer whose device has no numbers."""
    return Trainer(**settings | {"accelerator": "auto", "strategy": WithoutNumbers(), "devices": 1})
