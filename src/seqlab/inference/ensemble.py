"""Scoring several networks together: the mean of their outputs, as before a softmax.

Lakshminarayanan et al. 2017 average probabilities instead; the mean of logits is their geometric mean.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Self

import torch
from torch import Tensor

from seqlab.data import Batch, SequenceData
from seqlab.data.module import EVALUATION
from seqlab.errors import ConfigError
from seqlab.inference.evaluate import data_of
from seqlab.runs.load import LoadedRun, load_run


class Member(NamedTuple):
    """A network of an ensemble, with its own view of the data."""

    run: LoadedRun
    data: SequenceData

    @property
    def common(self) -> tuple[object, ...]:
        """What all networks of an ensemble have in common, so that their outputs mean the same."""
        config, spec = self.run.config, self.data.spec.as_dict()
        sizes = {stage: len(samples) for stage, samples in self.data.samples.items()}
        of_forecasts = (config.task.arguments, config.model.instance_norm) if "series" in spec else ()
        return config.task.name, of_forecasts, spec.get("classes"), sizes

    def outputs(self, stage: str, ids: Tensor) -> tuple[Batch, Tensor]:
        """Return a batch of a stage, and the network's outputs."""
        batch = self.data.samples[stage].batch(ids)
        with torch.inference_mode():
            return batch, self.run.module(batch.x, batch.lengths)


@dataclass(frozen=True)
class Ensemble:
    """Networks whose outputs, such as logits, are averaged.

    Attributes:
        members: at least one; the first one's task scores the mean.
    """

    members: Sequence[Member]

    @classmethod
    def of(cls, paths: Sequence[Path], checkpoint: str = "best", root: str | None = None) -> Self:
        """Return the networks of runs.

        Args:
            paths: the run folders. Data, split and task must be the same, and of forecasters the settings of
                the task and model.instance_norm; the networks may differ in everything else.
            checkpoint: "best" or "last", of each.
            root: the folder of the data, if they have moved since training.

        Raises:
            RunError: a folder is damaged.
            DataError: the data are missing, or are not those of the training.
            ConfigError: the runs do not predict the same samples, or carry states from one to the next.
        """
        runs = [load_run(path, checkpoint, with_metrics=True) for path in paths]
        for run in runs:
            if run.module.is_carried:
                raise ConfigError(f"{run.path} carries states from batch to batch, which an ensemble cannot")
        members: list[Member] = []
        for run in runs:
            read_before = (one.data for one in members if _reading(one.run) == _reading(run))
            members.append(Member(run, next(read_before, None) or data_of(run, root)[1]))
        first, *others = members
        for other in others:
            if other.common != first.common:
                raise _other_samples(first, other)
        return cls(members)

    def batches(self, stage: str) -> Iterator[tuple[Batch, Tensor]]:
        """Yield the samples of a stage in order, with the mean of the outputs.

        Raises:
            ConfigError: samples of the runs have other targets.
        """
        first, *others = self.members
        for ids in torch.split(torch.arange(len(first.data.samples[stage])), EVALUATION):
            batch, total = first.outputs(stage, ids)
            for other in others:
                beside, outputs = other.outputs(stage, ids)
                if not torch.equal(beside.y, batch.y):
                    raise _other_samples(first, other)
                total = total + outputs
            yield batch, total / len(self.members)

    def scores(self) -> dict[str, float]:
        """Return the scores of the mean on validation and test data, ``{"val/loss": …}``."""
        module = self.members[0].run.module
        for stage in ("val", "test"):
            module.reset(stage)
            for batch, mean in self.batches(stage):
                module.score(stage, mean, batch)
        return module.scores("val", "test")


def _reading(run: LoadedRun) -> tuple[object, ...]:
    """Return what determines the samples that a run reads."""
    config = run.config
    return (
        config.data,
        config.task.problem_type,
        config.model.condition,
        run.record.get("data"),
        run.spec.meaning,
    )


def _other_samples(first: Member, other: Member) -> ConfigError:
    return ConfigError(
        f"{other.run.path} does not predict the same as {first.run.path}; give runs with the same data, "
        "split and task, and forecasters with the same settings of task and model.instance_norm"
    )
