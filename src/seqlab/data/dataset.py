"""What a data set is: a class whose fields are its settings, and whose ``load`` reads, splits and encodes.

A field's annotation is its type and range, the docstring's Attributes are its help. Nothing here needs torch,
so that settings can be checked without it: ``load`` imports what reads and encodes.
"""

from abc import abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self, cast

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PrivateAttr,
    SerializeAsAny,
    field_validator,
    model_validator,
)
from pydantic_core import to_jsonable_python

from seqlab.data.source import Source, named_file
from seqlab.data.spec import ProblemType
from seqlab.data.table.dialect import Dialect
from seqlab.data.table.encodings import is_by_bytes
from seqlab.data.table.frame import as_file, is_table
from seqlab.data.table.saved import is_saved
from seqlab.errors import ConfigError
from seqlab.registry.catalog import datasets
from seqlab.registry.section import Choice
from seqlab.registry.types import Address, Column, Count, FilePath, Section, Share, as_list, is_place

if TYPE_CHECKING:
    from seqlab.data.batches import Loaded
    from seqlab.data.module import SequenceData
    from seqlab.data.table.base import Table


def _is_known(encoding: str) -> str:
    try:
        is_by_bytes(encoding)
    except LookupError as error:
        raise ValueError(f"no encoding '{encoding}'; examples are utf-8, gb18030, cp1252") from error
    return encoding


Encoding = Annotated[str, AfterValidator(_is_known)]
"""The name of an encoding of texts."""


class Dataset(Section):
    """Base class of data sets. A subclass defines ``load``, and ``problem_types`` or only one ``task``.

    Attributes:
        name: the registered name, as in ``data=NAME``.
        batch_size: samples in a training batch of one process.
        limit_train_samples: maximum number of training samples, or None.
    """

    registered_as: ClassVar[str] = ""
    problem_types: ClassVar[tuple[ProblemType, ...]] = ()
    """What can be predicted from the data; a task is for one of them."""
    task: ClassVar[ProblemType]
    """The default problem type: the first one."""
    kind: ClassVar[Literal["tokens", "features"]] = "tokens"

    name: Annotated[str, Field(validate_default=True)] = ""
    batch_size: Count = 64
    limit_train_samples: Count | None = None
    _problem_type: ProblemType | None = PrivateAttr(default=None)
    _condition: str = PrivateAttr(default="none")

    def __init_subclass__(cls, **settings: Any) -> None:
        super().__init_subclass__(**settings)
        if "problem_types" in vars(cls):
            cls.task = cls.problem_types[0]
        elif "task" in vars(cls):
            cls.problem_types = (cls.task,)

    @field_validator("name")
    @classmethod
    def _is_its_own(cls, name: str) -> str:
        own = cls.registered_as or cls.__name__
        if name not in ("", own):
            raise ValueError(f"{cls.__name__} is named '{own}'")
        return own

    @classmethod
    def preset(cls) -> dict[str, Any]:
        """Return what a YAML file of conf/data contains: the settings with their defaults, and the task."""
        settings = {
            key: "???"
            if field.is_required()
            else to_jsonable_python(field.get_default(call_default_factory=True))
            for key, field in cls.model_fields.items()
        }
        return {
            "defaults": [{"override /task": cls.task}, "_self_"],
            "data": {**settings, "name": cls.registered_as},
        }

    @property
    def problem_type(self) -> ProblemType:
        """What ``load`` prepares the data for."""
        return self._problem_type or self.task

    @property
    def condition(self) -> str:
        """What a language model is told of a text: "none", or its "class"."""
        return self._condition

    def unsupported_reason(self, problem_type: str) -> str | None:
        """Return what to use instead of a problem type that the data do not support; None if they do."""
        if problem_type in self.problem_types:
            is_by_class = self.order == "balanced" and problem_type != "classification"
            return "data.sampling=balanced samples by class; use data.sampling=all" if is_by_class else None
        return f"use {' or '.join(f'task={name}' for name in self.problem_types)}"

    def for_problem(self, problem_type: str, condition: str = "none") -> Self:
        """Return the same data set, whose ``load`` prepares the data for a problem type.

        Args:
            problem_type: what is to be predicted.
            condition: what a language model is told of a text, see ``SequenceModel``.

        Raises:
            ConfigError: the data, or their settings, do not support it.
        """
        if reason := self.unsupported_reason(problem_type):
            raise ConfigError(f"task={problem_type} does not suit data={self.name}; {reason}")
        copy = self.model_copy()
        copy._problem_type = cast("ProblemType", problem_type)  # noqa: SLF001 (its own)
        copy._condition = condition  # noqa: SLF001 (its own)
        return copy

    def with_known(self, file: Path) -> Self:  # noqa: ARG002
        """Return the same data set, with the file of what is known of the future that is forecast.

        Raises:
            ConfigError: nothing is.
        """
        raise ConfigError("--known is for runs with data.known; leave it out")

    @property
    def place(self) -> str | None:
        """The setting with the path of the files; None if there are no files."""
        return next((key for key in ("root", "path") if key in type(self).model_fields), None)

    def without_places(self) -> Self:
        """Return the settings without where files are: of those that must be, the file's name is left."""
        places = {
            name: Path(getattr(self, name)).name if field.is_required() else field.default
            for name, field in type(self).model_fields.items()
            if is_place(field)
        }
        return self.model_copy(update=places)

    @property
    def order(self) -> Literal["shuffled", "balanced", "streams"]:
        """The order of the training samples: each once per epoch, balanced over classes, or streams."""
        return "shuffled"

    @abstractmethod
    def load(self) -> "Loaded":
        """Read, split and encode the samples.

        Raises:
            DataError: a file is missing or malformed.
        """


class SplitData(Dataset):
    """A data set that is split by fractions.

    Attributes:
        val_share: fraction of the data for validation.
        test_share: fraction of the data for testing.
    """

    val_share: Share = 0.1
    test_share: Share = 0.1

    @model_validator(mode="after")
    def _training_is_left(self) -> "SplitData":
        if self.val_share + self.test_share >= 1:
            raise ValueError(
                f"val_share + test_share is {self.val_share + self.test_share:g}; keep it below 1"
            )
        return self


class Fetched(Section):
    """Settings for the files of a data set that seqlab can download.

    Attributes:
        root: folder or file; None for SEQLAB_DATA_DIR, else the cache or a download, else the sample.
        url: a mirror, that is a folder on another server with the same files; None for the usual one.
        source: "auto", "real" (never the sample) or "sample".
    """

    root: FilePath | None = None
    url: Address | None = None
    source: Literal["auto", "real", "sample"] = "auto"


class OwnFile(Section):
    """Settings for a file of the user's own.

    Attributes:
        path: the file; from Python also a ``pandas.DataFrame`` or a dict of arrays.
        separator: between the cells of a CSV file; "space" is any number of blanks and tabs. None for a tab
            in a .tsv, and a comma in others.
        encoding: of a CSV file: utf-8, gb18030, cp1252, …; UTF-16 is known by its first bytes.
        header: whether the first line names the columns; if not, they are called 0, 1, ….
        quotes: "double" if a cell in double quotes may hold separators and line ends, "none" if a quote is a
            character like any other.
        decimal: what stands before a number's fraction, "point" or "comma".
        missing: words that stand for a missing number, besides empty cells, NA, N/A, NaN, nan, null and NULL.
    """

    path: FilePath
    separator: Literal["comma", "semicolon", "tab", "pipe", "space"] | None = None
    encoding: Encoding = "utf-8"
    header: bool = True
    quotes: Literal["double", "none"] = "double"
    decimal: Literal["point", "comma"] = "point"
    missing: Annotated[list[Column], BeforeValidator(as_list)] = Field(default_factory=list)

    @field_validator("path", "val_path", "test_path", mode="before", check_fields=False)
    @classmethod
    def _is_a_file(cls, path: Any) -> Any:
        return as_file(path)

    @classmethod
    def from_frame(
        cls,
        frame: Any,
        *,
        val: Any = None,
        test: Any = None,
        task: str | None = None,
        seed: int = 0,
        **settings: Any,
    ) -> "SequenceData":
        """Return the data of a table that Python holds, as a Trainer takes them.

        The rows are written into the cache and read as those of any file, with the same checks. An index is a
        column if it has a name, or is of times, then called ``time``.

        Example:
            >>> frame = {"review": ["good", "bad"] * 20, "cat": ["+", "-"] * 20}
            >>> Texts.from_frame(frame, text="review", label="cat").spec.classes  # doctest: +SKIP
            ('+', '-')

        Args:
            frame: a ``pandas.DataFrame``, a dict of columns of equal length, or the path of a file.
            val: the rows for validation; None to take ``val_share`` of ``frame``.
            test: the rows for testing; None to take ``test_share`` of ``frame``.
            task: what is predicted, such as "regression"; None for the first of ``problem_types``.
            seed: of the order of the training batches.
            settings: of the data set, as in ``data.<setting>``.

        Raises:
            ConfigError: a setting is unknown or wrong, or no table is given.
        """
        from seqlab.data.held import data_of  # noqa: PLC0415 (imports torch)

        paths = {"path": frame, "val_path": val, "test_path": test}
        given = {key: table for key, table in paths.items() if table is not None}
        for table in given.values():
            if not (is_table(table) or isinstance(table, str | Path)):
                kind = type(table).__name__
                raise ConfigError(f"from_frame takes a DataFrame or a dict of columns, not a {kind}")
        return data_of(cls, given | settings, task=task, seed=seed)

    def find(self) -> Source:
        """Return the file.

        Raises:
            DataError: the file does not exist.
        """
        return named_file(self.path, folder=is_saved(Path(self.path)))

    @property
    def dialect(self) -> Dialect:
        """How a text file writes a table."""
        return Dialect(
            separator=self.separator,
            encoding=self.encoding,
            header=self.header,
            quotes=self.quotes,
            decimal=self.decimal,
            missing=tuple(self.missing),
        )

    def table(self, path: Path) -> "Table":
        """Open a file as a table, with these settings.

        Raises:
            DataError: the file cannot be opened, is empty, or is no table.
        """
        from seqlab.data.table.opening import open_table  # noqa: PLC0415 (imports numpy)

        return open_table(path, self.dialect, is_own=True)


class GivenSplits(Section):
    """Settings for validation and test data in files of their own, which are then not split off.

    Attributes:
        val_path: the file of the validation data; None to take them from the training file.
        test_path: the file of the test data; None to take them from the training file.
    """

    val_path: FilePath | None = None
    test_path: FilePath | None = None

    def given_splits(self, *, folder: bool = False) -> dict[str, Source]:
        """Return the files that are given, by the name of their split.

        Args:
            folder: whether a folder is allowed too.

        Raises:
            DataError: one does not exist.
        """
        paths = {"val": self.val_path, "test": self.test_path}
        return {
            split: named_file(path, setting=f"data.{split}_path", folder=folder)
            for split, path in paths.items()
            if path is not None
        }


def register_dataset(name: str) -> Callable[[type[Dataset]], type[Dataset]]:
    """Register a data set: ``@register_dataset("my_set")``, then ``data=my_set``.

    Raises:
        ConfigError: another class has the name, or the class is not a data set.
    """

    def enter(cls: type[Dataset]) -> type[Dataset]:
        if not issubclass(cls, Dataset):
            raise ConfigError(f"data set '{name}': {cls.__name__} must be a subclass of seqlab.data.Dataset")
        datasets.register(name)(cls)
        cls.registered_as = name
        return cls

    return enter


class _Datasets(Choice):
    """A data set holds its settings itself."""

    def section(self, name: str) -> type[Section]:
        return self.registry[name]  # type: ignore[no-any-return]


AnyDataset = Annotated[SerializeAsAny[Dataset], _Datasets(datasets, base=Dataset).validator]
"""The settings of a registered data set, by ``name``."""
