"""The comparison as one self-contained HTML page: tables, figures, and plotly.js."""

import json
from collections.abc import Sequence
from datetime import datetime
from importlib.resources import files
from os.path import relpath
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from seqlab import __version__
from seqlab.comparison.details import details
from seqlab.comparison.export import write
from seqlab.comparison.figures import Gallery, galleries
from seqlab.comparison.groups import Benchmark, compare
from seqlab.comparison.runs import Run
from seqlab.comparison.table import sheet_of_others, sheets
from seqlab.comparison.words import in_words

SIGNATURE = b".*<title>seqlab report: "
"""The beginning of the page; it identifies a page that seqlab wrote."""


def write_page(benchmarks: Sequence[Benchmark], others: Sequence[Run], file: Path, title: str) -> None:
    """Write the page.

    Args:
        benchmarks: the runs to compare.
        others: runs that cannot be compared; they are listed.
        file: the file to write.
        title: the title of the page.

    Raises:
        ConfigError: the file exists and seqlab did not write it.
        RunError: the file cannot be written.
    """
    problems = [
        f"{run.folder}: {problem}"
        for benchmark in benchmarks
        for run in benchmark.runs
        for problem in run.problems
    ]
    parts = [_part(benchmark, problems, file.resolve().parent) for benchmark in benchmarks]
    here = files("seqlab.comparison")
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string((here / "page.html").read_text(encoding="utf-8"))
    page = template.render(
        title=title,
        made=datetime.now().astimezone().strftime("%Y-%m-%d %H:%M"),
        version=__version__,
        benchmarks=parts,
        others=sheet_of_others(others) if others else None,
        problems=problems,
        plotly=Markup(get_plotlyjs()),  # noqa: S704 (plotly's code)
        tables=Markup((here / "tables.js").read_text(encoding="utf-8")),  # noqa: S704 (ours)
        script=Markup((here / "page.js").read_text(encoding="utf-8")),  # noqa: S704 (ours)
        style=Markup((here / "page.css").read_text(encoding="utf-8")),  # noqa: S704 (ours)
    )
    write(file, page, SIGNATURE)


def _part(benchmark: Benchmark, problems: list[str], below: Path) -> dict[str, Any]:
    """Return the values of a benchmark that the page's template shows."""
    every_run = compare(benchmark.runs, by_seed=False)[0] if any(g.runs[1:] for g in benchmark.groups) else []
    return {
        "title": benchmark.title,
        "is_sample": benchmark.is_sample,
        "words": in_words(benchmark),
        "sheets": sheets(benchmark),
        "links": _links(benchmark, below),
        "every_run": [(sheet, _links(again, below)) for again in every_run for sheet in sheets(again)[:1]],
        "details": details(benchmark),
        "networks": [
            (group.label, group.best.record["network"])
            for group in benchmark.groups
            if group.best.record.get("network")
        ],
        "galleries": [
            {"name": gallery.name, "title": gallery.title, "note": gallery.note, "json": _json(gallery)}
            for gallery in galleries(benchmark, problems)
        ],
    }


def _links(benchmark: Benchmark, below: Path) -> list[str]:
    """Return the address of each group's folder, relative to the page's; "" of runs in several folders."""
    return [_address(group.place.resolve(), below) if group.place else "" for group in benchmark.groups]


def _address(path: Path, below: Path) -> str:
    try:
        return quote(Path(relpath(path, below)).as_posix())
    except ValueError:  # another drive of Windows
        return path.as_uri()


def _json(gallery: Gallery) -> Markup:
    """Return a gallery's figures as JSON that is safe inside a script element."""
    figures = [
        {"chosen": chosen, "figure": json.loads(figure.to_json())}
        for chosen, figure in gallery.figures.items()
    ]
    text = json.dumps(
        {"choices": gallery.choices, "figures": figures}, ensure_ascii=False, separators=(",", ":")
    )
    return Markup(text.replace("<", "\\u003c"))  # noqa: S704 (no text in it can end the element)
