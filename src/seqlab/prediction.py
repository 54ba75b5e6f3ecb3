"""Asking a trained network: about texts, or how a series goes on."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import torch

from seqlab import build
from seqlab.data.series.dataset import SeriesData, scaled
from seqlab.data.source import Source
from seqlab.data.text.vocabulary import Vocabulary
from seqlab.errors import DataError
from seqlab.runs.load import LoadedRun

if TYPE_CHECKING:
    from seqlab.data.series.settings import SeriesSettings
    from seqlab.data.text.cleaning import TextSettings
    from seqlab.tasks import Forecasting

log = logging.getLogger(__name__)

BATCH = 1024


@dataclass(frozen=True)
class Answer:
    """The most probable classes of a text, the best first."""

    text: str
    classes: tuple[str, ...]
    probabilities: tuple[float, ...]


@dataclass(frozen=True)
class ForecastStep:
    """The values of all targets at one time, in their own units."""

    time: str
    values: dict[str, float]


def classify(run: LoadedRun, texts: Sequence[str], top: int) -> list[Answer]:
    """Classify texts with a run's network.

    Args:
        run: a loaded run of a classifier.
        texts: what to classify, each at least one character long.
        top: how many classes to name.
    """
    settings = cast("TextSettings", run.spec.text)
    tokens = [settings.tokenize(settings.clean(text) or text) for text in texts]
    vocabulary = Vocabulary(run.spec.symbols)
    samples = vocabulary.encode(tokens).cut(settings.max_length, settings.keep, marks=settings.marks)
    unseen = sorted({token for text in tokens for token in text} - set(vocabulary.symbols))
    if unseen:
        shown = " ".join(unseen[:20])
        log.warning("%d %s are not known from training: %s", len(unseen), settings.tokens, shown)
    answers: list[Answer] = []
    with torch.inference_mode():
        for ids in torch.split(torch.arange(len(texts)), BATCH):
            batch = samples.batch(ids)
            best = run.module(batch.x, batch.lengths).softmax(1).topk(min(top, len(run.spec.classes)))
            for row, sample in enumerate(ids.tolist()):
                names = tuple(run.spec.classes[number] for number in best.indices[row].tolist())
                answers.append(Answer(texts[sample], names, tuple(best.values[row].tolist())))
    return answers


def forecast(run: LoadedRun, file: Path) -> list[ForecastStep]:
    """Forecast what follows the last row of a file.

    Args:
        run: a loaded run of a forecaster.
        file: a table with the columns that the run has read, at least as long as its input.

    Raises:
        DataError: the file is missing, malformed, too short, or has a gap in its last steps.
    """
    series = cast("SeriesSettings", run.spec.series)
    data = cast("SeriesData", build.make_data(run.config))
    table = data.open(Source("real", file, "--file"))
    grid = data.read_grid(table, series.measured, series.step_minutes)
    if not grid.whole[-series.input_steps :].all() or len(grid) < series.input_steps:
        gaps = int((~grid.whole[-series.input_steps :]).sum())
        raise DataError(
            f"{file}: the last {series.input_steps} steps of {series.step_minutes:g} minutes must be there "
            f"without a gap; found {len(grid)} steps, {gaps} gaps among the last; give a longer or whole file"
        )
    x = scaled(grid, series)[None, -series.input_steps :]
    task = cast("Forecasting", run.module.task)
    with torch.inference_mode():
        answer = task.forecast(run.module(x, torch.tensor([series.input_steps])), x)
        values = task.in_units(answer)[0].tolist()
    times = grid.times[-1] + grid.step * np.arange(1, series.horizon_steps + 1)
    return [
        ForecastStep(str(np.datetime64(int(time), "s")), dict(zip(series.targets, row, strict=True)))
        for time, row in zip(times, values, strict=True)
    ]
