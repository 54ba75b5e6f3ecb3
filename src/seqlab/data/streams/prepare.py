"""From files of running text to streams: splits in order, vocabulary, tokens."""

import logging
from collections.abc import Mapping
from functools import partial
from hashlib import sha256

import torch

from seqlab.data.batches import Loaded
from seqlab.data.source import Source
from seqlab.data.splits import SPLITS, Shares
from seqlab.data.streams.corpus import Encoded, Part, Text
from seqlab.data.streams.dataset import StreamData
from seqlab.data.streams.declared import StreamSettings, StreamSpec, Wanted
from seqlab.data.streams.files import TextFiles
from seqlab.data.streams.samples import LONG, StreamSamples
from seqlab.data.streams.tokenizer import Tokenizer
from seqlab.data.text.vocabulary import BEGIN
from seqlab.errors import DataError
from seqlab.io.terminal import in_a_line

log = logging.getLogger(__name__)


def load(data: StreamData) -> Loaded:
    """Read, split and encode the text.

    Raises:
        DataError: a file is missing or malformed, or the text is too short.
    """
    source, given = data.find(), data.given_splits(folder=True)
    files = {"": source, **given}
    parts, sha = _parts(data, files)
    settings = StreamSettings(data.tokens, data.documents)
    encoded = Encoded.of(
        parts, settings, sha, Wanted(data.min_count, data.vocabulary), encoding=data.encoding
    )
    tokenizer = encoded.tokenizer
    sizes = {**encoded.sizes, "train": min(encoded.sizes["train"], data.limit_train_samples or 2**62)}
    samples = {
        split: StreamSamples(
            encoded.path / split,
            sizes[split],
            len(tokenizer.symbols),
            data.steps if split == "train" else LONG,
            part,
            is_whole=split != "train",
        )
        for split, part in parts.items()
    }
    _check(source, samples, data)
    _warn_of_unknown(source, encoded)
    spec = StreamSpec(
        name=data.name,
        kind="tokens",
        task="language_model",
        input_size=len(tokenizer.symbols),
        symbols=tokenizer.symbols,
        widths=tokenizer.widths,
        stream=tokenizer.settings,
        unknown=encoded.unknown,
        reset_token=BEGIN if data.reset else None,
        source=source.kind,
        origin=" and ".join(f"{one.path} ({one.how})" for one in files.values()),
        sha256=sha,
        path=str(source.path.resolve()),
        sizes=sizes,
    )
    return Loaded(spec, samples, partial(_written, samples, tokenizer))


def _written(samples: Mapping[str, StreamSamples], tokenizer: Tokenizer, split: str, index: int) -> str:
    """Return what a chunk of a stream says."""
    tokens = samples[split].batch(torch.tensor([index])).x[0].tolist()
    return in_a_line(b"".join(tokenizer.pieces[token] for token in tokens).decode(errors="replace"))


def _parts(data: StreamData, files: dict[str, Source]) -> tuple[dict[str, Part], str]:
    """Return the text of each split, and a hash of all that was read."""
    texts: dict[str, Text] = {}
    shas: list[str] = []
    for split, file in files.items():
        found = TextFiles(file.path, data.encoding, data.documents)
        shas.append(found.fingerprint())
        texts[split] = Text.of(found, shas[-1])
    whole = texts.pop("")
    parts = whole.cut(Shares(data.val_share, data.test_share).without(texts))
    parts |= {split: text.whole for split, text in texts.items()}
    sha = shas[0] if len(shas) == 1 else sha256(repr(shas).encode()).hexdigest()
    return {split: parts[split] for split in SPLITS}, sha


def _check(source: Source, samples: dict[str, StreamSamples], data: StreamData) -> None:
    """Refuse what is too short to be trained on or scored.

    Raises:
        DataError: a split is.
    """
    try:
        samples["train"].chunks(data.batch_size)
    except DataError as error:
        raise DataError(f"{source.path}: {error}") from error
    for split, found in samples.items():
        if not len(found):
            raise DataError(
                f"{source.path}: '{split}' has {found.count} tokens, and the first is not predicted; add "
                "text, or change data.val_share and data.test_share"
            )


def _warn_of_unknown(source: Source, encoded: Encoded) -> None:
    for split in ("val", "test"):
        unknown, size = encoded.unknown[split][0], encoded.sizes[split]
        if unknown:
            log.warning(
                "%s: %s of %s tokens of '%s' are not in the vocabulary; bits per character charge 8 bits for "
                "each of their bytes",
                *(source.path, f"{unknown:,}", f"{size:,}", split),
            )
