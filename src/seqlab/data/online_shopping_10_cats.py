"""online_shopping_10_cats: 62,774 Chinese shopping reviews, their product category and their sentiment.

From ChineseNlpCorpus (github.com/SophonPlus/ChineseNlpCorpus): one CSV ``cat,label,review``.
"""

from pathlib import Path
from typing import Literal

from seqlab.data.dataset import Fetched, register_dataset
from seqlab.data.fetch import Remote
from seqlab.data.samples import reviews
from seqlab.data.source import Source, find_table, resolve
from seqlab.data.table.opening import open_table
from seqlab.data.text.dataset import TextData
from seqlab.data.text.labels import AnyClass, LabelParser, OneOf
from seqlab.data.text.records import CSVTexts, TextReader
from seqlab.data.text.suggest import as_text_csv
from seqlab.errors import DataError
from seqlab.io.cache import cached_folder
from seqlab.registry.types import Count

NAME = "online_shopping_10_cats"
REMOTE = Remote(
    base_url="https://raw.githubusercontent.com/SophonPlus/ChineseNlpCorpus/a0b781d72158bde242c0626c9e354d2b328865ff/datasets/online_shopping_10_cats",
    sha256={f"{NAME}.zip": "6816ded66fde9d0927ecbd370b5e12d0174d1abac35192ec014ac2a0a8d25858"},
    largest=16 * 2**20,
    licence="none stated; reviews of shops, collected for research",
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


@register_dataset("online_shopping_10_cats")
class OnlineShopping(TextData, Fetched):
    """Reviews → category (10 classes) or sentiment (2), stratified by both.

    Attributes:
        root: folder with the zip or the CSV, or one of them; None: $SEQLAB_DATA_DIR, else download, else made
            up.
        target: category (10 classes) or sentiment (2).
        url: a mirror with the same zip; None: the pinned one.
        source: auto, real (never made up) or sample.
        batch_size: reviews in a training batch of one process.
        tokens: characters or words (segmented by jieba: pip install 'seqlab[words]').
        min_count: how often a token must occur in training to be in the vocabulary.
        max_length: maximum number of tokens in a review; None: all.
        keep: which end of a longer review is kept: begin or end.
        bos_eos: add the tokens BOS and EOS to every review.
        ngrams: with model.encoder=ngrams, frequent n-grams of up to so many tokens get vectors too.
        split: grouped (equal reviews in one split, same fractions of every class) or random_lines.
        sampling: all (each review once per epoch) or balanced (sampled uniformly over classes).
        val_share: fraction of the reviews for validation.
        test_share: fraction of the reviews for testing.
        limit_train_samples: maximum number of training reviews; None: all.
    """

    problem_types = ("classification", "language_model")
    form = "NFKC"
    titles = TITLES

    target: Literal["category", "sentiment"] = "category"
    max_length: Count | None = 128
    bos_eos: bool = False

    @property
    def label_column(self) -> str:
        """The label column to predict."""
        return {"category": "cat", "sentiment": "label"}[self.target]

    def find(self) -> Source:
        """Return the CSV file or its zip."""
        return resolve(
            NAME, _find, _sample, root=self.root, source=self.source, remote=REMOTE, mirror=self.url
        )

    def read(self, source: Source) -> TextReader:
        """Return the reader of the CSV file."""
        table = open_table(source.path)
        if not {"review", "cat", "label"} & {*table.header} and (settings := as_text_csv(source.path)):
            raise DataError(f"{source.path} is not {NAME}; a table of your own is read by {settings}")
        labels: dict[str, LabelParser] = {"cat": AnyClass(), "label": OneOf(SENTIMENTS)}
        return CSVTexts(table, texts=["review"], labels=labels)


def _find(root: Path) -> Path | None:
    return find_table(root, f"{NAME}*")


def _sample() -> Path:
    folder = cached_folder("samples", "reviews", lambda path: reviews.write_reviews(path / "reviews.csv"))
    return folder / "reviews.csv"
