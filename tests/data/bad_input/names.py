"""Files of names: what is answered when something is wrong with one."""

import unicodedata

from .cases import FOLDER, Table, error, fine, texts, warning

GREEK = [f"Kalog{first}{second}s" for first in "aeiou" for second in "bc"]
IRISH = [f"O'Doy{first}{second}e" for first in "aeiou" for second in "lr"]


def names(irish: str | bytes = "\n".join(IRISH)) -> dict[str, str | bytes]:
    """Return ten Greek names and others."""
    return {"Greek.txt": "".join(f"{name}\n" for name in GREEK), "Irish.txt": irish}


def irish(*added: str) -> str:
    return "".join(f"{name}\n" for name in [*IRISH, *added])


LATIN_1 = "Doyle\nNuñez\nKelly\n".encode("latin-1")
UTF_16 = "Doyle\nKelly\n".encode("utf-16-le")[:-1] + b"\xff"
DECOMPOSED = unicodedata.normalize("NFD", "Muñoz\n")

NAMES_CASES: Table = {
    "folder missing / no .txt": [
        error("folder missing", None, "files | does not exist | data.root | data.source=sample"),
        error("no .txt", {"README.md": "about"}, "files | holds no files of names | data.root"),
        error("no .txt in the zip", {"names.zip": FOLDER}, "files | holds no files | data.root"),
    ],
    "empty or one-name language": [
        error("empty", names(b""), "Irish.txt | 0 text | add more, or remove the file"),
        error("blank", names(b"\n \n"), "Irish.txt | 0 text | add more, or remove the file"),
        error("one name", names("Doyle\n"), "Irish.txt | 1 text | add more, or remove the file"),
    ],
    "not UTF-8 with byte offset": [
        error("latin-1", names(LATIN_1), "Irish.txt | not UTF-8 | 0xf1 | offset 8 | save it as UTF-8"),
        error("utf-16", names(UTF_16), "Irish.txt"),
    ],
    "BOM stripped": [
        fine("", names(b"\xef\xbb\xbf" + irish().encode()), 20, check=lambda d: IRISH[0] in texts(d)),
    ],
    "blank lines": [
        warning("", names("\n" + irish("", " ")), "3 blank lines were skipped", 20),
    ],
    "case-insensitive duplicate language files": [
        error("", names() | {"irish.txt": irish()}, "'Irish.txt' | 'irish.txt' | the same class | keep one"),
    ],
    "one spelling in two languages": [
        warning("", names(irish(*GREEK[:3])), "3 texts occur with two or more labels", 23,
                check=lambda d: len(texts(d)) == 20),
    ],
    "a name empty after folding": [
        warning("", names(irish("李", "王")), "2 texts are empty after cleaning and were skipped", 20,
                settings={"ascii": True}),
    ],
    "NFD/NFC normalised": [
        warning("", names(irish("Muñoz") + DECOMPOSED), "1 texts repeat an earlier one", 21,
                check=lambda d: "Muñoz" in texts(d) and "\u0303" not in "".join(texts(d))),
    ],
    "CRLF and tabs stripped": [
        fine("", names("".join(f"\t{name} \t\r\n" for name in IRISH)), 20,
             check=lambda d: set(IRISH) <= texts(d) and not {"\t", "\r"} & set(d.spec.symbols)),
    ],
    "over 100 characters": [
        warning("", names(irish("x" * 101, "y" * 100)), "1 lines are longer than 100", 22),
    ],
    "control characters": [
        error("bell", names("Doyle\nKe\x07lly\n"), "Irish.txt | line 2 | control | remove it"),
        error("tab", names("Doyle\n\nKe\tlly\n"), "Irish.txt | line 3 | control | remove it"),
        error("NUL", names("Do\0yle\nKelly\n"), "Irish.txt | line 1 | control | remove it"),
    ],
    "unseen characters at prediction": [
        fine("", names(), 20, check=lambda d: "Ω" not in d.spec.symbols),
    ],
}  # fmt: skip
