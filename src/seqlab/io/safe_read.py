"""Safe reading of untrusted files: it never blocks, executes no code, and limits memory."""

import json
import stat
from pathlib import Path
from typing import Any, BinaryIO

import yaml
from pydantic import ValidationError

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
LARGEST = 2**24
"""The largest size of a record or a configuration in bytes."""
DEEPEST = 40
"""The maximum depth of nested lists and mappings."""


class UnreadableError(ValueError):
    """A file cannot be read safely; the message continues a sentence that begins with the file's name."""


def mistake_in(error: ValidationError) -> str:
    """Return the first error in a file's values: ``'loops.fit_loop': Field required``."""
    first = error.errors(include_url=False, include_input=False)[0]
    return f"'{'.'.join(map(str, first['loc'])):.60}': {first['msg']}"


def open_plain(file: Path, largest: int) -> BinaryIO:
    """Open a regular file for reading: a pipe could block, a device never end, a link point elsewhere.

    Args:
        file: the file to open.
        largest: its maximum size in bytes.

    Raises:
        UnreadableError: it is missing, not a regular file, too large, or cannot be opened.
    """
    try:
        found = file.lstat()
        if not stat.S_ISREG(found.st_mode):
            raise UnreadableError(f"is a {_kind(found.st_mode)}, not a file; replace it by the file itself")
        if found.st_size > largest:
            raise UnreadableError(f"has {found.st_size:,} bytes, more than the {largest:,} allowed")
        return file.open("rb")
    except FileNotFoundError as error:
        raise UnreadableError("is missing") from error
    except OSError as error:
        raise UnreadableError(f"cannot be opened ({error.strerror})") from error


def read_text(file: Path, largest: int = LARGEST) -> str:
    """Return the text of a file.

    Raises:
        UnreadableError: as ``open_plain``, or it is not UTF-8.
    """
    with open_plain(file, largest) as opened:
        try:
            return opened.read(largest).decode("utf-8")
        except UnicodeDecodeError as error:
            raise UnreadableError(f"is not UTF-8 at byte {error.start}") from error
        except OSError as error:
            raise UnreadableError(f"cannot be read ({error.strerror})") from error


def parse_json(text: str | bytes) -> Any:
    """Return the values of a JSON text; NaN and Infinity are accepted, as Python writes them.

    Raises:
        UnreadableError: it is not JSON, is nested too deeply, or contains half a surrogate pair.
    """
    try:
        values = json.loads(text)
        json.dumps(values, ensure_ascii=False).encode("utf-8")  # half a surrogate pair cannot be printed
    except RecursionError as error:
        raise UnreadableError("is nested too deeply") from error
    except ValueError as error:
        raise UnreadableError(f"is not JSON ({error})") from error
    return values


def read_yaml(file: Path, largest: int = 2**20) -> Any:
    """Return the values of a YAML file without aliases: a few lines of aliases can mean billions of values.

    Raises:
        UnreadableError: as ``read_text``, or it is not YAML, is nested too deeply, or has an alias.
    """
    text = read_text(file, largest)
    try:
        reason = _growing(text)
        values = None if reason else yaml.load(text, LOADER)  # noqa: S506 (both loaders are safe)
    except (ValueError, OverflowError, yaml.YAMLError) as error:  # ValueError: the 31st of February
        raise UnreadableError(f"is not YAML ({_place(error)})") from error
    if reason:
        raise UnreadableError(reason)
    return values


def _growing(text: str) -> str:
    """Return why a YAML text would become too large when loaded; "" if it would not."""
    depth = 0
    for event in yaml.parse(text, LOADER):
        if isinstance(event, yaml.AliasEvent):
            return f"has an alias, *{event.anchor:.40}; write the values themselves"
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            return "is nested too deeply"
    return ""


def _place(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    where = f"line {mark.line + 1}: " if mark else ""
    return where + (getattr(error, "problem", None) or str(error).splitlines()[0])


def _kind(mode: int) -> str:
    kinds = {"link": stat.S_ISLNK, "folder": stat.S_ISDIR, "pipe": stat.S_ISFIFO, "socket": stat.S_ISSOCK}
    return next((kind for kind, is_it in kinds.items() if is_it(mode)), "device")
