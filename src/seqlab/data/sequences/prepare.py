"""From numeric sequences to samples: targets, splits, scaling."""

import logging
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch

from seqlab.data.batches import FeatureSamples, Loaded, Samples, StepSamples
from seqlab.data.scaling import scaling, spread
from seqlab.data.sequences.dataset import Given, SequencesData
from seqlab.data.sequences.declared import SequenceSettings, SequencesSpec
from seqlab.data.sequences.labels import SequenceLabels
from seqlab.data.sequences.records import Records
from seqlab.data.sequences.tags import Tags, steps_of
from seqlab.data.splits import SPLITS, Shares, sample, split_grouped, warn_of_shared
from seqlab.data.text.targets import TARGETS, Targets
from seqlab.errors import DataError

log = logging.getLogger(__name__)

Rows = Mapping[str, np.ndarray]
"""The sequences of each split, as numbers in all that was read."""


def load(data: SequencesData) -> Loaded:
    """Read, split and scale the sequences.

    Raises:
        DataError: a file is missing or malformed, or a class has no training sequence.
    """
    given = data.read()
    parts = list(given.parts.values())
    _check_channels(parts)
    targets = _targets(data, parts, given.source.path)
    rows = _split(data, given, targets.strata)
    targets.check(rows)
    rows = {**rows, "train": sample(rows["train"], data.limit_train_samples, data.split_seed)}
    declared, y = targets.learnt(rows["train"])
    lengths = np.concatenate([part.lengths for part in parts])
    settings = _settings(given, lengths, rows["train"])
    filled = np.concatenate([part.filled(settings.usual(part.width)) for part in parts])
    values, steps = torch.from_numpy(settings.scaled(filled)), torch.from_numpy(lengths)
    starts, every = steps.cumsum(0) - steps, torch.from_numpy(y)
    samples: dict[str, Samples] = {}
    for split, chosen in rows.items():
        if data.problem_type == "tagging":
            sequences = FeatureSamples(values, starts[chosen], steps[chosen], torch.zeros(len(chosen)))
            samples[split] = StepSamples(sequences, every[steps_of(lengths, chosen)])
        else:
            samples[split] = FeatureSamples(values, starts[chosen], steps[chosen], every[chosen])
    names = [name for part in parts for name in part.names]
    spec = SequencesSpec(
        name=data.name,
        kind="features",
        task=data.problem_type,
        input_size=len(parts[0].channels),
        features=parts[0].channels,
        side_inputs=dict(parts[0].side_inputs),
        **declared,
        sequences=settings,
        source=given.source.kind,
        origin=f"{given.source.path} ({given.source.how})",
        sha256=given.fingerprint(),
        path=str(given.source.path.resolve()) if data.place else "",
        sizes={split: len(chosen) for split, chosen in rows.items()},
    )
    return Loaded(spec, samples, partial(_name, names, rows))


def _name(names: Sequence[str], rows: Rows, split: str, index: int) -> str:
    """Return where a sequence is in its file."""
    return names[int(rows[split][index])]


def _targets(data: SequencesData, parts: Sequence[Records], path: Path) -> Targets | Tags:
    """Return the targets of the sequences, or of their steps."""
    if data.problem_type == "tagging":
        return Tags(parts, path)
    labels = SequenceLabels(parts, data.parsers(parts[0].label_columns or ("label",)))
    return TARGETS[data.problem_type](labels, None, path)


def _check_channels(parts: Sequence[Records]) -> None:
    first = parts[0]
    for part in parts[1:]:
        if part.channels != first.channels:
            raise DataError(
                f"{part.path} has the channels {', '.join(part.channels)}, and {first.path} has "
                f"{', '.join(first.channels)}; they must be the same"
            )


def _split(data: SequencesData, given: Given, strata: np.ndarray) -> Rows:
    """Return the splits: those that are given as they are, the others out of the training file."""
    counts = [len(part) for part in given.parts.values()]
    ends = np.cumsum(counts)
    rows = {
        split: np.arange(end - count, end)
        for split, count, end in zip(given.parts, counts, ends, strict=True)
    }
    train = given.parts["train"]
    groups = np.unique(train.groups, return_inverse=True)[1] if train.groups else train.hashes()
    shares = Shares(data.val_share, data.test_share).without(rows)
    found = split_grouped(groups, strata[rows["train"]], shares, data.split_seed)
    split = {name: rows[name] if name in rows and name != "train" else found[name] for name in SPLITS}
    hashes = np.concatenate([part.hashes() for part in given.parts.values()])
    warn_of_shared(hashes, split, given.parts, SequenceLabels.noun)
    return split


def _settings(given: Given, lengths: np.ndarray, train: np.ndarray) -> SequenceSettings:
    """Learn the scales of the channels from the training part."""
    is_train = np.zeros(len(lengths), dtype=bool)
    is_train[train] = True
    parts = list(given.parts.values())
    values = np.concatenate([part.values for part in parts])[np.repeat(is_train, lengths)]
    means, scales = spread(values)
    if np.isnan(means).any():
        channel = parts[0].channels[int(np.isnan(means).argmax())]
        raise DataError(
            f"{given.source.path}: '{channel}' has no number in the training part; leave it out of "
            "data.features, or fill it"
        )
    is_beside = np.arange(len(means)) >= parts[0].width
    is_interval = is_beside & np.isnan(parts[0].values[0])  # no step is before the first
    return SequenceSettings(
        *scaling(means, scales, is_beside=is_beside, is_interval=is_interval), given.layout
    )
