"""Labelled texts: vocabulary, encoding, and splits that keep equal spellings together."""

import unicodedata
from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from seqlab.data.batches import TokenSamples

SPECIALS = ("<pad>", "<unk>", "<begin>", "<end>")
PAD, UNKNOWN, BEGIN, END = range(len(SPECIALS))


def fold_to_ascii(text: str) -> str:
    """Drop accents and whatever is not ASCII: "Ślusàrski" becomes "Slusarski"; empty if no letter is left."""
    letters = text.translate(_FOLDS)
    folded = unicodedata.normalize("NFD", letters).encode("ascii", "ignore").decode().strip()
    return folded if any(character.isalpha() for character in folded) else ""


# Letters that Unicode does not decompose into a base letter and a mark.
_FOLDS = str.maketrans(
    dict(zip("łŁøØđĐðÐı’", "lLoOdDdDi'", strict=True))
    | {"ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "þ": "th", "Þ": "Th"}
)


@dataclass(frozen=True)
class Vocabulary:
    """Symbols by number, the four special ones first; an unseen symbol is ``<unk>``."""

    symbols: tuple[str, ...]

    @classmethod
    def of(cls, texts: Iterable[Sequence[str]]) -> "Vocabulary":
        """Collect the symbols of the training texts, sorted."""
        return cls(SPECIALS + tuple(sorted(set().union(*texts))))

    def __len__(self) -> int:
        return len(self.symbols)

    def encode(self, texts: Sequence[Sequence[str]], y: Sequence[int], *, marks: bool) -> TokenSamples:
        """Number the symbols of each text; with ``marks``, between a begin and an end symbol."""
        number = {symbol: token for token, symbol in enumerate(self.symbols)}
        before, after = ([BEGIN], [END]) if marks else ([], [])
        rows = [[*before, *(number.get(symbol, UNKNOWN) for symbol in text), *after] for text in texts]
        return TokenSamples(
            tokens=torch.tensor([token for row in rows for token in row], dtype=torch.int32),
            lengths=torch.tensor([len(row) for row in rows]),
            y=torch.tensor(y, dtype=torch.int64),
        )


@dataclass(frozen=True)
class Shares:
    """How much of the data is for validation and for testing; the rest is for training."""

    val: float
    test: float


def split_grouped(
    groups: Sequence[Hashable], strata: Sequence[Hashable], shares: Shares, seed: int
) -> dict[str, np.ndarray]:
    """Split so that samples of one group stay together, in the same shares for every stratum.

    A group whose samples belong to several strata counts as the rarest of them.

    Args:
        groups: group of each sample, such as its folded spelling.
        strata: stratum of each sample, such as its class.
        shares: how much is for validation and testing.
        seed: decides which groups go where.

    Returns:
        The numbers of the samples in "train", "val" and "test", each in ascending order.
    """
    members: dict[Hashable, list[int]] = defaultdict(list)
    for number, group in enumerate(groups):
        members[group].append(number)
    size: dict[Hashable, int] = defaultdict(int)
    for stratum in strata:
        size[stratum] += 1
    by_stratum: dict[Hashable, list[list[int]]] = defaultdict(list)
    for numbers in members.values():
        rarest = min((strata[number] for number in numbers), key=lambda name: (size[name], str(name)))
        by_stratum[rarest].append(numbers)
    random = np.random.default_rng(seed)
    parts: dict[str, list[int]] = {"train": [], "val": [], "test": []}
    for stratum in sorted(by_stratum, key=str):
        drawn = by_stratum[stratum]
        for part, places in split_random(len(drawn), shares, random).items():
            parts[part] += [number for place in places for number in drawn[place]]
    return {part: np.sort(np.array(numbers, dtype=np.int64)) for part, numbers in parts.items()}


def split_random(count: int, shares: Shares, random: np.random.Generator) -> dict[str, np.ndarray]:
    """Split ``count`` samples at random, without looking at them."""
    val, test = round(count * shares.val), round(count * shares.test)
    order = random.permutation(count)
    return {"train": order[val + test :], "val": order[:val], "test": order[val : val + test]}


def sample(numbers: np.ndarray, limit: int | None, seed: int) -> np.ndarray:
    """Return ``limit`` of the numbers drawn at random, in ascending order; all of them if None."""
    return np.sort(np.random.default_rng(seed).permutation(numbers)[:limit])
