"""The whole network: encoder, recurrent layers, pooling, head."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from seqlab.cells import cells
from seqlab.errors import ConfigError, near
from seqlab.functional.lengths import last_steps
from seqlab.nn.encoders import Linear, make_encoder
from seqlab.nn.heads import LinearHead
from seqlab.nn.pooling import POOLINGS, WIDTHS
from seqlab.nn.recurrent import Merge, Recurrent


class SequenceModel(nn.Module):
    """One answer a sequence, or one at each of its last steps, from any cell.

    Args:
        kind: "tokens" for [B, T] integers, "features" for [B, T, F] numbers.
        input_size: tokens in the vocabulary, or feature columns F.
        output_size: numbers in an answer: classes, or steps of a forecast.
        output_steps: steps at the end of a sequence that are answered one by one; 0 for one answer in all.
        cell: name of a registered cell.
        options: the cell's constants by name.
        hidden_size: width H of every gate and state.
        num_layers: recurrent layers.
        bidirectional: whether a second network reads every sequence from its end.
        merge: how the two directions become one, "concat" or "sum".
        encoder: "embedding", "ngrams", "onehot", "identity", "linear", or "auto" for what suits the data.
        embedding_size: width of the encoder's output (not for onehot).
        embedding_dropout: share of the embedding set to zero while training.
        feature_dropout: for encoder="ngrams", share of a step's features left out while training.
        symbols: for encoder="ngrams", the vocabulary in the order of its tokens.
        ngrams: for encoder="ngrams", codes of the frequent n-grams of tokens.
        dropout: share of outputs set to zero between layers and before the head.
        pooling: "last", "mean", "max" over the steps of a sequence, or "combined", all three side by side.
        init: how the recurrent parameters start.
        init_steps: for init="chrono", the longest memory to start with, in steps.
        engine: what runs the cell.

    Raises:
        ConfigError: a name is unknown, or a part does not fit another.
    """

    def __init__(
        self,
        *,
        kind: str,
        input_size: int,
        output_size: int,
        output_steps: int = 0,
        cell: str = "lstm",
        options: Mapping[str, Any] | None = None,
        hidden_size: int = 128,
        num_layers: int = 1,
        bidirectional: bool = False,
        merge: Merge = "concat",
        encoder: str = "auto",
        embedding_size: int = 64,
        embedding_dropout: float = 0.0,
        feature_dropout: float = 0.0,
        symbols: Sequence[str] = (),
        ngrams: Sequence[int] = (),
        dropout: float = 0.0,
        pooling: str = "last",
        init: str = "torch",
        init_steps: int | None = None,
        engine: str = "auto",
    ) -> None:
        super().__init__()
        if pooling not in POOLINGS:
            raise ConfigError(f"no pooling named '{pooling}'; {near(pooling, POOLINGS)}")
        self.encoder = make_encoder(
            encoder,
            kind,
            input_size,
            size=embedding_size,
            dropout=embedding_dropout,
            feature_dropout=feature_dropout,
            symbols=symbols,
            ngrams=ngrams,
        )
        self.recurrent = Recurrent(
            cells[cell](**(options or {})),
            input_size=self.encoder.output_size,
            hidden_size=hidden_size,
            num_layers=num_layers,
            bidirectional=bidirectional,
            merge=merge,
            dropout=dropout,
            engine=engine,
            init=init,
            init_steps=init_steps,
        )
        self.pooling, self.output_steps = pooling, output_steps
        self.head = LinearHead(WIDTHS[pooling] * self.recurrent.output_size, output_size, dropout)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Answer a right-padded batch: x [B, T] tokens or [B, T, F] features, to [B, output_size].

        With ``output_steps`` S the answers are [B, S, output_size]. They are float32, of a float64 network
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
        weights: torch.dtype = self.head.linear.weight.dtype
        return products if products is not None and isinstance(self.encoder, Linear) else weights

    def _answer(self, x: Tensor, lengths: Tensor) -> Tensor:
        answer: Tensor
        if self.output_steps:
            outputs, _ = self.recurrent(self.encoder(x), lengths, need_state=False)
            answer = self.head(last_steps(outputs, lengths, self.output_steps))
            return answer
        readings, _ = self.recurrent.read(self.encoder(x), lengths)
        pool = POOLINGS[self.pooling]
        answer = self.head(self.recurrent.merge([pool(outputs, lengths) for outputs in readings]))
        return answer

    def extra_repr(self) -> str:
        """Show the pooling or what stands for it, which owns no parameters."""
        return f"output_steps={self.output_steps}" if self.output_steps else f"pooling={self.pooling}"
