"""Asking a trained network, in a run folder or exported: about texts, or how a series goes on."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch

from seqlab.data import DataSpec
from seqlab.data.batches import TokenSamples
from seqlab.data.series.grid import Grid
from seqlab.data.series.prepare import in_units, read_grid
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
    from seqlab.data.text.cleaning import TextSettings

log = logging.getLogger(__name__)

BATCH = 1024


def load(path: Path, checkpoint: str = "best") -> Predictor:
    """Load what answers: a run folder, or a file that ``seqlab export`` has written.

    Args:
        path: the folder, or a file named .safetensors or .onnx.
        checkpoint: of a folder, "best" or "last".

    Raises:
        SeqlabError: what is there is missing, damaged, or needs a package that is not installed.
    """
    if path.suffix not in (".safetensors", ".onnx"):
        run = load_run(path, checkpoint)
        return Predictor.of(run.module, run.spec, run.config.data)
    if checkpoint != "best":
        raise ConfigError(f"--checkpoint={checkpoint} chooses in a run folder, and {path} is a file")
    if path.suffix == ".safetensors":
        from seqlab.export.weights import read_weights  # noqa: PLC0415

        return read_weights(path)
    from seqlab.export import require_onnx  # noqa: PLC0415

    require_onnx()
    from seqlab.export.onnx_model import read_onnx  # noqa: PLC0415 (an extra)

    return read_onnx(path)


def predict(network: Predictor, texts: Sequence[str], file: Path | None, top: int) -> list[dict[str, Any]]:
    """Return the answers to texts, or how the series in a file goes on, as plain values.

    Args:
        network: what answers.
        texts: what is asked.
        file: further texts, one a line; or a table with the columns that the network has read, at least as
            long as its input.
        top: how many classes to name.

    Raises:
        DataError: nothing is asked, or the file is missing, malformed, too short, or has a gap at its end.
        ConfigError: the network's data are generated.
    """
    spec = network.spec
    if spec.text is not None:
        asked = _texts(texts, file)
        samples = encode(spec, asked)
        batches = (samples.batch(ids) for ids in torch.split(torch.arange(len(asked)), BATCH))
        answers = torch.cat([network.answer(batch.x, batch.lengths) for batch in batches])
    elif spec.series is not None:
        if texts or file is None:
            raise DataError("this run forecasts a series: name its latest rows with --file FILE.csv")
        x, grid = latest_window(cast("SeriesData", network.data), spec.series, file)
        times = grid.times[-1] + grid.step * np.arange(1, spec.series.horizon_steps + 1)
        asked = [str(np.datetime64(int(time), "s")) for time in times]
        answers = network.answer(torch.from_numpy(x[None]), torch.tensor([len(x)]))
    else:
        raise ConfigError(f"data={spec.name} is generated; see predictions.csv of the run")
    return network.task.decode(spec, asked, answers, top)


def _texts(texts: Sequence[str], file: Path | None) -> list[str]:
    lines = read_user_text(file).splitlines() if file else []
    asked = [text for text in (*texts, *(line.strip() for line in lines)) if text.strip()]
    if not asked:
        raise DataError("nothing to predict: name a text, or --file with one text a line")
    return asked


def encode(spec: DataSpec, texts: Sequence[str]) -> TokenSamples:
    """Return texts as a network reads them, and say which characters or words it does not know.

    Args:
        spec: what the network's data declared.
        texts: each at least one character long.
    """
    settings = cast("TextSettings", spec.text)
    tokens = [settings.tokenize(settings.clean(text) or text) for text in texts]
    vocabulary = Vocabulary(spec.symbols)
    unseen = sorted({token for text in tokens for token in text} - set(vocabulary.symbols))
    if unseen:
        shown = " ".join(map(in_a_line, unseen[:20]))
        log.warning("%d %s are not known from training: %s", len(unseen), settings.tokens, shown)
    return vocabulary.encode(tokens).cut(settings.max_length, settings.keep, marks=settings.marks)


def latest_window(data: "SeriesData", series: "SeriesSettings", file: Path) -> tuple[np.ndarray, Grid]:
    """Read the last steps of a file, as many as a network reads.

    Args:
        data: reads such files.
        series: what the columns are.
        file: a table with the columns that the network has read, at least as long as its input.

    Returns:
        The input columns in their own units, [T, F], and the whole grid that they end.

    Raises:
        DataError: the file is missing, malformed, too short, or has a gap in its last steps.
    """
    table = data.open(Source("real", file, "--file"))
    grid = read_grid(data, table, series.measured, series.step_minutes)
    if not grid.whole[-series.input_steps :].all() or len(grid) < series.input_steps:
        gaps = int((~grid.whole[-series.input_steps :]).sum())
        raise DataError(
            f"{file}: the last {series.input_steps} steps of {series.step_minutes:g} minutes must be there "
            f"without a gap; found {len(grid)} steps, {gaps} gaps among the last; give a longer or whole file"
        )
    return in_units(grid, series)[-series.input_steps :], grid
