"""What a data set declares: the model and the head take their sizes from it."""

from dataclasses import asdict, dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class DataSpec:
    """Everything a model, a task or a later prediction needs to know of the data, as plain values.

    Attributes:
        name: the data set, as in ``data=names``.
        kind: "tokens" for [B, T] integers, "features" for [B, T, F] numbers.
        input_size: tokens in the vocabulary with its special symbols, or feature columns F.
        classes: class names in the order of their numbers.
        class_counts: training samples of each class.
        symbols: the vocabulary in the order of its tokens.
        source: "real", or "sample" for the small built-in files.
        origin: the folder or archive that was read, and what led there, in words.
        sha256: hash of what was read.
        sizes: samples in each split.
        path: the folder or archive that was read.
    """

    name: str
    kind: Literal["tokens", "features"]
    input_size: int
    classes: tuple[str, ...]
    class_counts: tuple[int, ...]
    symbols: tuple[str, ...]
    source: Literal["real", "sample"]
    origin: str
    sha256: str
    sizes: dict[str, int]
    path: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, as JSON and checkpoints hold them."""
        return {
            key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()
        }
