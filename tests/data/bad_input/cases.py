"""What a case of a table is: what a file holds, and what is answered to it.

A table is a dict: what can be wrong with a file, each with the forms that it comes in. One more form is one
more line::

    "short row": [
        error("the last", reviews({21: "书籍"}), "line 21: | 1 cells | 3 columns | cut off"),
    ],
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from seqlab.data import Dataset, JenaClimate, Names, OnlineShopping, SequenceData, Series, Texts

NAMES, SHOP, OWN, JENA, SERIES = "names", "online_shopping_10_cats", "text_csv", "jena_climate", "series_csv"
FOLDER = b"this stands for a folder"
Content = str | bytes | Mapping[str, str | bytes] | None
"""What the file holds, or the files by their names; None for no file at all."""


class Case(NamedTuple):
    """A form of an item.

    Attributes:
        form: which form of the item, a word or two; it may be "".
        content: what the file holds.
        says: what the error, or the warnings, must hold, parted by " | "; an error names its file, too.
        left: samples of all splits together; None if an error is expected.
        on: the data sets that are asked; empty for those of the table.
        settings: arguments besides the usual ones.
        file: what the file is called, if not as usual.
        check: what else must be true of the data.
    """

    form: str
    content: Content
    says: str
    left: int | None = None
    on: tuple[str, ...] = ()
    settings: Mapping[str, Any] = {}
    file: str = ""
    check: Callable[[SequenceData], bool] = lambda data: True

    def missing(self, said: str) -> list[str]:
        """Return the parts of what must be said that were not."""
        return [part for part in self.says.split(" | ") if part not in said]


Table = dict[str, list[Case]]


def error(form: str, content: Content, says: str, *on: str, **others: Any) -> Case:
    return Case(form, content, says, on=on, **others)


def warning(form: str, content: Content, says: str, left: int, *on: str, **others: Any) -> Case:
    return Case(form, content, says, left, on, **others)


def fine(form: str, content: Content, left: int, *on: str, **others: Any) -> Case:
    return Case(form, content, "", left, on, **others)


class Kind(NamedTuple):
    """A data set: its class, where its file goes, what is always set."""

    make: type[Dataset]
    where: str
    file: str
    settings: dict[str, Any]


T, P = "T (degC)", "p (mbar)"
HALVES = {"val_share": 0.2, "test_share": 0.2}
WINDOW = {"targets": [T], "input_days": 2 / 24, "horizon_days": 1 / 24, "calendar": False}
"""Two hours are read, one is forecast."""

KINDS = {
    NAMES: Kind(Names, "root", "", HALVES),
    SHOP: Kind(OnlineShopping, "root", "online_shopping_10_cats.csv", HALVES),
    OWN: Kind(Texts, "path", "mine.csv", {**HALVES, "text": "review", "label": "cat"}),
    JENA: Kind(JenaClimate, "root", "jena_climate.csv", {**WINDOW, "duplicates": "error"}),
    SERIES: Kind(Series, "path", "mine.csv", {**WINDOW, "time": "Date Time"}),
}


def written(case: Case, kind: str, folder: Path) -> dict[str, Any]:
    """Write the file or files of a case; return the settings of its data set."""
    known = KINDS[kind]
    root = folder / "files"
    if isinstance(case.content, Mapping):
        root.mkdir(exist_ok=True)
        for name, content in case.content.items():
            _put(root / name, content)
        path = root
    else:
        name = case.file or known.file
        path = root if known.where == "root" and not case.file else root / name
        if case.content is not None:
            root.mkdir(exist_ok=True)
            _put(root / name, case.content)
    return {**known.settings, known.where: str(path), **case.settings}


def loaded(settings: Mapping[str, Any], kind: str) -> SequenceData:
    data = SequenceData(KINDS[kind].make(**settings))
    data.setup()
    return data


def texts(data: SequenceData) -> set[str]:
    return {data.describe(split, place) for split, part in data.samples.items() for place in range(len(part))}


def with_lines(lines: list[str], changed: Mapping[int, str | None]) -> str:
    """Return a file some of whose lines, numbered from 1, are others; None leaves one out."""
    kept = (changed.get(number, line) for number, line in enumerate(lines, start=1))
    return "".join(f"{line}\n" for line in kept if line is not None)


def _put(path: Path, content: str | bytes) -> None:
    if content == FOLDER:
        path.mkdir()
    else:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
