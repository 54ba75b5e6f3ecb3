"""conf/data: the settings of every data set."""

from codecs import BOM_UTF8
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from seqlab.registry.types import Count, Finite, Name, Positive, Section, Share, as_list


def _absolute(path: str | None) -> str | None:
    """Make a path absolute: a run folder is read from other working folders too."""
    try:
        return path and str(Path(path).expanduser().resolve())
    except RuntimeError as error:  # of a ~user that there is not
        raise ValueError(f"'{path}': {error}") from error


class DataConfig(Section):
    """What every data set has."""

    task: ClassVar[str]
    kind: ClassVar[Literal["tokens", "features"]] = "tokens"

    batch_size: Count
    limit_train_samples: Count | None


class SplitConfig(DataConfig):
    """What every data set has that is split by shares."""

    val_share: Share
    test_share: Share

    @model_validator(mode="after")
    def _training_is_left(self) -> "SplitConfig":
        if self.val_share + self.test_share >= 1:
            raise ValueError(
                f"val_share + test_share is {self.val_share + self.test_share:g}; keep it below 1"
            )
        return self


class Fetched(Section):
    """Where the files of a data set are that seqlab can fetch.

    Attributes:
        place: the key that says where the files are.
    """

    place: ClassVar[str] = "root"

    root: str | None
    url: str | None
    source: Literal["auto", "real", "sample"]

    _root = field_validator("root")(_absolute)


class OwnFile(Section):
    """Where a file of the user's own is, and how it is written; ``place`` as above."""

    place: ClassVar[str] = "path"

    path: Name
    separator: Literal["comma", "semicolon", "tab", "pipe"]
    encoding: str

    _path = field_validator("path")(_absolute)

    @field_validator("encoding")
    @classmethod
    def _is_known(cls, encoding: str) -> str:
        try:
            newline = "\n".encode(encoding).removeprefix(BOM_UTF8)
        except LookupError as error:
            raise ValueError(f"no encoding '{encoding}'; utf-8, gb18030, latin-1 are some") from error
        if newline != b"\n":
            raise ValueError(f"files in {encoding} are not read; convert yours to utf-8")
        return encoding


class TextConfig(SplitConfig):
    """What every data set of texts has."""

    task = "classification"

    marks: bool
    ngrams: Annotated[int, Field(ge=1, le=3)]
    split: Literal["honest", "random_lines"]
    sampling: Literal["all", "by_class"]
    split_seed: Annotated[int, Field(ge=0)]


class LongTextConfig(TextConfig):
    """What data sets of longer texts have besides."""

    tokens: Literal["characters", "words"]
    min_count: Count
    max_length: Count | None
    keep: Literal["begin", "end"]


class NamesConfig(TextConfig, Fetched):
    """conf/data/names: the arguments of ``Names``."""

    name: Literal["names"]
    ascii: bool


class OnlineShoppingConfig(LongTextConfig, Fetched):
    """conf/data/online_shopping_10_cats: the arguments of ``OnlineShopping``."""

    name: Literal["online_shopping_10_cats"]
    target: Literal["category", "sentiment"]


class TextCSVConfig(LongTextConfig, OwnFile):
    """conf/data/text_csv: the arguments of ``TextCSV``."""

    name: Literal["text_csv"]
    text: Name
    label: Name


class SeriesConfig(SplitConfig):
    """What every data set of a measured series has."""

    task, kind = "forecasting", "features"

    targets: Annotated[list[Name], BeforeValidator(as_list), Field(min_length=1)]
    features: Annotated[list[Name] | None, BeforeValidator(as_list)]
    step_minutes: Positive | None
    input_days: Positive
    horizon_days: Positive
    calendar: bool
    sentinels: list[Finite]
    duplicates: Literal["error", "first"]

    @field_validator("targets", "features")
    @classmethod
    def _named_once(cls, names: list[str] | None) -> list[str] | None:
        twice = [name for name in names or [] if (names or []).count(name) > 1]
        if twice:
            raise ValueError(f"'{twice[0]}' is named twice")
        return names


class JenaClimateConfig(SeriesConfig, Fetched):
    """conf/data/jena_climate: the arguments of ``JenaClimate``."""

    name: Literal["jena_climate"]


class SeriesCSVConfig(SeriesConfig, OwnFile):
    """conf/data/series_csv: the arguments of ``SeriesCSV``."""

    name: Literal["series_csv"]
    time: Name
    time_format: Name | None


class SyntheticConfig(DataConfig):
    """What every made-up task has; its files are nowhere."""

    place: ClassVar[None] = None

    train_samples: Count
    val_samples: Count
    test_samples: Count
    samples_seed: Annotated[int, Field(ge=0)]


class AddingConfig(SyntheticConfig):
    """conf/data/adding: the arguments of ``Adding``."""

    task, kind = "regression", "features"

    name: Literal["adding"]
    length: Annotated[int, Field(ge=2)]


class CopyConfig(SyntheticConfig):
    """conf/data/copy: the arguments of ``CopyMemory``."""

    task = "tagging"

    name: Literal["copy"]
    length: Count
    recalled: Count


class ParityConfig(SyntheticConfig):
    """conf/data/parity: the arguments of ``Parity``."""

    task = "classification"

    name: Literal["parity"]
    length: Count
    test_length: Count

    @model_validator(mode="after")
    def _test_is_longer(self) -> "ParityConfig":
        if self.test_length <= self.length:
            raise ValueError(f"test_length={self.test_length} must be more than length={self.length}")
        return self


class TemporalOrderConfig(SyntheticConfig):
    """conf/data/temporal_order: the arguments of ``TemporalOrder``."""

    task = "classification"

    name: Literal["temporal_order"]
    length: Annotated[int, Field(ge=10)]
    relevant: Literal[2, 3]


AnyData = Annotated[
    NamesConfig
    | OnlineShoppingConfig
    | TextCSVConfig
    | JenaClimateConfig
    | SeriesCSVConfig
    | AddingConfig
    | CopyConfig
    | ParityConfig
    | TemporalOrderConfig,
    Field(discriminator="name"),
]
