"""Files that are no CSV at all, and JSON Lines: what is answered to them."""

import json
from collections.abc import Mapping

from .cases import FOLDER, JENA, OWN, SERIES, SHOP, Case, Table, error, fine, with_lines

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\6\0\0\0\x1f\x15\xc4\x89"
BROKEN_ZIP = b"PK\x05\x06" + 18 * b"\1"


def lines(changed: Mapping[int, str] | None = None) -> str:
    """Return twenty JSON Lines; some may be others."""
    usual = [json.dumps({"review": f"review {number}", "cat": "ab"[number % 2]}) for number in range(20)]
    return with_lines(usual, changed or {})


def of_json(form: str, content: str | bytes, says: str) -> Case:
    return error(form, content, says, OWN, file="mine.jsonl")


def line_4(form: str, line: str, says: str) -> Case:
    return of_json(form, lines({4: line}), f"line 4: | {says}")


FURTHER_CASES: Table = {
    "nothing in it": [
        error("no byte", b"", "line 1: | empty | name the columns"),
        error("a byte order mark", b"\xef\xbb\xbf", "line 1: | empty"),
        error("blank lines", b"\n\r\n\n", "line 1: | empty"),
    ],
    "not there": [
        error("file", None, "does not exist | set data.path", OWN, SERIES),
        error("folder", None, "does not exist | Set data.root", SHOP, JENA),
        error("a name too long", None, "data.path", OWN, SERIES, file="x" * 300 + ".csv"),
    ],
    "a folder": [
        error("called like the file", FOLDER, "holds no files | data.root", SHOP, JENA),
        error("where a file is expected", FOLDER, "is a folder | data.path", SERIES),
        error("empty", FOLDER, "has no <Class>.txt | put one file per class", OWN),
    ],
    "of another kind": [
        error("picture", PNG, "line 1: | byte 0x89 | convert"),
        error("broken zip", BROKEN_ZIP, "cannot be read", OWN, SERIES, file="mine.zip"),
    ],
    "JSON Lines": [
        line_4("a list", '["good", "a"]', "not a JSON object | {…}"),
        line_4("cut off", '{"review": "good", "c', "not JSON | fix"),
        line_4("without the text", '{"Review": "good", "cat": "a"}', "'review' | 'Review'"),
        line_4("a label with a point", '{"review": "good", "cat": 1.5}', "'cat' | 1.5"),
        line_4("a label that is null", '{"review": "good", "cat": null}', "'cat' | None"),
        line_4("a blank label", '{"review": "good", "cat": " "}', "'cat' | blank | fill it in"),
        line_4("a text that is a number", '{"review": 5, "cat": "a"}', "'review' | must be a string"),
        line_4("half an emoji in a text", r'{"review": "good \ud83d", "cat": "a"}', "fix"),
        line_4("half an emoji in a label", r'{"review": "good", "cat": "a \ud83d"}', "fix"),
        line_4("too deep", 200_000 * "[", "JSON"),
        of_json("UTF-16", lines().encode("utf-16"), "line 1: | UTF-8"),
        of_json("one list of all", f"[{lines()}]", "line 1: | JSON"),
        of_json("empty", b"", "no text"),
        fine("a byte order mark and a blank line", "\ufeff" + lines({4: ""}), 19, OWN, file="mine.jsonl"),
    ],
}  # fmt: skip
