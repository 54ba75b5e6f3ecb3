"""What a file is, by its first bytes."""

import json
from pathlib import Path

from seqlab.errors import DataError

TABLES = {b"PAR1": "parquet", b"ARROW1": "feather", b"\x93NUMPY": "npy"}
"""The first bytes of tables that are no texts, and what reads them."""
OTHERS = {
    b"PK\3\4": "a zip archive that is damaged or in another file; unpack it",
    b"\x1f\x8b": "packed twice; unpack it once",
    b"\xd0\xcf\x11\xe0": "an old document of Microsoft Office, such as .xls; save the table as CSV",
    b"\x89HDF": "an HDF5 file, such as .h5 or .mat; save the table as CSV or Parquet",
    b"MATLAB 5.0": "a file of MATLAB; save the table as CSV (writetable)",
    b"SQLite format 3": "a database of SQLite; save the table as CSV (sqlite3 -csv -header FILE 'select …')",
    b"\x28\xb5\x2f\xfd": "packed with zstd; unpack it (zstd -d FILE)",
    b"7z\xbc\xaf": "a 7z archive; unpack it",
    b"Rar!": "a rar archive; unpack it",
    b"%PDF": "a PDF; give the table as CSV",
    b"FEA1": "an old Feather file; save it again (pandas.read_feather, then to_feather) or as CSV",
    b"ORC": "an ORC file; save the table as Parquet or CSV",
    b"Obj\1": "an Avro file; save the table as Parquet or CSV",
    b"\x80\2": "a pickle, which can run code when it is opened; save the table as CSV or Parquet",
    b"\x80\3": "a pickle, which can run code when it is opened; save the table as CSV or Parquet",
    b"\x80\4": "a pickle, which can run code when it is opened; save the table as CSV or Parquet",
    b"\x80\5": "a pickle, which can run code when it is opened; save the table as CSV or Parquet",
    b"<!DOCTYPE": "a web page; download the file itself",
    b"<!doctype": "a web page; download the file itself",
    b"<html": "a web page; download the file itself",
    b"version https://git-lfs": "a pointer of Git LFS, not the file itself; fetch it (git lfs pull)",
}
"""The first bytes of files that are no tables, what those are, and what to do."""
TAR = slice(257, 262)
"""Where a tar archive says what it is."""


def kind_of(path: Path, name: Path, start: bytes) -> str:
    """Return what reads a file: "parquet", "feather", "npy", "json", "jsonl", "tsf" or "text".

    Args:
        path: the file, for messages.
        name: its name without what it is packed in.
        start: its first bytes.

    Raises:
        DataError: it is no table, or none that can be read.
    """
    for first, kind in TABLES.items():
        if start.startswith(first):
            return kind
    for first, what in OTHERS.items():
        if start.startswith(first):
            raise DataError(f"{path} is {what}")
    if start[TAR] == b"ustar":
        raise DataError(f"{path} is a tar archive; unpack it (tar xf FILE) and give the file")
    if name.suffix.lower() in (".jsonl", ".ndjson"):
        return "jsonl"
    if name.suffix.lower() == ".tsf":
        return "tsf"
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"[") and text[1:].lstrip()[:1] in (b"{", b"]"):
        return "json"
    line = text.partition(b"\n")[0].strip()
    if line == b"{":
        raise DataError(f"{path} is one JSON object; write a list of objects, [{{…}}, …], or one a line")
    return "jsonl" if line.startswith(b"{") and _is_object(line) else "text"


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False
