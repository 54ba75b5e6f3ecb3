"""Predicting with a trained network, from a run folder or an export: texts, or the next steps of a series."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch

from seqlab.data import SeriesSpec, TextSpec
from seqlab.data.batches import TokenSamples
from seqlab.data.series.grid import Grid
from seqlab.data.series.prepare import in_units, read_grid, step_of
from seqlab.data.series.spec import written
from seqlab.data.source import Source
from seqlab.data.text.vocabulary import Vocabulary
from seqlab.errors import ConfigError, DataError
from seqlab.io.files import read_user_text
from seqlab.io.terminal import in_a_line
from seqlab.models.predictor import Predictor
from seqlab.runs.load import load_run

if TYPE_CHECKING:
    from seqlab.data.series.dataset import SeriesData
    from seqlab.data.series.spec import SeriesSettings

log = logging.getLogger(__name__)

BATCH = 1024


def load(path: Path, checkpoint: str = "best") -> Predictor:
    """Load a network from a run folder, or from a file written by ``seqlab export``.

    Args:
        path: the folder, or a .safetensors or .onnx file.
        checkpoint: of a folder, "best" or "last".

    Raises:
        SeqlabError: the network is missing or damaged, or needs a package that is not installed.
    """
    if path.suffix not in (".safetensors", ".onnx"):
        run = load_run(path, checkpoint)
        return Predictor.of(run.module, run.spec, run.config.data)
    if checkpoint != "best":
        raise ConfigError(f"--checkpoint={checkpoint} is for run folders, and {path} is a file")
    if path.suffix == ".safetensors":
        from seqlab.export.weights import read_weights  # noqa: PLC0415

        return read_weights(path)
    from seqlab.export import require_onnx  # noqa: PLC0415

    require_onnx()
    from seqlab.export.onnx_model import read_onnx  # noqa: PLC0415 (an extra)

    return read_onnx(path)


def predict(network: Predictor, texts: Sequence[str], file: Path | None, top: int) -> list[dict[str, Any]]:
    """Return the predictions for texts, or for the series in a file, as simple values.

    Args:
        network: the network.
        texts: the texts.
        file: further texts, one per line; or a table with the columns of the training data, at least as long
            as the network's input.
        top: how many classes to return.

    Raises:
        DataError: there is no input, or the file is missing, malformed, too short, or has a gap at its end.
        ConfigError: the network's data are generated.
    """
    spec = network.spec
    if isinstance(spec, TextSpec):
        asked = _texts(texts, file)
        samples = encode(spec, asked)
        batches = (samples.batch(ids) for ids in torch.split(torch.arange(len(asked)), BATCH))
        answers = torch.cat([network.answer(batch.x, batch.lengths) for batch in batches])
    elif isinstance(spec, SeriesSpec):
        if texts or file is None:
            raise DataError("this run forecasts a series: give its latest rows with --file FILE.csv")
        x, grid = latest_window(cast("SeriesData", network.data), spec.series, file)
        asked = written(grid.step.after(grid.times[-1], spec.series.horizon_steps))
        answers = network.answer(torch.from_numpy(x[None]), torch.tensor([len(x)]))
    else:
        raise ConfigError(f"data={spec.name} is generated; see predictions.csv of the run")
    return network.task.decode(spec, asked, answers, top)


def _texts(texts: Sequence[str], file: Path | None) -> list[str]:
    lines = read_user_text(file).splitlines() if file else []
    asked = [text for text in (*texts, *(line.strip() for line in lines)) if text.strip()]
    if not asked:
        raise DataError("nothing to predict: give a text, or --file with one text per line")
    return asked


def encode(spec: TextSpec, texts: Sequence[str]) -> TokenSamples:
    """Return the tokens of texts, and warn about unknown characters or words.

    Args:
        spec: the description of the training data.
        texts: none of them empty.
    """
    settings = spec.text
    tokens = [settings.tokenize(settings.clean(text) or text) for text in texts]
    vocabulary = Vocabulary(spec.symbols)
    unseen = sorted({token for text in tokens for token in text} - set(vocabulary.symbols))
    if unseen:
        shown = " ".join(map(in_a_line, unseen[:20]))
        log.warning("%d %s did not occur in training: %s", len(unseen), settings.tokens, shown)
    return vocabulary.encode(tokens).cut(settings.max_length, settings.keep, bos_eos=settings.bos_eos)


def latest_window(data: "SeriesData", series: "SeriesSettings", file: Path) -> tuple[np.ndarray, Grid]:
    """Read the last steps of a file, as many as the network's input has.

    Args:
        data: settings for reading such files.
        series: the columns.
        file: a table with the columns of the training data, at least as long as the network's input.

    Returns:
        The input columns in their own units, [T, F], and the whole grid of the file.

    Raises:
        DataError: the file is missing, malformed, too short, or has a gap in its last steps.
    """
    table = data.open(Source("real", file, "--file"))
    grid = read_grid(data, table, series.measured, step_of(series))
    if not grid.whole[-series.input_steps :].all() or len(grid) < series.input_steps:
        gaps = int((~grid.whole[-series.input_steps :]).sum())
        raise DataError(
            f"{file}: the last {series.input_steps} steps of {grid.step} must have no "
            f"gap; found {len(grid)} steps, {gaps} gaps among the last; give a longer or complete file"
        )
    return in_units(grid, series)[-series.input_steps :], grid
