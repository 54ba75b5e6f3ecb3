"""The description of a data set: the model and its head take their sizes from it."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from seqlab.data.series.spec import SeriesSettings
from seqlab.data.text.cleaning import TextSettings


@dataclass(frozen=True)
class DataSpec:
    """Everything that a model, a task or a later prediction needs to know about the data, as simple values.

    Attributes:
        name: the data set, as in ``data=names``.
        kind: "tokens" for [B, T] integers, "features" for [B, T, F] numbers.
        task: the question: "classification", "forecasting", "regression" (one number) or "tagging" (a class
            at each of the last steps).
        input_size: tokens in the vocabulary, including special ones, or feature columns F.
        source: "real", "sample" for the small built-in files, or "generated".
        origin: the folder or file that was read, and how it was found, in words.
        sha256: hash of the data.
        sizes: samples in each split.
        path: the folder or file that was read.
        classes: class names in the order of their numbers.
        class_titles: their names in figures.
        class_counts: training samples of each class.
        symbols: the vocabulary in the order of its tokens.
        ngrams: codes of the frequent n-grams of tokens, ascending (``seqlab.functional.ngrams``).
        text: settings of tokenization.
        features: names of the feature columns, if they are not a series.
        series: the columns of a series, and their scaling.
        tagged_steps: for "tagging", the number of steps at the end of a sequence that have a class.
    """

    name: str
    kind: Literal["tokens", "features"]
    task: Literal["classification", "forecasting", "regression", "tagging"]
    input_size: int
    source: Literal["real", "sample", "generated"]
    origin: str
    sha256: str
    sizes: dict[str, int]
    path: str = ""
    classes: tuple[str, ...] = ()
    class_titles: tuple[str, ...] = ()
    class_counts: tuple[int, ...] = ()
    symbols: tuple[str, ...] = ()
    ngrams: tuple[int, ...] = ()
    text: TextSettings | None = None
    features: tuple[str, ...] = ()
    series: SeriesSettings | None = None
    tagged_steps: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Return simple values, for JSON and checkpoints."""
        values: dict[str, Any] = _plain(asdict(self))
        return values

    def headed(self, title: str) -> str:
        """Return the title of a figure, which states if the data are the sample."""
        return f"{title} (SAMPLE DATA)" if self.source == "sample" else title


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list | tuple) else value
