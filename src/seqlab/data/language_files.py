"""One file a language, one name a line: ``Arabic.txt``, ``Chinese.txt``, … in a folder or a zip."""

import io
import logging
import unicodedata
import zipfile
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path, PurePosixPath

from seqlab.data.archive import read_archive
from seqlab.data.text import fold_to_ascii
from seqlab.errors import DataError

log = logging.getLogger(__name__)

LONG = 100
"""Characters from which a line is reported as suspiciously long."""


@dataclass(frozen=True)
class Name:
    """One line of one language file."""

    text: str
    language: str


def find(root: Path) -> Path | None:
    """Return the folder or archive of language files at or below ``root``, or None."""
    if root.is_file():
        return root if zipfile.is_zipfile(root) else None
    archive = root / "names.zip"
    # The folder itself comes last: its loose files may be anything, a README beside the archive.
    for place in (root / "data" / "names", root / "names", archive, root):
        if place.is_dir() and len(list(place.glob("*.txt"))) > 1:
            return place
        if place == archive and archive.is_file():
            return archive
    return None


def read_files(path: Path) -> dict[str, bytes]:
    """Return the bytes of every language file of a folder or a zip, by language.

    Raises:
        DataError: there is none, one is unreadable or too large, or two differ only in case.
    """
    if path.is_dir():
        read = {str(file): _read_file(file) for file in sorted(path.glob("*.txt"))}
    else:
        read = _read_zip(path)
    files: dict[str, bytes] = {}
    for file, content in read.items():
        language = PurePosixPath(file).stem
        twin = next((known for known in files if known.casefold() == language.casefold()), None)
        if twin is not None:
            raise DataError(f"{path}: '{twin}.txt' and '{language}.txt' are one language twice; keep one")
        files[language] = content
    if not files:
        raise DataError(f"{path} holds no <Language>.txt; put one file a language there, one name a line")
    return files


def _read_file(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror}; mend or remove it") from error


def _read_zip(path: Path) -> dict[str, bytes]:
    texts = read_archive(path, lambda name: name.suffix == ".txt" and "__MACOSX" not in name.parts)
    named = {name: content for name, content in texts.items() if PurePosixPath(name).match("names/*.txt")}
    return named or texts


def parse(files: Mapping[str, bytes], *, to_ascii: bool) -> list[Name]:
    """Return every line of every language file as a name, NFC-normalised, without surrounding blanks.

    Raises:
        DataError: a file is not UTF-8, has a control character, or holds fewer than two names.
    """
    names: list[Name] = []
    blank = long = vanished = 0
    for language, content in files.items():
        lines = [line.strip() for line in io.StringIO(_decode(language, content), newline=None)]
        kept = [unicodedata.normalize("NFC", line) for line in lines if line]
        for number, line in enumerate(lines, start=1):
            if any(unicodedata.category(character) == "Cc" for character in line):
                raise DataError(f"{language}.txt, line {number}: a control character in {line!r}; remove it")
        if len(kept) < 2:  # noqa: PLR2004 (one to learn from, one to test)
            raise DataError(f"{language}.txt holds {len(kept)} name(s); add more, or remove the file")
        folded = [fold_to_ascii(text) for text in kept] if to_ascii else kept
        blank += len(lines) - len(kept)
        vanished += folded.count("")
        long += sum(len(text) > LONG for text in folded)
        names += [Name(text, language) for text in folded if text]
    _warn(names, blank=blank, vanished=vanished, long=long)
    return names


def _decode(language: str, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{language}.txt is not UTF-8: byte 0x{content[error.start]:02x} at offset {error.start}; "
            "save it as UTF-8"
        ) from error


def _warn(names: list[Name], *, blank: int, vanished: int, long: int) -> None:
    languages: dict[str, set[str]] = defaultdict(set)
    for name in names:
        languages[name.text].add(name.language)
    findings = {
        "spellings stand in two or more languages; no model can tell them apart": sum(
            len(found) > 1 for found in languages.values()
        ),
        "blank lines were skipped": blank,
        "names have no ASCII letter and were skipped (data.ascii=true)": vanished,
        f"names are longer than {LONG} characters; is that file one name a line?": long,
    }
    for finding, count in findings.items():
        if count:
            log.warning("names: %s %s", f"{count:,}", finding)


def fingerprint(files: Mapping[str, bytes]) -> str:
    """Return one hash for all files, their names included."""
    digest = sha256()
    for language in sorted(files):
        digest.update(f"{language}\0{len(files[language])}\0".encode())
        digest.update(files[language])
    return digest.hexdigest()
