"""How surprising each token of a text is to a language model: −log of its probability, in nats."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from matplotlib.figure import Figure

from seqlab.data.source import named_file
from seqlab.data.streams.files import TextFiles
from seqlab.data.streams.tokenizer import BORDER
from seqlab.data.text.vocabulary import BEGIN, END, UNKNOWN
from seqlab.errors import DataError
from seqlab.inference.generate import Writer
from seqlab.tasks.figures.fonts import drawable, families, write_title
from seqlab.tasks.language_model import token_scores

CHUNK = 1024
"""Tokens that are scored at once."""
COLUMNS, ROWS = 64, 24
"""Characters in a row of the figure, and its rows."""


class Surprisal(NamedTuple):
    """A token, its text, and its surprisal in nats; None for one that nothing predicts, such as the first."""

    token: int
    text: str
    nats: float | None


@dataclass
class Total:
    """Sums over the tokens of a text that were predicted."""

    tokens: int = 0
    nats: float = 0.0
    characters: int = 0
    unknown_bytes: int = 0

    def add(self, found: Surprisal, widths: tuple[int, ...]) -> None:
        """Add a token; each known one stands for so many characters."""
        if found.nats is None:
            return
        is_unknown = found.token == UNKNOWN
        self.tokens += 1
        self.nats += found.nats
        self.characters += len(found.text) if is_unknown else widths[found.token]
        self.unknown_bytes += len(found.text.encode()) if is_unknown else 0

    def scores(self) -> dict[str, float]:
        """Return the scores; what is unknown is charged 8 bits for each of its bytes."""
        return token_scores(self.nats, self.tokens, self.characters, self.unknown_bytes)


def surprisals(writer: Writer, path: Path, encoding: str = "utf-8") -> Iterator[Surprisal]:
    """Yield every token of a text with its surprisal; the state is carried from the first to the last.

    If each text was a sample of its own in training, one begins anew at each BOS, which nothing predicts.

    Args:
        writer: the language model.
        path: the text: a file, folder or zip, as ``data.path`` of text_file.
        encoding: of the text.

    Raises:
        DataError: it cannot be read, or has less than two tokens.
    """
    source = named_file(str(path), setting="FILE", folder=True)
    files = TextFiles(source.path, encoding, writer.tokenizer.settings.documents, setting="--encoding")
    tokens = _tokens(writer, files.pieces())
    first = list(islice(tokens, 2))
    if not first:
        raise DataError(f"{path} has no text; give a file with some")
    if len(first) == 1:
        raise DataError(f"{path} has a single token, which nothing predicts; give a longer text")
    before, state = None, None
    are_texts = writer.texts is not None
    for chunk in _chunks(chain(first, tokens), BEGIN if are_texts else None):
        if before is None or (are_texts and chunk[0][0] == BEGIN):
            before, state = chunk.pop(0), None
            yield Surprisal(*before, None)
        if not chunk:
            continue
        numbers = torch.tensor([before[0], *(number for number, _ in chunk)])
        with torch.inference_mode():
            logits, state = writer.step(numbers[None, :-1], state)
        nats = -logits[0].double().log_softmax(1).gather(1, numbers[1:, None])[:, 0]
        yield from (Surprisal(*one, value) for one, value in zip(chunk, nats.tolist(), strict=True))
        before = chunk[-1]


def _chunks(tokens: Iterable[tuple[int, str]], begin: int | None) -> Iterator[list[tuple[int, str]]]:
    """Yield tokens in lists of at most ``CHUNK``, a new one at each token ``begin``."""
    chunk: list[tuple[int, str]] = []
    for one in tokens:
        if chunk and (one[0] == begin or len(chunk) == CHUNK):
            yield chunk
            chunk = []
        chunk.append(one)
    if chunk:
        yield chunk


def _tokens(writer: Writer, pieces: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Yield the tokens of a text in pieces, as those of the training were written."""
    texts = [piece.decode(errors="replace") for piece in writer.tokenizer.pieces]
    is_new = writer.has_documents
    for piece in pieces:
        numbers, unknown = writer.tokenizer.encode(_as_trained(writer, piece))
        others = iter(unknown)
        for number in numbers.tolist():
            if is_new:
                yield BEGIN, ""
            yield number, next(others) if number == UNKNOWN else texts[number]
            is_new = number == END


def _as_trained(writer: Writer, piece: str) -> str:
    """Return a piece of a text, of which each document is as those of the training."""
    return piece if writer.texts is None else BORDER.join(map(writer.texts.read, piece.split(BORDER)))


def figure_of(found: Iterable[Surprisal], title: str) -> Figure:
    """Draw the beginning of a text, each character on the colour of its token's surprisal.

    Args:
        found: the tokens.
        title: of the figure.
    """
    cells = chain.from_iterable([(one, character.nats) for one in character.text] for character in found)
    shown = list(islice(cells, COLUMNS * ROWS))
    rows = max(-(-len(shown) // COLUMNS), 1)
    values = np.full(rows * COLUMNS, np.nan)
    values[: len(shown)] = [np.nan if nats is None else nats for _, nats in shown]
    figure = Figure(figsize=(11, 1.2 + 0.24 * rows), layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(values.reshape(rows, COLUMNS), cmap="YlOrRd", vmin=0, aspect="auto")
    for place, (character, _) in enumerate(shown):
        letter = drawable(character, "·") if character.strip() else {"\n": "↵"}.get(character, " ")
        axes.text(
            place % COLUMNS, place // COLUMNS, letter, ha="center", va="center", family=families(), fontsize=9
        )
    axes.set_axis_off()
    write_title(axes, title)
    figure.colorbar(image, ax=axes, label="surprisal in nats")
    return figure
