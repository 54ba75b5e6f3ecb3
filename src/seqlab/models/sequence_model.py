"""The whole network: encoder, recurrent layers, pooling, head."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import torch
from torch import Tensor, nn

from seqlab.cells import cells
from seqlab.functional.lengths import EVERY_STEP, last_steps
from seqlab.nn.encoders import make_encoder
from seqlab.nn.parts import InputSpec, make_part, width_of
from seqlab.nn.recurrent import Merge, Recurrent
from seqlab.registry.catalog import heads, poolings

ROUNDED = (nn.Linear, nn.Conv1d)
"""Modules whose outputs autocast computes in its own type."""


class SequenceModel(nn.Module):
    """One answer a sequence, or one at each of its last steps, from any cell.

    Every part is a registered name, with settings of its own in ``<part>_options``, or a module; of a network
    of modules alone nothing else need be said.

    Args:
        kind: "tokens" for [B, T] integers, "features" for [B, T, F] numbers.
        input_size: tokens in the vocabulary, or feature columns F.
        output_size: numbers in an answer: classes, or steps of a forecast.
        output_steps: steps at the end of a sequence that are answered one by one, or ``EVERY_STEP``; 0 for
            one answer in all.
        symbols: for encoder="ngrams", the vocabulary in the order of its tokens.
        ngrams: for encoder="ngrams", codes of the frequent n-grams of tokens.
        encoder: from inputs to [B, T, I]; "auto" for what suits the data.
        recurrent: from that to [B, T, H] a direction; None for one of ``cell``.
        cell: name of a registered cell.
        options: the cell's constants by name.
        hidden_size: width H of every gate and state.
        num_layers: recurrent layers.
        bidirectional: whether a second network reads every sequence from its end.
        merge: how the two directions become one, "concat" or "sum".
        between: what stands between two recurrent layers.
        pooling: from outputs [B, T, H] and lengths [B] to one vector a sequence.
        head: from that vector to the answer.
        embedding_size: width of the encoder's output (not for onehot).
        embedding_dropout: dropout probability of the embedding.
        feature_dropout: for encoder="ngrams", share of a step's features left out while training.
        dropout: dropout probability between layers and before the head.
        init: how the recurrent parameters start.
        init_steps: for init="chrono", the longest memory to start with, in steps.
        engine: what runs the cell.

    Raises:
        ConfigError: a name or setting is unknown, or a part does not fit another.
    """

    def __init__(
        self,
        *,
        kind: Literal["tokens", "features"] = "features",
        input_size: int = 1,
        output_size: int = 1,
        output_steps: int = 0,
        symbols: Sequence[str] = (),
        ngrams: Sequence[int] = (),
        encoder: str | nn.Module = "auto",
        encoder_options: Mapping[str, Any] | None = None,
        recurrent: Recurrent | None = None,
        cell: str = "lstm",
        options: Mapping[str, Any] | None = None,
        hidden_size: int = 128,
        num_layers: int = 1,
        bidirectional: bool = False,
        merge: Merge = "concat",
        between: str = "dropout",
        between_options: Mapping[str, Any] | None = None,
        pooling: str | nn.Module = "last",
        pooling_options: Mapping[str, Any] | None = None,
        head: str | nn.Module = "linear",
        head_options: Mapping[str, Any] | None = None,
        embedding_size: int = 64,
        embedding_dropout: float = 0.0,
        feature_dropout: float = 0.0,
        dropout: float = 0.0,
        init: str = "torch",
        init_options: Mapping[str, Any] | None = None,
        init_steps: int | None = None,
        engine: str = "auto",
    ) -> None:
        super().__init__()
        shared = {
            "embedding_size": embedding_size,
            "embedding_dropout": embedding_dropout,
            "feature_dropout": feature_dropout,
            "dropout": dropout,
        }
        inputs = InputSpec(kind, input_size, symbols, ngrams)
        self.encoder: nn.Module = (
            make_encoder(encoder, inputs, options=encoder_options, **shared)
            if isinstance(encoder, str)
            else encoder
        )
        self.recurrent = recurrent or Recurrent(
            cells[cell](**(options or {})),
            input_size=width_of(self.encoder),
            hidden_size=hidden_size,
            num_layers=num_layers,
            bidirectional=bidirectional,
            merge=merge,
            dropout=dropout,
            engine=engine,
            between=between,
            between_options=between_options,
            init=init,
            init_options=init_options,
            init_steps=init_steps,
        )
        width = self.recurrent.hidden_size
        self.pooling: nn.Module = (
            make_part(poolings, pooling, width, options=pooling_options, **shared)
            if isinstance(pooling, str)
            else pooling
        )
        self.output_steps = output_steps
        pooled = width if output_steps or not isinstance(head, str) else width_of(self.pooling)
        pooled = self.recurrent.merged_size(pooled)
        self.head: nn.Module = (
            make_part(heads, head, pooled, output_size, options=head_options, **shared)
            if isinstance(head, str)
            else head
        )

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Answer a right-padded batch: x [B, T] tokens or [B, T, F] features, to [B, output_size].

        With ``output_steps`` S the answers are [B, S, output_size], at every step [B, T, output_size]. They
        are float32, of a float64 network
        float64: losses and scores are not rounded to what a smaller network computes in.
        """
        if x.is_floating_point():
            x = x.to(self.read_dtype())
        answer = self._answer(x, lengths)
        return answer if answer.dtype == torch.float64 else answer.float()

    def read_dtype(self, products: torch.dtype | None = None) -> torch.dtype:
        """Return the type of what the recurrent layers read.

        Args:
            products: the type in which autocast computes matrix products; None without autocast.
        """
        is_rounded = any(isinstance(part, ROUNDED) for part in self.encoder.modules())
        return products if products is not None and is_rounded else next(self.recurrent.parameters()).dtype

    def _answer(self, x: Tensor, lengths: Tensor) -> Tensor:
        answer: Tensor
        if self.output_steps:
            outputs, _ = self.recurrent(self.encoder(x), lengths, need_state=False)
            every = self.output_steps == EVERY_STEP
            answer = self.head(outputs if every else last_steps(outputs, lengths, self.output_steps))
            return answer
        readings, _ = self.recurrent.read(self.encoder(x), lengths)
        answer = self.head(self.recurrent.merge([self.pooling(outputs, lengths) for outputs in readings]))
        return answer

    def extra_repr(self) -> str:
        """Show how many steps are answered, if it is not the whole sequence."""
        return f"output_steps={self.output_steps}" if self.output_steps else ""
