"""One folder per class and one file per text: ``pos/0_9.txt``, ``neg/1_2.txt``, …."""

from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from seqlab.data.table.dialect import LARGEST_CELL
from seqlab.data.text.class_files import read_whole
from seqlab.data.text.records import Record
from seqlab.errors import DataError
from seqlab.io.override import setting

SPLITS = dict.fromkeys(("train", "training"), "path")
SPLITS |= dict.fromkeys(("val", "valid", "validation", "dev"), "val_path")
SPLITS |= dict.fromkeys(("test", "testing"), "test_path")
"""The setting for a folder with the name of a split."""

WITHOUT_CLASS = "unsup"
"""The folder of aclImdb that is not a class."""


def holds_classes(path: Path) -> bool:
    """Return whether a folder has at least two folders with a file in each."""
    return len(_classes(path)) > 1


def split_folders(path: Path) -> dict[str, str]:
    """Return the folders of splits by the settings that name them; none unless there are several."""
    named = {
        f"data.{SPLITS[folder.name.lower()]}": str(folder)
        for folder in _folders(path)
        if folder.name.lower() in SPLITS
    }
    return dict(sorted(named.items())) if len(named) > 1 else {}


def splits_in(path: Path) -> str:
    """Return the settings that name the folders of splits in a folder; "" unless there are several."""
    return " ".join(setting(key, folder) for key, folder in split_folders(path).items())


class TextFolders:
    """A folder with a folder for each class, in which every file, at any depth, is a text.

    Args:
        path: the folder.
        column: what the classes are.
        encoding: of the files.
    """

    def __init__(self, path: Path, *, column: str, encoding: str) -> None:
        self.path, self.encoding = path, encoding
        self.columns: tuple[str, ...] = (column,)
        self.recipe = repr(["a folder a class", encoding])
        self.findings: Counter[str] = Counter()

    @cached_property
    def files(self) -> list[tuple[str, Path]]:
        """The class and the path of every text, sorted."""
        return [(folder.name, file) for folder in _classes(self.path) for file in sorted(_files(folder))]

    def fingerprint(self) -> str:
        """Return one hash for all files, their names included.

        Raises:
            DataError: one is unreadable.
        """
        digest = sha256()
        for _, file in self.files:
            content = read_whole(file)
            digest.update(f"{file.relative_to(self.path)}\0{len(content)}\0".encode())
            digest.update(content)
        return digest.hexdigest()

    def records(self) -> Iterator[Record]:
        """Yield the files that are not blank.

        Raises:
            DataError: a file is no text in the encoding, or is too long for one text.
        """
        self.findings["files beside the folders of the classes were not read"] = sum(
            not _is_hidden(file) and file.is_file() for file in self.path.iterdir()
        )
        self.findings[f"texts are in {WITHOUT_CLASS}, which holds texts without a class; move it away"] = sum(
            name == WITHOUT_CLASS for name, _ in self.files
        )
        for name, file in self.files:
            text = self._decoded(file)
            if text.strip():
                yield Record(text, (name,))
            else:
                self.findings["files without a text were skipped"] += 1

    def _decoded(self, file: Path) -> str:
        content = read_whole(file)
        try:
            text = content.decode(self.encoding)
        except UnicodeDecodeError as error:
            byte = f"byte 0x{content[error.start]:02x} at offset {error.start}"
            raise DataError(
                f"{file} is not {self.encoding}: {byte}; set data.encoding (such as latin-1)"
            ) from error
        if "\0" in text:
            raise DataError(f"{file} has a NUL character; is it a text? Remove it")
        if len(text) > LARGEST_CELL:
            raise DataError(f"{file} has more than {LARGEST_CELL:,} characters; every file must be one text")
        return text


def _is_hidden(path: Path) -> bool:
    return path.name.startswith((".", "__"))


def _folders(path: Path) -> list[Path]:
    try:
        return sorted(folder for folder in path.iterdir() if folder.is_dir() and not _is_hidden(folder))
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}; give a readable folder") from error


def _classes(path: Path) -> list[Path]:
    return [folder for folder in _folders(path) if any(True for _ in _files(folder))]


def _files(folder: Path) -> Iterator[Path]:
    return (file for file in folder.rglob("*") if file.is_file() and not _is_hidden(file))
