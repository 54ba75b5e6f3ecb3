"""Byte pairs: which neighbouring tokens are joined into one (Sennrich et al. 2016)."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from heapq import heapify, heappop, heappush
from itertools import pairwise

Pair = tuple[int, int]
NEVER = 2**62


class Pairs:
    """Merges in the order in which they were learnt.

    Example:
        >>> learnt = Pairs.learnt({(5, 6, 7): 2, (5, 6): 1}, first=10, wanted=5)
        >>> learnt.merges
        ((5, 6), (10, 7))
        >>> learnt.joined([6, 5, 6, 7])
        [6, 11]

    Args:
        merges: the two tokens that each further one joins.
        first: the number of the first of those.
    """

    def __init__(self, merges: Sequence[Pair], *, first: int) -> None:
        self.merges = tuple(merges)
        self._numbers = {pair: first + place for place, pair in enumerate(self.merges)}

    @classmethod
    def learnt(cls, words: Mapping[tuple[int, ...], int], *, first: int, wanted: int) -> "Pairs":
        """Join the most frequent pair, of equal ones the lowest, again and again, while one occurs twice.

        Args:
            words: the tokens of each word, and how often it occurs.
            first: the number of the first token that joins two.
            wanted: such tokens at most.
        """
        found = _Words(words)
        heap = [(-count, pair) for pair, count in found.counts.items()]
        heapify(heap)
        merges: list[Pair] = []
        while heap and len(merges) < wanted:
            count, best = heappop(heap)
            if -count != found.counts[best]:
                continue  # counted before others were joined; its present count is in the heap too
            if -count < 2:  # noqa: PLR2004 (nothing is gained)
                break
            for pair in found.join(best, first + len(merges)):
                heappush(heap, (-found.counts[pair], pair))
            merges.append(best)
        return cls(merges, first=first)

    def joined(self, tokens: Sequence[int]) -> list[int]:
        """Return a word's tokens, joined in the order in which pairs were learnt."""
        row = list(tokens)
        while len(row) > 1:
            best = min(pairwise(row), key=lambda pair: self._numbers.get(pair, NEVER))
            if best not in self._numbers:
                break
            row = _with(row, best, self._numbers[best])
        return row


class _Words:
    """Words as they are so far, and how often each pair of neighbours occurs in them."""

    def __init__(self, words: Mapping[tuple[int, ...], int]) -> None:
        self.rows, self.times = [list(word) for word in words], list(words.values())
        self.counts: Counter[Pair] = Counter()
        self.places: defaultdict[Pair, set[int]] = defaultdict(set)
        for number, row in enumerate(self.rows):
            for pair in pairwise(row):
                self.counts[pair] += self.times[number]
                self.places[pair].add(number)

    def join(self, pair: Pair, token: int) -> set[Pair]:
        """Join a pair in all words; return the pairs that occur, and whose counts have changed."""
        changed: set[Pair] = set()
        for number in self.places.pop(pair):
            before = Counter(pairwise(self.rows[number]))
            self.rows[number] = _with(self.rows[number], pair, token)
            after = Counter(pairwise(self.rows[number]))
            for one in before.keys() | after.keys():
                self.counts[one] += (after[one] - before[one]) * self.times[number]
                if one in after:
                    self.places[one].add(number)
            changed |= {one for one in before.keys() | after.keys() if before[one] != after[one]}
        return {one for one in changed if self.counts[one] > 0}


def _with(row: Sequence[int], pair: Pair, token: int) -> list[int]:
    """Return tokens with a pair joined, from left to right."""
    found: list[int] = []
    place = 0
    while place < len(row):
        is_pair = tuple(row[place : place + 2]) == pair
        found.append(token if is_pair else row[place])
        place += 1 + is_pair
    return found
