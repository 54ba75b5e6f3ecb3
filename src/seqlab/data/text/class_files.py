"""One file per class, one text per line: ``Arabic.txt``, ``Chinese.txt``, … in a folder or a zip."""

import io
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path, PurePosixPath

from seqlab.data.archive import read_archive
from seqlab.data.text.doubts import are_few
from seqlab.data.text.records import Record
from seqlab.errors import DataError

ONE_A_FILE = "if every file is one text, give the folder above, with a folder for each class"

LONG = 100
"""Lines with more characters than this are reported as suspiciously long for a name."""


def find(root: Path) -> Path | None:
    """Return the folder or archive of the language files at or below ``root``, or None."""
    if root.is_file():
        return root if zipfile.is_zipfile(root) else None
    archive = root / "names.zip"
    # The folder itself comes last: its files may be anything, such as a README next to the archive.
    for place in (root / "data" / "names", root / "names", archive, root):
        if place.is_dir() and len(list(place.glob("*.txt"))) > 1:
            return place
        if place == archive and archive.is_file():
            return archive
    return None


class ClassFiles:
    """A folder or a zip of ``<Class>.txt`` files.

    Args:
        path: the folder or the zip.
        column: what the classes are, such as "language".
        long: lines with more characters than this are reported; None for no limit.
    """

    def __init__(self, path: Path, *, column: str, long: int | None = None) -> None:
        self.path, self.long = path, long
        self.columns: tuple[str, ...] = (column,)
        self.recipe = "one file a class"
        self.findings: Counter[str] = Counter()

    def fingerprint(self) -> str:
        """Return one hash for all files, their names included.

        Raises:
            DataError: no file exists, or one is unreadable.
        """
        digest = sha256()
        for name, content in self._contents():
            digest.update(f"{name}\0{len(content)}\0".encode())
            digest.update(content)
        return digest.hexdigest()

    def records(self) -> Iterator[Record]:
        """Yield the lines of every file that are not blank.

        Raises:
            DataError: a file is not UTF-8, has a control character, or has fewer than two texts.
        """
        classes = texts = 0
        for name, content in self._contents():
            count = 0
            for number, raw in enumerate(
                io.StringIO(_decode(self.path / f"{name}.txt", content), newline=None), start=1
            ):
                line = raw.strip()
                if any(unicodedata.category(character) == "Cc" for character in line):
                    raise DataError(
                        f"{self.path}/{name}.txt, line {number}: a control character in {line!r}; remove it"
                    )
                if not line:
                    self.findings["blank lines were skipped"] += 1
                    continue
                if self.long and len(line) > self.long:
                    self.findings[
                        f"lines are longer than {self.long} characters; is it one text per line?"
                    ] += 1
                count += 1
                yield Record(line, (name,))
            if count < 2:  # noqa: PLR2004 (one to learn from, one to test)
                reason = f"{self.path}/{name}.txt has {count} text(s); add more, or remove the file"
                raise DataError(f"{reason}; or {ONE_A_FILE}")
            classes, texts = classes + 1, texts + count
        if are_few(classes, texts):
            raise DataError(
                f"{self.path} has {classes:,} classes, a file each, of {texts:,} texts; {ONE_A_FILE}"
            )

    def _contents(self) -> Iterator[tuple[str, bytes]]:
        """Yield the class and the content of every file, sorted by class."""
        files = self._files()
        classes: dict[str, str] = {}
        for file in files:
            name = PurePosixPath(file).stem
            other = next((known for known in classes if known.casefold() == name.casefold()), None)
            if other is not None:
                raise DataError(f"{self.path}: '{other}.txt' and '{name}.txt' are the same class; keep one")
            classes[name] = file
        if not classes:
            raise DataError(
                f"{self.path} has no <Class>.txt; put one file per class there, one text per line"
            )
        for name in sorted(classes):
            found = files[classes[name]]
            yield name, found if isinstance(found, bytes) else read_whole(found)

    def _files(self) -> dict[str, bytes | Path]:
        if self.path.is_dir():
            return {str(file): file for file in sorted(self.path.glob("*.txt"))}
        texts = read_archive(self.path, lambda name: name.suffix == ".txt")
        named = {name: content for name, content in texts.items() if PurePosixPath(name).match("names/*.txt")}
        return dict(named or texts)


def read_whole(file: Path) -> bytes:
    """Return the content of a file.

    Raises:
        DataError: it is unreadable.
    """
    try:
        return file.read_bytes()
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror}; fix or remove it") from error


def _decode(file: Path, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        byte = f"0x{content[error.start]:02x} at offset {error.start}"
        raise DataError(f"{file} is not UTF-8: byte {byte}; save it as UTF-8") from error
