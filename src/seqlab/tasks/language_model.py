"""Language models: predicting the next token at every step."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torchmetrics import Metric

from seqlab.data import Batch, DataSpec, SequenceData
from seqlab.data.text.vocabulary import UNKNOWN
from seqlab.functional.lengths import EVERY_STEP
from seqlab.tasks import figures
from seqlab.tasks.base import STAGES, Exported, History, Task, register_task
from seqlab.tasks.baselines.language import language_baselines
from seqlab.tasks.loss import EXACT
from seqlab.tasks.score import BITS_PER_CHARACTER, PERPLEXITY, BaselineScores, Score, loss_in

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from seqlab.export.graph import Graph


class TokenSums(Metric):
    """Sums over tokens: nats, number of tokens, their characters, and number of unknown tokens."""

    full_state_update = False
    sums: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.add_state("sums", torch.zeros(4, dtype=EXACT), dist_reduce_fx="sum")

    def update(self, nats: Tensor, tokens: Tensor, characters: Tensor, unknown: Tensor) -> None:
        """Add the sums of a batch."""
        self.sums.add_(torch.stack([one.to(EXACT) for one in (nats, tokens, characters, unknown)]))

    def compute(self) -> Tensor:
        """Return the four sums."""
        return self.sums


@register_task("language_model")
class LanguageModel(Task):
    """Cross-entropy of the next token, in nats.

    Bits per character are the bits of all tokens divided by the number of characters of the text, whatever
    its tokens are; an unknown token costs 8 further bits for each of its bytes.

    Args:
        widths: number of characters of each token.
        unknown: numbers of tokens, characters and bytes of each split that are not in the vocabulary.
        windows: lengths of windows, each from a zero state, in which the test is also scored: 16, 32, …, 512.
    """

    problem_type = "language_model"
    scores: ClassVar[tuple[Score, ...]] = (
        loss_in("cross-entropy in nats per token"),
        BITS_PER_CHARACTER,
        PERPLEXITY,
    )
    monitor = "val/loss"
    metrics_of = None
    is_stepwise = True
    is_causal = True
    output_steps = EVERY_STEP

    widths: Tensor

    def __init__(
        self,
        widths: Sequence[int],
        unknown: Mapping[str, Sequence[int]] | None = None,
        *,
        windows: list[Literal[16, 32, 64, 128, 256, 512]] | None = None,
    ) -> None:
        super().__init__()
        self.output_size, self.unknown = len(widths), dict(unknown or {})
        self.windows = list(windows or ())
        self.register_buffer("widths", torch.tensor(widths), persistent=False)
        self.stages = nn.ModuleList(TokenSums() for _ in STAGES)
        self.of_windows = nn.ModuleList(TokenSums() for _ in self.windows)

    @classmethod
    def of(cls, spec: Mapping[str, Any], settings: Mapping[str, Any]) -> "LanguageModel":
        """Return the task for data with a vocabulary."""
        return cls(spec["widths"], spec.get("unknown"), **settings)

    def step(self, stage: str, outputs: Tensor, batch: Batch) -> Tensor:
        """Return the mean cross-entropy of logits, [B, T, V], and update the sums.

        The next tokens ``batch.y`` are [B, T], −1 in the padding.
        """
        return self._noted(cast("TokenSums", self.stage(stage)), outputs, batch)

    def windowed(self, batch: Batch) -> Iterator[tuple[int, Batch]]:
        """Yield a batch of the same steps cut into windows, for each length in ``windows``."""
        steps = batch.x.shape[1]
        for place, width in enumerate(self.windows):
            rows = -(-steps // width)
            missing = rows * width - steps
            x, y = (
                functional.pad(part, (0, missing), value=value).reshape(-1, width)
                for part, value in ((batch.x, 0), (batch.y, -1))
            )
            firsts = torch.arange(rows, device=batch.x.device) * width
            lengths = (batch.lengths[:, None] - firsts).clamp(1, width).flatten()
            yield place, Batch(x, lengths, y, batch.ids.repeat_interleave(rows))

    def step_windows(self, place: int, outputs: Tensor, batch: Batch) -> None:
        """Update the sums of one length of windows."""
        self._noted(cast("TokenSums", self.of_windows[place]), outputs, batch)

    def predict(self, outputs: Tensor, x: Tensor) -> Tensor:  # noqa: ARG002
        """Return the probabilities of the next token, [B, T, V], from logits."""
        return outputs.softmax(-1)

    def exported(self, spec: DataSpec) -> Exported:
        """Return that the output is the probabilities of the next token at every step, [B, T, V]."""
        return Exported("probabilities", ["time", spec.input_size], is_double=False)

    def add_tail(self, graph: "Graph", outputs: str, x: str) -> str:  # noqa: ARG002
        """Add the softmax."""
        return graph.add("Softmax", outputs, axis=-1)

    def compute(self, stage: str) -> dict[str, float]:
        """Return the stage's scores over all batches and ranks since the last reset."""
        found = self._scored(stage, *cast("TokenSums", self.stage(stage)).compute().tolist())
        for width, sums in zip(self.windows, self.of_windows if stage == "test" else (), strict=False):
            of_windows = self._scored(stage, *cast("TokenSums", sums).compute().tolist())
            found |= {f"{name}_windows_{width}": value for name, value in of_windows.items()}
        return found

    def baselines(self, data: SequenceData, *, fitted: bool) -> BaselineScores:  # noqa: ARG002
        """Score unigrams, interpolated n-grams, and for bits per character a compressor."""
        if not data.spec.as_dict().get("is_carried"):
            return {"ngram": "n-grams are counted in running text only"}
        widths = self.widths.cpu().numpy()

        def scored(split: str, nats: np.ndarray, tokens: np.ndarray) -> dict[str, float]:
            unknown = (tokens == UNKNOWN).sum()
            return self._scored(split, nats.sum(), len(tokens), widths[tokens].sum(), unknown)

        return language_baselines(data, scored)

    def figures(self, history: History, title: str) -> dict[str, "Figure"]:
        """Draw the learning curves."""
        return {name: figures.common.curves(history, name, title) for name in ("loss", "bits_per_character")}

    def tables(self, describe: Callable[[int], str]) -> dict[str, list[dict[str, Any]]]:  # noqa: ARG002
        """Return no tables: ``seqlab score`` has those of any text."""
        return {}

    def reset(self, stage: str) -> None:
        """Reset the stage's sums."""
        super().reset(stage)
        if stage == "test":
            for sums in self.of_windows:
                cast("TokenSums", sums).reset()

    def _noted(self, sums: TokenSums, outputs: Tensor, batch: Batch) -> Tensor:
        inside = (batch.y >= 0) & (batch.ids >= 0)[:, None]
        true = batch.y.where(inside, -1).flatten()
        losses = functional.cross_entropy(outputs.flatten(0, 1), true, ignore_index=-1, reduction="none")
        nats, tokens = losses.to(sums.sums.dtype).sum(), inside.sum()
        with torch.no_grad():
            characters = torch.where(inside, self.widths[batch.y.clamp(min=0)], 0).sum()
            sums.update(nats.detach(), tokens, characters, (true == UNKNOWN).sum())
        return (nats / tokens.clamp(min=1)).to(outputs.dtype)

    def _scored(
        self, stage: str, nats: float, tokens: float, characters: float, unknown: float
    ) -> dict[str, float]:
        count, of_unknown, of_bytes = self.unknown.get(stage, (0, 0, 0))
        share = unknown / max(count, 1)
        return token_scores(float(nats), tokens, float(characters) + share * of_unknown, share * of_bytes)


def token_scores(nats: float, tokens: float, characters: float, unknown_bytes: float) -> dict[str, float]:
    """Return the scores of a text.

    Args:
        nats: the sum over its tokens.
        tokens: how many were predicted.
        characters: how many these stand for.
        unknown_bytes: the bytes of its unknown tokens, each of which costs 8 further bits.
    """
    mean = nats / max(tokens, 1.0)
    spelled = nats + unknown_bytes * math.log(256)
    return {
        "loss": mean,
        "bits_per_character": spelled / math.log(2) / max(characters, 1.0),
        "perplexity": math.exp(min(mean, 700.0)),
    }
