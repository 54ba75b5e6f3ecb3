"""What a file may be taken for, and the commands that would train on it so."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from seqlab.data.inspection.calendar import FIRST, LAST, format_of_words
from seqlab.data.inspection.columns import Column
from seqlab.data.inspection.dialects import beginning, unlike
from seqlab.data.inspection.series import Times, as_series, in_order, times_of
from seqlab.data.inspection.suggestion import LONGEST, Settings, Suggestion
from seqlab.data.inspection.tokens import of_tokens
from seqlab.data.sequences.layout import LABELS, TIMES
from seqlab.data.series.several import IDS
from seqlab.data.series.times import parsed
from seqlab.data.table.content import opened
from seqlab.data.table.tsf import TIME, TSF, VALUE
from seqlab.data.text.doubts import sets_in
from seqlab.data.text.text_folders import holds_classes, split_folders
from seqlab.errors import DataError

MOST_NUMBERS = 3
"""Columns of numbers that are proposed as what texts are answered with."""
WIDE = 12
"""Columns of numbers from which on a row may be a sequence."""
STATES = {*LABELS, "activity", "phase", "stage", "state", "tag"}
"""What a column of whole numbers is often called that are classes of the steps of a sequence."""
CONLLU: Settings = {"data.token": "1", "data.label": "3"}
"""The columns of forms and of universal parts of speech in CoNLL-U."""
DELIMITED = (".csv", ".tsv")
"""Endings of files that are tables whatever their lines look like."""
KNOWN = ("utf-8", "utf-16")
"""Encodings that nobody needs to say."""
TAGGED = (".conll", ".conllu", ".iob", ".bio")
"""Endings of files with a token and its tag a line."""


def of_folder(path: Path) -> Suggestion:
    """Return what a folder may be: texts or sequences by class.

    Raises:
        DataError: it is neither.
    """
    if (splits := split_folders(path)) and "data.path" in splits:
        return of_folder(Path(splits["data.path"]))._replace(settings={**splits})
    inside = sorted(path.iterdir())
    below = [file for folder in inside if folder.is_dir() for file in sorted(folder.iterdir())[:20]]
    texts = [file for file in (*inside, *below) if file.suffix == ".txt"]
    tables = [file for file in below if file.suffix in (".csv", ".tsv", ".npy")]
    if tables:
        return Suggestion("a folder a class, a file a sequence", "sequences", {}).at(path, {})
    if any(file in below for file in texts):
        return Suggestion("a folder a class, a file a text", "text_csv", {}).at(path, {})
    if len(texts) > 1:
        return Suggestion("a file a class, a text a line", "text_csv", {}).at(path, {})
    if holds_classes(path):
        return Suggestion("a folder a class, a file a text", "text_csv", {}).at(path, {})
    raise DataError(f"{path} has neither texts (CLASS.txt, CLASS/FILE.txt) nor tables (CLASS/FILE.csv)")


def of_lines(path: Path, name: Path) -> Suggestion | None:
    """Return what a text that is no table may be; None for a table.

    Args:
        path: the file.
        name: its name without what it is packed in.
    """
    if name.suffix.lower() == ".ts":
        return Suggestion("sequences in the format of the UCR and UEA archives", "sequences", {}).at(path, {})
    with opened(path) as content:
        begin = content.file.read(2**14)
    if b"\0" in begin and not beginning(path)[0].lower().startswith(("utf-16", "utf_16", "utf-32", "utf_32")):
        raise DataError(f"{path} is neither a text nor a table: it has bytes of value 0; give a file of text")
    lines = begin.decode("utf-8", "replace").splitlines()[:-1]
    filled = [line.split() for line in lines if line.strip()]
    widths = {len(cells) for cells in filled}
    blanks = sum(not line.strip() for line in lines)
    is_alike = blanks > 1 and len(widths) == 1 and widths.pop() in (2, 3, 4)
    is_csv = any("," in line and "\t" not in line for line in lines[:3])
    if name.suffix.lower() in TAGGED or (is_alike and not is_csv and not _are_measured(filled)):
        what = "a token and its tag a line, a blank line between sentences"
        columns: Settings = CONLLU if name.suffix.lower() == ".conllu" else {}
        return Suggestion(what, "tagged", columns).at(path, {})
    kind = unlike(path)
    if kind == "numbers":
        return Suggestion("a sequence a row, of any length", "sequences", {}).at(path, {})
    if kind == "prose" and name.suffix.lower() not in DELIMITED:
        encoding = beginning(path)[0]
        settings: Settings = {} if encoding in KNOWN else {"data.encoding": encoding}
        what = "running text, of which the next token is predicted"
        return Suggestion(what, "text_file", settings).at(path, {})
    return None


def _are_measured(rows: Sequence[Sequence[str]]) -> bool:
    """Return whether the last cells of rows are numbers, some of them not whole: no tags."""
    try:
        return not all(float(cells[-1]).is_integer() for cells in rows)
    except ValueError:
        return False


def of_tsf(table: TSF) -> Suggestion:
    """Return how a .tsf file is read: its header says what its columns are."""
    attributes = [name for name in table.header if name not in (TIME, VALUE)]
    ids = [name for name in attributes if name == "series_name"] or attributes
    settings: Settings = {} if table.is_timed else {"data.time": "null"}
    what = "a series a line"
    if ids:
        settings["data.series_id"] = ids[0] if len(ids) == 1 else ids
        what += f", told apart by '{', '.join(ids)}'"
    settings["data.targets"] = [VALUE]
    words = [name for name in attributes if name not in ids and table.attributes[name] != "numeric"]
    if words:
        settings["data.drop"] = words
    window: Settings = {"data.input_steps": str(LONGEST), "data.horizon_steps": table.horizon or "1"}
    step = table.frequency.replace("_", " ") if table.is_timed else "a value"
    return Suggestion(f"{what}, with steps of {step}", "series_csv", settings | window)


def suggestions(columns: Sequence[Column]) -> list[Suggestion]:
    """Return what a table may be, likeliest first."""
    return list(_suggestions(columns))


def _suggestions(columns: Sequence[Column]) -> Iterator[Suggestion]:
    times = times_of(columns)
    numbers = [column for column in columns if column.kind == "number" and not column.is_counted]
    texts = [column for column in columns if column.kind == "text"]
    names = [column for column in columns if column.kind == "name" and column.repeats]
    labels = [*names, *(one for one in numbers if one.repeats and one.is_whole)]
    if tagged := of_tokens(columns):
        yield tagged
        return
    if dated(columns):
        yield from _wide(columns, labels)
        return
    if texts:
        yield from _of_texts(texts, labels, numbers)
        return
    ids = [one for one in (*names, *numbers) if one.name.lower() in IDS and one.repeats] or names[:1]
    clocks = times.columns if times is not None else []
    measured = [one for one in columns if one.is_measured and one not in ids and one.name not in clocks]
    if times is not None and measured:
        yield from as_series(times, columns, ids, measured)
    elif len(numbers) >= WIDE:
        yield from _wide(columns, labels)
    label = _label_of_each(ids[0], labels) if ids else None
    if label is not None:
        what = f"sequences in rows, told apart by '{ids[0].name}', a class each"
        yield Suggestion(what, "sequences", _rows(columns, ids[0], label, times))
    if ids and measured and (tag := _label_of_steps(ids[0], labels)):
        what = f"sequences in rows, told apart by '{ids[0].name}', a class at every step"
        yield Suggestion(what, "sequences", _rows(columns, ids[0], tag, times) | {"task": "tagging"})
    elif label is None and times is None and measured and len(numbers) < WIDE:
        yield in_order(columns, ids, measured)


def dated(columns: Sequence[Column]) -> list[str]:
    """Return the names of columns that are times, as in a table with a row a series; none if they are few."""
    names = [one.name for one in columns if re.search(r"\d", one.name)]
    time_format = format_of_words(names) if len(names) >= max(WIDE, len(columns) / 2) else None
    times = parsed(names, time_format) if time_format else np.zeros(0, "datetime64[us]")
    is_rising = len(times) and (np.diff(times) > np.timedelta64(0)).all() and FIRST < times[0] < LAST
    return names if is_rising else []


def _of_texts(
    texts: Sequence[Column], labels: Sequence[Column], numbers: Sequence[Column]
) -> Iterator[Suggestion]:
    text: Settings = {"data.text": texts[0].name if len(texts) == 1 else [one.name for one in texts]}
    switches = [one.name for one in labels if set(one.counts) <= {"0", "1"}]
    if len(switches) > 1:
        settings = text | {"data.label": switches, "task": "multilabel"}
        yield Suggestion("texts, each with any of several labels", "text_csv", settings)
    for label in [one for one in labels if one.name not in switches or len(switches) == 1]:
        settings = text | {"data.label": label.name}
        separator = next((word for word, _ in sets_in(list(label.counts))), None)
        if separator or all(cell.startswith("[") for cell in label.counts):
            several = settings | ({"data.label_separator": separator} if separator else {})
            several |= {"task": "multilabel"}
            yield Suggestion("texts, each with any of several labels", "text_csv", several)
        yield Suggestion(f"texts with one of {len(label.counts)} classes", "text_csv", settings)
    for number in [one for one in numbers if one not in labels][:MOST_NUMBERS]:
        settings = text | {"data.label": number.name, "task": "regression"}
        yield Suggestion("texts with a number", "text_csv", settings)


def _wide(columns: Sequence[Column], labels: Sequence[Column]) -> Iterator[Suggestion]:
    ends = [end for end, column in (("first", columns[0]), ("last", columns[-1])) if column in labels]
    has_header = [one.name for one in columns] != list(map(str, range(len(columns))))
    for end in ends:
        name = columns[0 if end == "first" else -1].name if has_header else end
        what = f"a sequence a row, its class in the {end} column"
        yield Suggestion(what, "sequences", {"data.label": name})


def _rows(columns: Sequence[Column], series: Column, label: Column, times: Times | None) -> Settings:
    """Return the settings of sequences in rows; the channels are named if other columns are left."""
    settings: Settings = {"data.series_id": series.name, "data.label": label.name}
    clocks = times.columns if times is not None else []
    if len(clocks) == 1 and clocks[0].lower() not in TIMES:
        settings["data.time"] = clocks[0]
    taken = (series.name, label.name, *clocks)
    others = [one for one in columns if one.name not in taken and one.name.lower() not in TIMES]
    channels = [one.name for one in others if one.kind == "number"]
    return settings | ({"data.features": channels} if len(channels) < len(others) else {})


def _label_of_each(series: Column, labels: Sequence[Column]) -> Column | None:
    """Return a column that has one value within each series, and several over all."""
    for label in labels:
        pairs = set(zip(series.cells, label.cells, strict=True))
        if label is not series and len(label.counts) < len(series.counts) == len(pairs):
            return label
    return None


def _label_of_steps(series: Column, labels: Sequence[Column]) -> Column | None:
    """Return a column of words, or one called like labels, that changes within series."""
    for label in labels:
        pairs = set(zip(series.cells, label.cells, strict=True))
        is_class = label.kind == "name" or label.name.lower() in STATES
        if label is not series and is_class and len(pairs) > len(series.counts) > 1:
            return label
    return None
