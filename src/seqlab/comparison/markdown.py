"""The comparison as a text to hand in: Markdown, with its figures in a folder beside it."""

import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from matplotlib.figure import Figure

from seqlab import __version__
from seqlab.comparison.epochs import RING
from seqlab.comparison.export import write
from seqlab.comparison.groups import Benchmark, Group
from seqlab.comparison.paper_curves import curves
from seqlab.comparison.runs import Run
from seqlab.comparison.table import Sheet, sheet_of_others, sheets
from seqlab.comparison.words import in_words
from seqlab.errors import ConfigError, RunError
from seqlab.io.files import replacing
from seqlab.io.safe_read import UnreadableError, open_plain
from seqlab.io.terminal import in_a_line, printable

MARK = "<!-- made by seqlab report -->"
SIGNATURE = re.escape(MARK).encode()
"""The beginning of the file; it identifies a file that seqlab wrote."""

DPI = 150
LARGEST = 2**26
"""The largest size of a run's figure in bytes."""
SPECIAL = re.compile(r"[\\`*\[\]<|~&$]|(?<![^\W_])_|_(?![^\W_])")
"""What Markdown would not show literally; an underscore in a word it does."""


def write_markdown(benchmarks: Sequence[Benchmark], others: Sequence[Run], file: Path, title: str) -> None:
    """Write the text to ``file``, and its figures to a folder beside it, ``NAME_figures``.

    Args:
        benchmarks: the runs to compare.
        others: runs that cannot be compared; they are listed.
        file: the file to write.
        title: the title of the text.

    Raises:
        ConfigError: the file or the folder exists and seqlab did not write it.
        RunError: the file or a figure cannot be written.
    """
    if file.exists() and not file.is_file():
        raise ConfigError(f"--markdown {file} is not a file, beside which a folder of figures could be")
    figures = Figures(file)
    write(file, f"{MARK}\n", SIGNATURE)  # so that the folder is known as its own
    made = datetime.now().astimezone().strftime("%Y-%m-%d %H:%M")
    parts = [MARK, f"# {plain(title)}", f"seqlab {__version__}, {made}"]
    for number, benchmark in enumerate(benchmarks, 1):
        parts += _benchmark(benchmark, figures, f"{number}")
    if others:
        parts += _table(sheet_of_others(others))
    write(file, "\n\n".join(parts) + "\n", SIGNATURE)


class Figures:
    """The folder with the figures of a text.

    Args:
        file: the text.

    Raises:
        ConfigError: the folder exists, but not the text, so it is somebody else's.
    """

    def __init__(self, file: Path) -> None:
        self.folder = file.with_name(f"{file.stem}_figures")
        if self.folder.exists() and not file.exists():
            raise ConfigError(f"{self.folder} already exists, and {file} does not; choose another file")

    def draw(self, figure: Figure, name: str, title: str) -> str:
        """Write a figure as PNG; return the line that shows it."""
        with self._written(f"{name}.png") as draft:
            figure.savefig(draft, format="png", dpi=DPI)
        return self._shown(f"{name}.png", title)

    def copy(self, source: Path, name: str, title: str) -> str:
        """Copy a file of a run; return the line that shows it.

        Raises:
            UnreadableError: it is not a plain file.
        """
        target = f"{name}{source.suffix}"
        with open_plain(source, LARGEST) as opened, self._written(target) as draft, draft.open("wb") as copy:
            shutil.copyfileobj(opened, copy)
        return self._shown(target, title)

    @contextmanager
    def _written(self, name: str) -> Iterator[Path]:
        try:
            self.folder.mkdir(exist_ok=True)
            with replacing(self.folder / name) as draft:
                yield draft
        except OSError as error:
            raise RunError(f"cannot write {self.folder / name}: {error.strerror}") from error

    def _shown(self, name: str, title: str) -> str:
        return f"![{plain(title)}](<{self.folder.name}/{name}>)"


def plain(text: str) -> str:
    """Return a text that Markdown shows literally, in one line."""
    return SPECIAL.sub(r"\\\g<0>", in_a_line(text))


def _benchmark(benchmark: Benchmark, figures: Figures, number: str) -> list[str]:
    parts = [f"## {plain(benchmark.title)}", *map(plain, in_words(benchmark))]
    parts += [part for sheet in sheets(benchmark) for part in _table(sheet)]
    if drawn := curves(benchmark):
        parts += ["### Learning curves", RING]
        parts += [figures.draw(figure, f"{number}_{name}", name) for name, figure in drawn.items()]
    for place, group in enumerate(benchmark.groups, 1):
        parts += _group(benchmark, group, figures, f"{number}_{place}")
    return parts


def _table(sheet: Sheet) -> list[str]:
    def line(cells: Sequence[str]) -> str:
        return f"| {' | '.join(map(plain, cells))} |"

    rule = ["--:" if column in sheet.numbers else ":--" for column in sheet.columns]
    head = [line(sheet.columns), f"| {' | '.join(rule)} |"]
    rows = "\n".join([*head, *map(line, sheet.rows), *map(line, sheet.baselines)])
    return [f"### {plain(sheet.title)}", rows, *[plain(sheet.note)] * bool(sheet.note)]


def _group(benchmark: Benchmark, group: Group, figures: Figures, number: str) -> list[str]:
    """Return a group's network as it was printed, and the figures of its best run's test."""
    run = group.best
    parts = [f"### {plain(group.label)}", plain(_about(group, run))]
    if network := run.record.get("network"):
        parts.append("\n".join(f"    {line}" for line in printable(network).splitlines()))  # a block of code
    curves = {score.name for score in benchmark.criteria.scores.values()}
    for source in sorted((run.path / "figures").glob("*.png")):
        if source.stem in curves or source.stem.endswith("_val"):
            continue
        try:
            parts.append(figures.copy(source, f"{number}_{source.stem}", f"{source.stem} of {group.label}"))
        except UnreadableError as error:
            parts.append(plain(f"{source.name} {error}"))
    return parts


def _about(group: Group, run: Run) -> str:
    settings = "".join(f", {name} {value}" for name, value in group.settings.items() if value)
    count = f", {group.parameters:,} parameters" if group.parameters is not None else ""
    seed = f"; shown is seed {run.settings.get('seed')}, the best of {len(group.runs)} in validation"
    return f"Cell {group.cell}{settings}{count}, in {run.folder}{seed * (len(group.runs) > 1)}."
