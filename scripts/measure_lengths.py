"""What padding costs: batches of real lengths, padded, packed, and bucketed by the package's own loader."""

import math
import os
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from measure import NOTHING, Block, Measurement, count, in_turn, ratios, unsupported_reason
from measure_cells import library
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

from seqlab.data import SequenceData, datasets
from seqlab.functional.lengths import last_step
from seqlab.nn import Recurrent

B, H = 64, 128


@dataclass(frozen=True)
class Texts:
    """A data set whose lengths are taken.

    Attributes:
        name: of the data set.
        I: width of the inputs.
        rounds: how often everything is timed, if there is time.
        batches: timed in a round, evenly spaced among all by their length.
        settings: of the data set.
    """

    name: str
    I: int  # noqa: E741 (the field's name)
    rounds: int
    batches: int
    settings: dict[str, Any] = field(default_factory=dict)


TEXTS = {
    "names": Texts("names", I=57, rounds=15, batches=10),
    "reviews": Texts("online_shopping_10_cats", I=128, rounds=5, batches=8, settings={"max_length": 256}),
}
CELLS = ("lstm", "gru")
LIMIT = 10.0
"""Seconds a cell and data set, unless the caller says how many rounds."""
PACKED, PADDED, BUCKETED = "PackedSequence", "native, padded", "native, bucketed"


@dataclass(frozen=True)
class Drawn:
    """Batches, as the lengths in each.

    Attributes:
        source: where the data come from.
        lengths: of all samples.
        random: batches as they fall.
        bucketed: those of the package's loader.
    """

    source: str
    lengths: Tensor
    random: list[Tensor]
    bucketed: list[Tensor]

    def __str__(self) -> str:
        mean, longest = self.lengths.float().mean(), int(self.lengths.max())
        return (
            f"{self.source}, lengths {mean:.0f} on average and {longest} at most; padding is "
            f"{padding(self.random):.0%} of a random batch and {padding(self.bucketed):.0%} of a bucketed one"
        )


def measure(names: Sequence[str], threads: int, rounds: int | None) -> Iterator[Block]:
    """Yield a block a data set: time a sample, against torch.nn on random batches padded to their longest.

    Raises:
        DataError: the data cannot be read.
    """
    torch.set_num_threads(threads)
    chosen = [cell for cell in names if cell in CELLS]
    for case, texts in TEXTS.items() if chosen else ():
        drawn = draw(texts)
        sizes = f"B{B} I{texts.I} H{H}, {count(threads, 'thread')}"
        yield Block(
            f"{case}: time a sample, {sizes} ({drawn})",
            [each for cell in chosen for each in compare(cell, case, drawn, threads, rounds)],
        )


def draw(texts: Texts) -> Drawn:
    """Read a data set and draw batches."""
    source = "auto" if os.environ.get("SEQLAB_DATA_DIR") else "sample"
    data = SequenceData(datasets[texts.name](source=source, batch_size=B, **texts.settings))
    data.setup()
    lengths = data.samples["train"].lengths.long()
    random = torch.randperm(len(lengths), generator=torch.Generator().manual_seed(0)).split(B)
    bucketed = data.train_dataloader().batches()
    kinds = [spaced([lengths[ids] for ids in kind], texts.batches) for kind in (random, bucketed)]
    return Drawn(data.spec.source, lengths, *kinds)


def padding(batches: list[Tensor]) -> float:
    """Return the share of padding in batches of these lengths."""
    steps = sum(len(each) * int(each.max()) for each in batches)
    return 1 - sum(int(each.sum()) for each in batches) / steps


def spaced(batches: list[Tensor], wanted: int) -> list[Tensor]:
    """Return some whole batches, evenly spaced by their longest sequence: they stand for all."""
    whole = sorted((each for each in batches if len(each) == B), key=lambda each: int(each.max()))
    whole = whole or batches
    return [whole[int((number + 0.5) / wanted * len(whole))] for number in range(wanted)]


def compare(cell: str, case: str, drawn: Drawn, threads: int, rounds: int | None) -> Iterator[Measurement]:
    """Yield the ratio of each way to run a cell, sample by sample."""
    torch.manual_seed(0)
    input_size, (name, make) = TEXTS[case].I, library(cell)
    theirs, refused, against = make(input_size, H), unsupported_reason("native", cell), f"{name}, padded"
    actions = {
        against: epoch(theirs, drawn.random, _padded(theirs)),
        PACKED: epoch(theirs, drawn.random, _packed(theirs)),
    }
    if not refused:
        own = Recurrent(cell, input_size=input_size, hidden_size=H, engine="native")
        actions[PADDED] = epoch(own, drawn.random, _own(own))
        actions[BUCKETED] = epoch(own, drawn.bucketed, _own(own))
    times = in_turn(actions, rounds or TEXTS[case].rounds, limit=math.inf if rounds else LIMIT)
    sizes = {variant: sum(map(len, drawn.random)) for variant in actions} | {
        BUCKETED: sum(map(len, drawn.bucketed))
    }
    times = {variant: [each / sizes[variant] for each in found] for variant, found in times.items()}
    for variant in (PACKED, PADDED, BUCKETED):
        if variant not in times:
            yield Measurement("lengths", cell, case, variant, NOTHING, against, threads, note=refused)
            continue
        yield Measurement(
            *("lengths", cell, case, variant, ratios(times[variant], times[against]), against, threads),
            rounds=len(times[variant]),
            own=statistics.median(times[variant]),
            other=statistics.median(times[against]),
        )


def epoch(
    module: nn.RNNBase | Recurrent, batches: list[Tensor], run: Callable[[Tensor, Tensor], Tensor]
) -> Callable[[], None]:
    """Return an action: every batch forward to the last step of each sequence, and backward from there."""
    inputs = [
        torch.randn(len(each), int(each.max()), module.input_size, requires_grad=True) for each in batches
    ]
    gradients = [torch.randn(len(each), H) for each in batches]

    def action() -> None:
        for x, lengths, gradient in zip(inputs, batches, gradients, strict=True):
            torch.autograd.grad(run(x, lengths), [x, *module.parameters()], gradient)

    return action


def _padded(module: nn.Module) -> Callable[[Tensor, Tensor], Tensor]:
    return lambda x, lengths: last_step(module(x)[0], lengths)


def _packed(module: nn.Module) -> Callable[[Tensor, Tensor], Tensor]:
    def run(x: Tensor, lengths: Tensor) -> Tensor:
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        final = module(packed)[1]
        last: Tensor = (final[0] if isinstance(final, tuple) else final)[0]
        return last

    return run


def _own(module: nn.Module) -> Callable[[Tensor, Tensor], Tensor]:
    return lambda x, lengths: last_step(module(x, lengths, need_state=False)[0], lengths)
