"""online_shopping_10_cats: 62,774 Chinese shopping reviews, their product category and their sentiment.

From ChineseNlpCorpus (github.com/SophonPlus/ChineseNlpCorpus): one CSV ``cat,label,review``.
"""

from pathlib import Path
from typing import Any, Literal

from seqlab.data.delimited import Delimited
from seqlab.data.fetch import Remote
from seqlab.data.samples import reviews
from seqlab.data.source import Source, find_table, resolve
from seqlab.data.text.dataset import TextData
from seqlab.data.text.records import CSVTexts, TextReader
from seqlab.io.cache import cached_folder

NAME = "online_shopping_10_cats"
REMOTE = Remote(
    base_url="https://raw.githubusercontent.com/SophonPlus/ChineseNlpCorpus/a0b781d72158bde242c0626c9e354d2b328865ff/datasets/online_shopping_10_cats",
    sha256={f"{NAME}.zip": "6816ded66fde9d0927ecbd370b5e12d0174d1abac35192ec014ac2a0a8d25858"},
    largest=16 * 2**20,
)
TITLES = {
    "书籍": "books",
    "平板": "tablets",
    "手机": "phones",
    "水果": "fruit",
    "洗发水": "shampoo",
    "热水器": "water heaters",
    "蒙牛": "Mengniu",
    "衣服": "clothes",
    "计算机": "computers",
    "酒店": "hotels",
    "0": "negative",
    "1": "positive",
}
SENTIMENTS = {"0": "0", "1": "1", "0.0": "0", "1.0": "1"}


class OnlineShopping(TextData):
    """Reviews → category (10 classes) or sentiment (2), stratified by both.

    Args:
        root: folder with the zip or the CSV, or one of them; None for SEQLAB_DATA_DIR, else the cache or a
            download, else made-up reviews.
        url: another server's folder with the same zip; None for the pinned one.
        source: "auto", "real" (never made up) or "sample".
        target: "category" or "sentiment".
        settings: see ``TextData``.
    """

    name = NAME
    form = "NFKC"
    titles = TITLES

    def __init__(
        self,
        *,
        root: str | None = None,
        url: str | None = None,
        source: Literal["auto", "real", "sample"] = "auto",
        target: Literal["category", "sentiment"] = "category",
        **settings: Any,
    ) -> None:
        super().__init__(**settings)
        self.root, self.url, self.source = root, url, source
        self._target = {"category": "cat", "sentiment": "label"}[target]

    @property
    def target(self) -> str:
        """The label column that is to be predicted."""
        return self._target

    def find(self) -> Source:
        """Return where the CSV or its zip is."""
        return resolve(
            NAME, _find, _sample, root=self.root, source=self.source, remote=REMOTE, mirror=self.url
        )

    def read(self, source: Source) -> TextReader:
        """Return what reads the CSV."""
        return CSVTexts(Delimited(source.path), text="review", labels={"cat": None, "label": SENTIMENTS})


def _find(root: Path) -> Path | None:
    return find_table(root, f"{NAME}*")


def _sample() -> Path:
    folder = cached_folder("samples", "reviews", lambda path: reviews.write_reviews(path / "reviews.csv"))
    return folder / "reviews.csv"
