"""etth1: hourly load and oil temperature of a transformer, on which long forecasts are compared.

ETDataset (Zhou et al. 2021, github.com/zhouhaoyi/ETDataset): 17,420 rows of seven columns, of which the field
uses twelve months for training, four for validation and four for testing, months of 30 days.
"""

from collections.abc import Sequence
from pathlib import Path

from pydantic import Field

from seqlab.data.dataset import Fetched, register_dataset
from seqlab.data.fetch import Remote
from seqlab.data.samples.transformer import COLUMNS, write_transformer
from seqlab.data.series.dataset import Border, Columns, SeriesData
from seqlab.data.source import Source, find_table, resolve
from seqlab.io.cache import cached_folder
from seqlab.registry.types import Count

MONTH = 30 * 24
"""Steps of a month, as the field counts them."""
REMOTE = Remote(
    base_url="https://raw.githubusercontent.com/zhouhaoyi/ETDataset/1d16c8f4f943005d613b5bc962e9eeb06058cf07/ETT-small",
    sha256={"ETTh1.csv": "f18de3ad269cef59bb07b5438d79bb3042d3be49bdeecf01c1cd6d29695ee066"},
    largest=2**23,
    licence="CC BY-ND 4.0",
)


@register_dataset("etth1")
class ETTh1(SeriesData, Fetched):
    """Two weeks of seven columns → the next four days, with the borders of the field.

    Attributes:
        root: folder with ETTh1.csv or its zip, or one of them; None: $SEQLAB_DATA_DIR, else download, else
            made up.
        url: another server's folder with the published file; None: the usual one.
        source: auto, real (never made up) or sample.
        targets: columns that are forecast, all seven.
        features: input columns in addition to the targets; None: all other columns of numbers.
        input_steps: hours that the model reads.
        horizon_steps: hours that it forecasts; the field compares 96, 192, 336 and 720.
        calendar: the hour is a column too.
        val_start: the row where validation begins, after twelve months; inputs may reach back.
        test_start: the row where testing begins, after sixteen months, likewise.
        test_end: the row where testing ends, after twenty months.
        limit_train_samples: maximum number of training windows; None: all.
    """

    targets: Columns = Field(default=list(COLUMNS))
    input_steps: Count | None = 336
    horizon_steps: Count | None = 96
    calendar: bool = False
    val_start: Border | None = 12 * MONTH + 1
    test_start: Border | None = 16 * MONTH + 1
    test_end: Border | None = 20 * MONTH + 1

    @property
    def time_columns(self) -> Sequence[str]:
        """The column of times."""
        return ("date",)

    def find(self) -> Source:
        """Return the CSV file or its zip."""
        return resolve(
            self.name, _find, _sample, root=self.root, source=self.source, remote=REMOTE, mirror=self.url
        )


def _find(root: Path) -> Path | None:
    return find_table(root, "ETTh1*")


def _sample() -> Path:
    made = cached_folder("samples", "transformer-1", lambda path: write_transformer(path / "ETTh1.csv"))
    return made / "ETTh1.csv"
