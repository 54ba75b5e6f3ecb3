"""Tagged sentences in a table: a token a row, with a column that says of which sentence it is."""

from collections.abc import Iterator, Sequence

from seqlab.data.table.base import Table


def sentences_in(table: Table, sentence: str, wanted: Sequence[int | str]) -> Iterator[list[list[str]]]:
    """Yield the cells of each sentence, a list for each of its tokens.

    Args:
        table: the file.
        sentence: the column whose value is a sentence's own; a blank cell belongs to the sentence above.
        wanted: the columns that are read, by name, or by place as in a list.

    Raises:
        DataError: a column is missing, a cell is blank, or the rows of a sentence are not together.
    """
    at = table.places([sentence])[0]
    places = [_place(table, column) for column in wanted]
    last, known = "", set[str]()
    found: list[list[str]] = []
    for line, row in table.rows():
        name = row[at].strip()
        if name not in ("", last):
            if name in known:
                reason = f"'{name:.80}' is a sentence above already, with another between; sort the rows"
                raise table.error(line, reason)
            known.add(name)
            last = name
            if found:
                yield found
            found = []
        cells = [row[place].strip() for place in places]
        if "" in cells:
            column = table.header[places[cells.index("")]]
            raise table.error(line, f"column '{column}' is blank; fill it in or remove the row")
        found.append(cells)
    if found:
        yield found


def _place(table: Table, column: int | str) -> int:
    """Return the place of a column in a row."""
    if isinstance(column, str):
        return table.places([column])[0]
    if not -len(table.header) <= column < len(table.header):
        raise table.error(1, f"there is no column {column} among {len(table.header)}; give its name")
    return column % len(table.header)
