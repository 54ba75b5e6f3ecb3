"""Modules between two recurrent layers: from the outputs of one to the inputs of the next, [B, T, H]."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

from seqlab.errors import ConfigError
from seqlab.nn.dropout import make_dropout
from seqlab.nn.parts import make_part
from seqlab.nn.stack import Stack
from seqlab.registry.catalog import betweens, register_between
from seqlab.registry.types import Each, Positive, Share

if TYPE_CHECKING:
    from seqlab.export.graph import Graph


@register_between("dropout")
class Dropout(nn.Module):
    """Dropout, as torch.nn.LSTM has it.

    Args:
        input_size: width I of the inputs of the layer below.
        output_size: width H of its outputs.
        dropout: dropout probability of the outputs.
        dropout_each: whether a mask is for a step or a sequence.
    """

    def __init__(
        self, input_size: int, output_size: int, *, dropout: Share = 0.0, dropout_each: Each = "step"
    ) -> None:
        super().__init__()
        self.input_size, self.output_size = input_size, output_size
        self.dropout = make_dropout(dropout, dropout_each)

    def forward(self, outputs: Tensor, inputs: Tensor) -> Tensor:  # noqa: ARG002 (every part is given both)
        """Return the inputs of the next layer, [B, T, H]."""
        passed: Tensor = self.dropout(outputs)
        return passed

    def onnx(self, graph: "Graph", outputs: str, inputs: str) -> str:  # noqa: ARG002
        """Add the same to an ONNX graph."""
        return outputs


@register_between("layernorm")
class LayerNorm(Dropout):
    """Layer normalisation of each step's outputs (Ba et al. 2016), then dropout.

    Args:
        input_size: width I of the inputs of the layer below.
        output_size: width H of its outputs.
        dropout: dropout probability of the normalised outputs.
        dropout_each: whether a mask is for a step or a sequence.
        eps: constant that is added to the variance.
    """

    def __init__(
        self,
        input_size: int,
        output_size: int,
        *,
        dropout: Share = 0.0,
        dropout_each: Each = "step",
        eps: Positive = 1e-5,
    ) -> None:
        super().__init__(input_size, output_size, dropout=dropout, dropout_each=dropout_each)
        self.norm = nn.LayerNorm(output_size, eps)

    def forward(self, outputs: Tensor, inputs: Tensor) -> Tensor:
        """Return the inputs of the next layer, [B, T, H]."""
        return super().forward(self.norm(outputs), inputs)

    def onnx(self, graph: "Graph", outputs: str, inputs: str) -> str:  # noqa: ARG002
        """Add the same to an ONNX graph."""
        weight, bias = (
            graph.constant("norm.weight", self.norm.weight),
            graph.constant("norm.bias", self.norm.bias),
        )
        return graph.add("LayerNormalization", outputs, weight, bias, axis=-1, epsilon=self.norm.eps)


@register_between("residual")
class Residual(Dropout):
    """Dropout, plus the inputs of the layer below if they have the same width (He et al. 2016)."""

    def forward(self, outputs: Tensor, inputs: Tensor) -> Tensor:
        """Return the inputs of the next layer, [B, T, H]."""
        outputs = super().forward(outputs, inputs)
        return outputs + inputs if self.input_size == self.output_size else outputs

    def onnx(self, graph: "Graph", outputs: str, inputs: str) -> str:
        """Add the same to an ONNX graph."""
        return graph.add("Add", outputs, inputs) if self.input_size == self.output_size else outputs


def make_betweens(
    stack: Stack,
    between: str | Callable[..., nn.Module],
    *,
    options: Mapping[str, Any],
    dropout: float,
    dropout_each: Each,
) -> nn.ModuleList:
    """Return a module for every pair of layers.

    Args:
        stack: the layers.
        between: a registered name, or a class.
        options: the settings of that module only.
        dropout: dropout probability between layers, for modules that have it.
        dropout_each: whether a mask is for a step or a sequence.

    Raises:
        ConfigError: it is a module already, or would add what has another width.
    """
    if isinstance(between, nn.Module):
        raise ConfigError("between must be a name or a class, since every pair of layers gets its own module")
    made = nn.ModuleList()
    for level, width in zip(stack.levels[:-1], stack.output_sizes, strict=False):
        sizes, dropouts = (level.input_size, width), {"dropout": dropout, "dropout_each": dropout_each}
        part = (
            make_part(betweens, between, *sizes, options=options, **dropouts)
            if isinstance(between, str)
            else between(*sizes, **options)
        )
        # The lowest layer reads the encoder, which is often of another width.
        if made and isinstance(part, Residual) and level.input_size != width:
            raise ConfigError(
                f"between=residual adds what layer {len(made) + 1} of {len(stack.levels)} reads, "
                f"{level.input_size} wide, to its outputs, {width} wide; "
                "give the layers one hidden_size, or choose another between"
            )
        made.append(part)
    return made
