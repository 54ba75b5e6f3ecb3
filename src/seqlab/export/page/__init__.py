"""A network as one page that anyone opens without a server: its graph in JavaScript, and its weights."""

import base64
import hashlib
import html
import json
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

from seqlab import __version__
from seqlab.export.network import network_graph
from seqlab.export.page.described import described
from seqlab.export.page.javascript import constants, javascript
from seqlab.io.files import own_output, replacing
from seqlab.runs.load import LoadedRun

SIGNATURE = rb'<!doctype html>.{,80}<meta name="generator" content="seqlab '
"""The beginning of the page; it identifies a page that seqlab wrote."""
SCRIPTS = ("runtime", "text", "inside", "page", "language", "columns", "begin")
"""The page's own code, in the order of use; the network's stands behind the runtime."""


def write_page(run: LoadedRun, file: Path) -> list[Path]:
    """Write a run's network; return a list of the one file.

    The run's own network computes in float32 from then on, as the page's does.

    Raises:
        ExportError: there is no page for such data or such a task, or the network cannot be expressed.
        ConfigError: the file exists and seqlab did not write it.
        TraceError: the cell's step cannot be traced.
        OSError: the file cannot be written.
    """
    place = own_output(file, SIGNATURE)
    text = page_of(run)
    with replacing(place) as draft:
        draft.write_text(text, encoding="utf-8", newline="\n")
    return [file]


def page_of(run: LoadedRun) -> str:
    """Return the page; what comes from data is in it as JSON, or escaped.

    The run's own network computes in float32 from then on, as the page's does.

    Raises:
        ExportError: there is no page for such data or such a task, or the network cannot be expressed.
        ConfigError: its layers read other steps than a window has.
        TraceError: the cell's step cannot be traced.
    """
    run.module.model.check_stepwise("a page")
    graph = network_graph(run.module.float(), run.spec, is_watched=True)
    told = described(run, graph)
    first, *others = (_own(f"{name}.js") for name in SCRIPTS)
    script = "\n".join(['"use strict";', first, javascript(graph), *others])
    style = _own("page.css")
    return Template(_own("page.html")).substitute(
        policy=f"default-src 'none'; img-src data:; script-src {_hash(script)}; style-src {_hash(style)}",
        title=html.escape(told["title"]),
        version=html.escape(__version__),
        description=_json(told),
        weights=_json(constants(graph)),
        script=script,
        style=style,
    )


def _own(name: str) -> str:
    return files("seqlab.export.page").joinpath(name).read_text(encoding="utf-8")


def _hash(content: str) -> str:
    """Return what allows an element with this content, and no other."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"


def _json(value: Any) -> str:
    """Return JSON in which no text can end the script element."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
