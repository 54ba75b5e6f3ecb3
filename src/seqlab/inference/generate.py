"""Texts that a language model writes: token by token, each from the state that the one before has left."""

import codecs
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple, Self

import torch
from torch import Tensor

from seqlab.cells import State
from seqlab.data.streams.tokenizer import Tokenizer
from seqlab.data.text.cleaning import TextSettings
from seqlab.data.text.declared import TextSpec
from seqlab.data.text.vocabulary import BEGIN, END, PAD, UNKNOWN
from seqlab.errors import ConfigError, near
from seqlab.inference.predict import load

Step = Callable[[Tensor, State | None], tuple[Tensor, State]]
"""From tokens [1, T] and a state to the logits of the token after each, [1, T, V], and the state then."""


class Written(NamedTuple):
    """A token that was written, the text that is complete with it, and its log-probability in nats."""

    token: int
    text: str
    log_probability: float


@dataclass(frozen=True)
class Sampling:
    """How a token is chosen.

    Attributes:
        temperature: of the logits; below 1 likely tokens are chosen more often, at 0 always the likeliest.
        top_k: choose among so many of the likeliest tokens; None for all.
        top_p: choose among the likeliest tokens that together have this probability.
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float = 1.0

    def check(self) -> None:
        """Refuse what cannot be.

        Raises:
            ConfigError: with the allowed range.
        """
        if not (_is_number(self.temperature) and 0 <= self.temperature < math.inf):
            raise ConfigError(f"temperature must be 0 or more, got {self.temperature!r}")
        if self.top_k is not None and not (isinstance(self.top_k, int) and self.top_k >= 1):
            raise ConfigError(f"top-k must be a whole number from 1, got {self.top_k!r}")
        if not (_is_number(self.top_p) and 0 < self.top_p <= 1):
            raise ConfigError(f"top-p must be above 0 and at most 1, got {self.top_p!r}")

    def choose(self, logits: Tensor, random: torch.Generator) -> int:
        """Return a token, given the logits of all, [V]; those of −∞ are not chosen."""
        order = logits.double().sort(descending=True, stable=True)
        if self.temperature == 0:
            return int(order.indices[0])
        # The likeliest is subtracted first: a division by nearly 0 leaves it 0.
        scaled = ((order.values - order.values[0]) / self.temperature).masked_fill(
            order.values == -math.inf, -math.inf
        )
        probabilities = scaled[: self.top_k].softmax(0)
        before = probabilities.cumsum(0) - probabilities
        kept = probabilities.where(before < self.top_p, 0)
        return int(order.indices[torch.multinomial(kept, 1, generator=random)])


def _is_number(value: object) -> bool:
    return isinstance(value, int | float)


def check_written(length: int, until: str | None) -> None:
    """Refuse what ends a text that cannot be.

    Raises:
        ConfigError: with what is allowed.
    """
    if not isinstance(length, int) or length < 1:
        raise ConfigError(f"length must be a whole number from 1, got {length!r}")
    if until is not None and not (isinstance(until, str) and until):
        raise ConfigError(f"until must be a text that is not empty, got {until!r}")


def seeded(seed: int | None) -> torch.Generator:
    """Return a generator of random numbers: by its seed always the same, without one always another.

    Raises:
        ConfigError: the seed is no whole number, or out of range.
    """
    random = torch.Generator()
    if seed is None:
        random.seed()
    elif isinstance(seed, int) and 0 <= seed < 2**63:
        random.manual_seed(seed)
    else:
        raise ConfigError(f"seed must be a whole number from 0 to 2^63 − 1, got {seed!r}")
    return random


@dataclass(frozen=True)
class Writer:
    """A language model that writes.

    Attributes:
        step: the network.
        tokenizer: of its texts.
        classes: of texts, one of which it must be told.
        texts: how texts were read that were samples of their own in training; None for one stream.
    """

    step: Step
    tokenizer: Tokenizer
    classes: tuple[str, ...] = ()
    texts: TextSettings | None = None

    @classmethod
    def of(cls, path: Path, checkpoint: str = "best") -> Self:
        """Return the language model in a run folder, or in a file of ``seqlab export``.

        Raises:
            SeqlabError: it is missing or damaged.
            ConfigError: it is no language model, or has no state to go on from.
        """
        network = load(path, checkpoint)
        if network.spec.task != "language_model":
            raise ConfigError(
                f"{path} is of task={network.spec.task}, which knows no next token; train a language "
                "model, such as seqlab train data=tiny_shakespeare"
            )
        if network.carry is None:
            raise ConfigError(
                f"{path} keeps no state from token to token; export the run again with this version of seqlab"
            )
        carry = network.carry
        spec = network.spec
        return cls(
            lambda x, state: carry(x, torch.tensor([x.shape[1]]), state),
            spec.tokenizer(),
            spec.classes,
            spec.text if isinstance(spec, TextSpec) else None,
        )

    def told(self, name: str | None) -> "Writer":
        """Return the same language model, told the class of its texts: the token in the place of BOS.

        Raises:
            ConfigError: there is no such class, or none is named.
        """
        if name is None and not self.classes:
            return self
        if not self.classes:
            raise ConfigError(
                "the network was told no class, so none can be named; train one with model.condition=class"
            )
        if name not in self.classes:
            raise ConfigError(
                "the class of the text must be named, by --class or in Python by label=; "
                f"{near(name or '', self.classes)}"
            )
        token, step = len(self.tokenizer.symbols) + self.classes.index(name), self.step
        return replace(self, step=lambda x, state: step(x.masked_fill(x == BEGIN, token), state), classes=())

    @property
    def has_documents(self) -> bool:
        """Whether texts begin and end."""
        return self.tokenizer.settings.documents != "none"

    def read(self, prompt: str) -> tuple[list[int], list[str]]:
        """Return the tokens of the beginning of a text, and what of it is unknown."""
        prompt = prompt.replace("\0", " ")
        numbers, unknown = self.tokenizer.encode(self._as_trained(prompt))
        found: list[int] = numbers.tolist()
        if self.has_documents:
            return [BEGIN, *found], unknown
        if not found:  # a text begins as a line does
            line = self.tokenizer.encode("\n")[0].tolist()
            return (line if UNKNOWN not in line else [END + 1]), unknown
        return found, unknown

    def _as_trained(self, prompt: str) -> str:
        """Return the beginning of a text as training read its own, where each was a sample."""
        if self.texts is None or not (inner := prompt.strip()):
            return prompt if self.texts is None else ""
        return self.texts.read(inner) + prompt[len(prompt.rstrip()) :]  # a blank may end it

    def write(
        self, prompt: str, sampling: Sampling, *, length: int, until: str | None, random: torch.Generator
    ) -> Iterator[Written]:
        """Yield what comes after a prompt, one step of the network for each token.

        Args:
            prompt: the beginning of the text.
            sampling: how tokens are chosen.
            length: tokens to write at most; a document may end before.
            until: a text; where it is written, nothing more is.
            random: the generator of random numbers.
        """
        banned = [PAD, UNKNOWN, BEGIN] if self.has_documents else [PAD, UNKNOWN, BEGIN, END]
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        pieces = self.tokenizer.pieces
        x, state = torch.tensor([self.read(prompt)[0]]), None
        text = ""
        for number in range(length):
            with torch.inference_mode():
                logits, state = self.step(x, state)
            found = logits[0, -1].double()
            token = sampling.choose(found.index_fill(0, torch.tensor(banned), -math.inf), random)
            is_last = token == END or number == length - 1
            new = decoder.decode(pieces[token], final=is_last)
            yield Written(token, new, float(found.log_softmax(0)[token]))
            text = (text + new)[-len(until or "") - len(new) :]
            if token == END or (until and until in text):
                return
            x = torch.tensor([[token]])
