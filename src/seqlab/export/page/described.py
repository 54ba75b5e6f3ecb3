"""What a page is told of a network: how to read what is typed, what its outputs mean, what can be watched."""

from pathlib import Path
from typing import Any

from onnx import GraphProto

from seqlab.data.sequences.declared import SequencesSpec
from seqlab.data.series.declared import SeriesSpec
from seqlab.data.streams.declared import StreamSettings, StreamSpec
from seqlab.data.text.cleaning import HAN
from seqlab.data.text.declared import CHARACTERS, TextSpec
from seqlab.diagnostics.snapshot import layer_names
from seqlab.errors import ExportError, SeqlabError
from seqlab.export.graph import PAST, WATCHED
from seqlab.runs.load import LoadedRun

SHOWN = {
    "classification": "classes",
    "multilabel": "labels",
    "regression": "number",
    "forecasting": "forecast",
    "language_model": "next token",
}
"""What the page shows, by problem type."""


def described(run: LoadedRun, graph: GraphProto) -> dict[str, Any]:
    """Return what the page of a run is told, as plain values.

    Args:
        run: the run.
        graph: its network, watched.

    Raises:
        ExportError: there is no page for such data, or for such a task.
    """
    spec, record = run.spec, run.record
    shown = SHOWN.get(spec.task)
    if shown is None:
        raise ExportError(f"there is no page for task={spec.task}; use --to onnx")
    read, output = _reading(run), run.module.task.exported(spec).name
    if shown == "forecast" and output != shown:
        raise ExportError(f"a page shows forecasts of values, and this network has {output}; use --to onnx")
    titles = spec.class_titles or spec.classes
    return {
        "title": record.get("name") or f"{spec.name}: {run.config.model.title}",
        "data": spec.name,
        "is_sample": spec.source == "sample",
        "cell": run.config.model.title,
        "parameters": sum(one.numel() for one in run.module.parameters()),
        "read": read,
        "prediction": {"kind": shown, "classes": titles, "output": output}
        | (_horizon(spec) if isinstance(spec, SeriesSpec) else {}),
        "watched": [_watched(run, end.name, end.doc_string) for end in graph.output if _is_watched(end.name)],
        "states": [end.name.removeprefix(PAST) for end in graph.input if end.name.startswith(PAST)],
    }


def _is_watched(name: str) -> bool:
    return name.startswith(WATCHED)


def _watched(run: LoadedRun, output: str, function: str) -> dict[str, Any]:
    """Return where a gate or state is: ``watched.layers.<number>.<gate or state> <name>``."""
    _, _, number, called = output.split(".", 3)
    recurrent = run.module.model.recurrent
    kind, _, name = called.partition(" ")
    return {
        "output": output,
        "layer": layer_names(recurrent)[int(number)],
        "kind": kind,
        "name": name,
        "function": function,
        "is_backward": recurrent.ways.turned[int(number) % recurrent.directions],
    }


def _reading(run: LoadedRun) -> dict[str, Any]:
    """Return how the page makes a network's input of what is typed.

    Raises:
        ExportError: it cannot.
    """
    spec = run.spec
    if isinstance(spec, StreamSpec):
        return _stream(spec.symbols, spec.stream)
    if isinstance(spec, TextSpec) and spec.task == "language_model":
        of_texts = {"classes": spec.classes, "form": spec.text.form, "ascii": spec.text.ascii}
        return _stream(spec.symbols, CHARACTERS) | of_texts
    if isinstance(spec, TextSpec):
        return _text(spec)
    if isinstance(spec, SeriesSpec | SequencesSpec):
        return _columns(run)
    raise ExportError(f"there is no page for data={spec.name}; use --to onnx")


def _text(spec: TextSpec) -> dict[str, Any]:
    settings = spec.text
    if settings.tokens == "words" and any(map(HAN.search, spec.symbols)):
        raise ExportError(
            "a page cannot split Chinese into words; train with data.tokens=characters, or use --to onnx"
        )
    return {
        "kind": "text",
        "symbols": spec.symbols,
        "tokens": settings.tokens,
        "bos_eos": settings.bos_eos,
        "max_length": settings.max_length,
        "keep": settings.keep,
        "form": settings.form,
        "ascii": settings.ascii,
    }


def _stream(symbols: tuple[str, ...], settings: StreamSettings) -> dict[str, Any]:
    return {
        "kind": "stream",
        "symbols": symbols,
        "tokens": settings.tokens,
        "documents": settings.documents,
        "merges": settings.merges,
        "classes": (),
    }


def _columns(run: LoadedRun) -> dict[str, Any]:
    """Return the columns, and a window to begin with: the training file's latest if it is still there."""
    spec = run.spec
    assert isinstance(spec, SeriesSpec | SequencesSpec)  # noqa: S101 (for the type checker)
    settings = spec.series if isinstance(spec, SeriesSpec) else spec.sequences
    if isinstance(spec, SeriesSpec) and any(member.scales for member in spec.series.members):
        raise ExportError("there is no page for series with scales of their own; use --to onnx")
    steps = spec.series.input_steps if isinstance(spec, SeriesSpec) else None
    found: dict[str, Any] = {
        "kind": "columns",
        "columns": spec.inputs,
        "steps": steps,
        "scales": settings.scales,
    }
    if isinstance(spec, SeriesSpec):
        found["derived"] = [name for name in spec.inputs if name not in spec.series.measured]
    flat = {"window": [list(settings.means)] * (steps or FLAT), "names": [], "example": ""}
    if not spec.path:
        return found | flat
    try:
        sample = spec.followed(run.config.data, None, Path(spec.path))
    except (SeqlabError, OSError):
        return found | flat
    return found | {"window": sample.x[0].tolist(), "names": list(sample.steps), "example": sample.name}


FLAT = 12
"""Steps of a sequence to begin with, where there is none to show."""


def _horizon(spec: SeriesSpec) -> dict[str, Any]:
    series = spec.series
    return {"targets": series.targets, "places": series.places, "horizon": series.horizon_steps}
