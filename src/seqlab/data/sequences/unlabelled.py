"""Numeric sequences without labels, and with them, for a trained network."""

import logging
from collections.abc import Sequence
from pathlib import Path

import torch

from seqlab.data.batches import FeatureSamples, Followed, Stepped, Unlabelled
from seqlab.data.sequences.declared import SequencesSpec
from seqlab.data.sequences.labels import SequenceLabels
from seqlab.data.sequences.own import Sequences
from seqlab.data.sequences.records import Records
from seqlab.data.text.scored import targets
from seqlab.errors import ConfigError, DataError

log = logging.getLogger(__name__)


def unlabelled(spec: SequencesSpec, data: Sequences, texts: Sequence[str], file: Path | None) -> Unlabelled:
    """Return the sequences of a file that has the layout of the training file; labels may be absent.

    Raises:
        DataError: the file is missing or malformed, or has other channels.
        ConfigError: the sequences of the training were in no file.
    """
    records = _read(spec, data, texts, file)
    values = torch.from_numpy(records.filled(spec.sequences.usual(records.width)))
    y = torch.zeros(len(records), dtype=torch.int64)
    starts, lengths = torch.from_numpy(records.starts), torch.from_numpy(records.lengths)
    names: Sequence[str | Stepped] = records.names
    if spec.task == "tagging":
        names = [Stepped(*one) for one in zip(records.names, lengths.tolist(), strict=True)]
    return Unlabelled(FeatureSamples(values, starts, lengths, y), names)


def label(spec: SequencesSpec, data: Sequences, file: Path) -> FeatureSamples:
    """Return the labelled sequences of a file, scaled as those of the training.

    Raises:
        DataError: as ``unlabelled``, or a label is missing, or of a class that the training had not.
        ConfigError: as ``unlabelled``, or each step has a label.
    """
    records = _read(spec, data, (), file)
    labels = SequenceLabels([records], data.parsers(records.label_columns or ("label",)))
    y = torch.from_numpy(targets(spec, labels, None, file))
    values = spec.sequences.scaled(records.filled(spec.sequences.usual(records.width)))
    starts, lengths = torch.from_numpy(records.starts), torch.from_numpy(records.lengths)
    return FeatureSamples(torch.from_numpy(values), starts, lengths, y)


def follow(spec: SequencesSpec, data: Sequences, text: str | None, file: Path | None) -> Followed:
    """Return the first sequence of a file, step by step.

    Raises:
        DataError: the file is missing or malformed, or has other channels.
        ConfigError: the sequences of the training were in no file.
    """
    records = _read(spec, data, text, file)
    if len(records) > 1:
        log.warning("%s has %s sequences; the first is explained", file, f"{len(records):,}")
    x = records.filled(spec.sequences.usual(records.width))[: records.lengths[0]]
    return Followed(
        name=f"{records.path.name}, {records.names[0]}",
        x=torch.from_numpy(x[None]),
        steps=[str(step) for step in range(1, len(x) + 1)],
        values={name: column.tolist() for name, column in zip(spec.features, x.T, strict=True)},
    )


def _read(spec: SequencesSpec, data: Sequences, texts: Sequence[str] | None, file: Path | None) -> Records:
    layout = spec.sequences.layout
    if layout is None:
        raise ConfigError(f"data={spec.name} is in no file; see predictions.csv of the run")
    if texts or file is None:
        raise DataError(f"this run reads numeric sequences: give them with --file FILE, {layout}")
    records = data.records(layout, file)
    if len(records.channels) != spec.input_size:
        raise DataError(
            f"{file} has {len(records.channels)} channels, and the network reads {spec.input_size}"
        )
    return records
