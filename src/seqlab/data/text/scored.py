"""Labelled texts or sequences of a user's, as samples on which a trained network is scored."""

from pathlib import Path

import numpy as np

from seqlab.data.batches import TokenSamples
from seqlab.data.source import Source
from seqlab.data.spec import DataSpec
from seqlab.data.text.corpus import Corpus
from seqlab.data.text.declared import TextSpec
from seqlab.data.text.targets import Labelled, Labels
from seqlab.data.text.vocabulary import Vocabulary
from seqlab.data.text_csv import Texts
from seqlab.errors import ConfigError, DataError, near


def label(spec: TextSpec, data: Texts, file: Path) -> TokenSamples:
    """Return the labelled texts of a file, encoded as those of the training.

    Args:
        spec: the description of the training data.
        data: settings for reading such files.
        file: a table with the columns of the training data.

    Raises:
        DataError: the file is missing or malformed, or has a class that the training had not.
    """
    reader = data.read(Source("real", file, "the given table"))
    settings = spec.text
    corpus = Corpus.of(reader, data.text_settings(), type(data).group, reader.fingerprint())
    numbers = Vocabulary(spec.symbols).numbers(corpus.symbols)
    spans = corpus.spans(np.arange(len(corpus)))
    samples = TokenSamples(corpus.tokens, *spans, targets(spec, corpus, data.label_column, file), numbers)
    return samples.cut(settings.max_length, settings.keep, bos_eos=settings.bos_eos)


def targets(spec: DataSpec, labelled: Labelled, column: str | None, path: Path) -> np.ndarray:
    """Return the targets, [N] or [N, C].

    Args:
        spec: the description of the training data.
        labelled: the samples.
        column: their label column; None for the first, or for all that together say it.
        path: of their file, for messages.

    Raises:
        DataError: a class is unknown.
        ConfigError: the problem type has no such labels.
    """
    if spec.task == "multilabel":
        found = Labels(labelled, column, path)
        _refuse_unknown(spec, found.names, path)
        y = np.zeros((len(labelled), len(spec.classes)), found.y.dtype)
        y[:, [spec.classes.index(name) for name in found.names]] = found.y
        return y
    column = column or next(iter(labelled.classes))
    values, numbers = labelled.classes[column], labelled.labels[:, list(labelled.classes).index(column)]
    if spec.task == "regression":
        measured = np.array([float(value) for value in values])[numbers]
        scaled: np.ndarray = ((measured - spec.target_mean) / spec.target_std).astype(np.float32)
        return scaled
    if spec.task != "classification":
        raise ConfigError(f"task={spec.task} is scored on the data of the run alone; leave the table out")
    _refuse_unknown(spec, values, path)
    places: np.ndarray = np.array([spec.classes.index(value) for value in values], np.int64)[numbers]
    return places


def _refuse_unknown(spec: DataSpec, names: tuple[str, ...], path: Path) -> None:
    if unknown := [name for name in names if name not in spec.classes]:
        raise DataError(f"{path}: the training had no class '{unknown[0]}'; {near(unknown[0], spec.classes)}")
