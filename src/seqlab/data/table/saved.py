"""Folders that ``save_to_disk`` of Hugging Face's datasets has written: which files, and nothing is run."""

from pathlib import Path

from seqlab.errors import DataError
from seqlab.io.safe_read import UnreadableError, parse_json, read_text

STATE, INFO, SPLITS = "state.json", "dataset_info.json", "dataset_dict.json"
"""The files beside the arrays."""


def is_saved(path: Path) -> bool:
    """Return whether a folder is one of save_to_disk."""
    return any((path / name).is_file() for name in (STATE, SPLITS))


def saved(path: Path) -> tuple[list[Path], dict[str, list[str]]]:
    """Return the files of a folder of save_to_disk, and the names of its columns of classes.

    Raises:
        DataError: the folder is damaged, holds several splits, or names code or files elsewhere.
    """
    again = "save the data set again with save_to_disk"
    code = next(path.glob("*.py"), None)
    if code:
        raise DataError(f"{path} holds code, {code.name}, which is not run; {again}")
    try:
        if (path / SPLITS).is_file():
            splits = parse_json(read_text(path / SPLITS))["splits"]
            raise DataError(f"{path} holds the splits {', '.join(splits)}; give one, {path / splits[0]}")
        state = parse_json(read_text(path / STATE))
        features = (parse_json(read_text(path / INFO)).get("features") or {}).items()
        names = [entry["filename"] for entry in state["_data_files"]]
        is_choice = state.get("_indices_data_files") or state.get("_indices_files")
        classes = {
            name: [str(title) for title in feature["names"]]
            for name, feature in features
            if isinstance(feature, dict) and feature.get("_type") == "ClassLabel"
        }
    except (UnreadableError, LookupError, TypeError, AttributeError) as error:
        raise DataError(f"{path} is no folder of save_to_disk ({error!r:.200}); {again}") from error
    for name in names:
        if not isinstance(name, str) or Path(name).name != name or not name.endswith(".arrow"):
            raise DataError(f"{path}: {STATE} names '{name}', which is no .arrow file in it; do not trust it")
        if (path / name).is_symlink():
            raise DataError(f"{path}: {name} is a link; replace it by the file itself")
    if not names:
        raise DataError(f"{path}: {STATE} names no file; {again}")
    if is_choice:
        raise DataError(f"{path} is a choice of rows of another; save flatten_indices() of it")
    return [path / name for name in names], classes
