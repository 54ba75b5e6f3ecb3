"""Training a network part by part, from its outputs to its inputs."""

from lightning.pytorch import Callback, LightningModule, Trainer

from seqlab.models.lightning_module import SequenceModule


class GradualUnfreezing(Callback):
    """First the head alone is trained, then also the part below it, and so on (Howard & Ruder 2018).

    Gradients of the others are removed after they are computed, so that all ranks always agree.

    Args:
        every: epochs from one part to the next.
    """

    def __init__(self, every: int) -> None:
        self.every = every

    def on_after_backward(self, trainer: Trainer, pl_module: LightningModule) -> None:
        assert isinstance(pl_module, SequenceModule)  # noqa: S101 (there is no other)
        from_the_head = [*reversed(pl_module.model.parts().values())]
        for part in from_the_head[1 + trainer.current_epoch // self.every :]:
            for parameter in part:
                parameter.grad = None
