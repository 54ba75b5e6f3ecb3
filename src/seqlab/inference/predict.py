"""Predicting with a trained network, from a run folder or an export: texts, or the next steps of a series."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from seqlab.errors import ConfigError
from seqlab.models.predictor import Predictor
from seqlab.runs.load import load_run

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


def predict(
    network: Predictor,
    texts: Sequence[str],
    file: Path | None,
    top: int,
    quantiles: Sequence[float] = (),
    *,
    known: Path | None = None,
) -> list[dict[str, Any]]:
    """Return the predictions for texts, or for the series in a file, as simple values.

    Args:
        network: the network.
        texts: the texts.
        file: further texts, one per line; or a table with the columns of the training data, of a series at
            least as long as the network's input.
        top: how many classes or labels of a text or sequence to return.
        quantiles: levels of the quantiles of a forecast to return, as "quantiles" of each row.
        known: a table with what is known of the steps that are forecast, the columns of ``data.known``.

    Raises:
        DataError: there is no input, or the file is missing, malformed, too short, or has a gap at its end.
        ConfigError: the network's data are generated, it does not forecast these quantiles, or it reads
            nothing that is known ahead.
    """
    data = network.data if known is None else network.data.with_known(known)
    samples, names = network.spec.unlabelled(data, texts, file)
    found: list[dict[str, Any]] = []
    for ids in torch.split(torch.arange(len(samples)), BATCH):
        batch = samples.batch(ids)
        called = [names[number] for number in ids.tolist()]
        predictions = network.predict(batch.x, batch.lengths)
        rows = network.task.decode(network.spec, called, predictions, top)
        if quantiles:
            each = network.task.quantiles(called, predictions, quantiles)
            rows = [row | {"quantiles": its} for row, its in zip(rows, each, strict=True)]
        found += rows
    return found
