"""docs/performance-gpu.md, written from the rows of scripts/gpu_check.py."""

import shlex
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from measure import table

Row = dict[str, Any]

SCORES = ("test/loss", "test/accuracy", "test/mae")
"""What the page says of a run's scores."""

INTRODUCTION = """# On a GPU

What `scripts/gpu_check.py` found: whether every engine computes on the GPU what the reference engine computes
in float64 on the processor, whether a training step waits for the device and a killed run goes on to the same
end, and how fast all that is. A step is forward and backward; a ratio below 1 is faster than torch.nn.
"""


def page(rows: Sequence[Row]) -> str:
    """Return the page."""
    parts = [INTRODUCTION, *_machine(rows)]
    for part, (title, show) in SHOWN.items():
        own = [row for row in rows if row["part"] == part]
        if not own:
            continue
        parts.append(f"## {title}\n")
        parts += [f"{text}\n" for text in show([row for row in own if "end" not in row])]
        parts += [_failure(row) for row in own if row.get("end") == "failed"]
    return "\n".join(parts)


def _machine(rows: Sequence[Row]) -> Iterator[str]:
    said = next((row for row in rows if row["part"] == "versions" and "torch" in row), None)
    if said is not None:
        gpu = f"{said['gpu']} ({said['gpu_gib']} GiB)" if "gpu" in said else "no GPU"
        names = ("torch", "cuda", "cudnn", "driver", "lightning", "python", "seqlab")
        versions = ", ".join(f"{name} {said[name]}" for name in names if said.get(name))
        yield f"{gpu}; {said['processor']}, {said['cores']} cores; {versions}\n"
    command = next(row for row in rows if row["part"] == "command")
    yield f"`{shlex.join(command['command'])}`\n"
    seconds = sum(row["seconds"] for row in rows if "end" in row)
    failed = [row["part"] for row in rows if row.get("end") == "failed"]
    yield f"It took {seconds:.0f} s; {'failed: ' + ', '.join(failed) if failed else 'nothing failed'}.\n"


def _failure(row: Row) -> str:
    last = "\n".join(row.get("last_words", []))
    return f"**Failed: {row.get('reason', 'see above')}.**\n" + (f"\n```\n{last}\n```\n" if last else "")


def _cells(rows: Sequence[Row]) -> Iterator[str]:
    engines = list(dict.fromkeys((row["engine"], row["precision"]) for row in rows))
    found = {(row["cell"], row["engine"], row["precision"]): row for row in rows}
    lines = []
    for cell in dict.fromkeys(row["cell"] for row in rows):
        each = [found.get((cell, *engine), {}) for engine in engines]
        lines.append([cell, *(_error(row) for row in each)])
    yield "Largest error of outputs, states and gradients, relative to their largest numbers (no TF32):\n"
    yield table(["cell", *(f"{engine}, {precision}" for engine, precision in engines)], lines)
    for warning in sorted({warning for row in rows for warning in row.get("warnings", ())}):
        yield f"torch warns: {warning}"


def _error(row: Row) -> str:
    if "error" not in row:
        return "–"
    return f"{row['error']:.1e}" + ("" if row["ok"] else " **too large**")


def _data(rows: Sequence[Row]) -> Iterator[str]:
    header = ["data", "cell", "engine", "steps", "seconds", "scores", "most memory"]
    yield table(
        header,
        [
            [
                f"{row['data']} ({row['source']})",
                row["cell"],
                row["engine"],
                str(row["steps"]),
                f"{row['seconds']}",
                ", ".join(f"{name} {row['scores'][name]:.4g}" for name in SCORES if name in row["scores"]),
                _memory(row),
            ]
            for row in rows
        ],
    )


def _told(rows: Sequence[Row]) -> Iterator[str]:
    yield "\n".join(f"- {row['run']}: {row['told']}" for row in rows)


def _pool(rows: Sequence[Row]) -> Iterator[str]:
    jobs = [job for row in rows for job in row["jobs"]]
    told = [f"- {job['status']}, from {job['started']} to {job['ended']} on {job['device']}" for job in jobs]
    yield "\n".join(told)


def _speed(rows: Sequence[Row]) -> Iterator[str]:
    for shape in dict.fromkeys(row["shape"] for row in rows):
        own = [row for row in rows if row["shape"] == shape]
        ratios = {(row["cell"], row["engine"]): row for row in own}
        engines = list(dict.fromkeys(row["engine"] for row in own))
        lines = [
            [cell, *(_ratio(ratios[cell, engine]) for engine in engines), against]
            for cell, against in {row["cell"]: row["against"] for row in own if "against" in row}.items()
        ]
        yield f"**{shape}**\n\n" + table(["cell", *engines, "against"], lines)


def _ratio(row: Row) -> str:
    return f"{row['ratio']:.2f} ({row['low']:.2f} to {row['high']:.2f})" if "ratio" in row else "–"


def _loop(rows: Sequence[Row]) -> Iterator[str]:
    for row in rows:
        yield (
            f"{row['trained']}: {row['samples_a_second']:,.0f} samples a second, "
            f"{_ratio(row)} times what a raw PyTorch loop does."
        )


def _peaks(rows: Sequence[Row]) -> Iterator[str]:
    yield table(
        ["network", "shape", "most memory"], [[row["network"], row["shape"], _memory(row)] for row in rows]
    )


def _memory(row: Row) -> str:
    return "–" if row["peak_mib"] is None else f"{row['peak_mib']:,.0f} MiB"


SHOWN: dict[str, tuple[str, Callable[[Sequence[Row]], Iterator[str]]]] = {
    "cells": ("Cells and engines", _cells),
    "data": ("Training, without a step that waits for the device", _data),
    "resume": ("Killed runs", _told),
    "pool": ("Two jobs on one device", _pool),
    "speed": ("Speed of a step", _speed),
    "loop": ("Speed of training", _loop),
    "memory": ("Memory of a step", _peaks),
}
"""The parts that have a section."""
