"""Shopping reviews: both targets, both kinds of tokens, grouped splits."""

import csv
import io
import zipfile
from collections import Counter

import pytest

from seqlab.data import OnlineShopping, SequenceData
from seqlab.data.online_shopping_10_cats import TITLES
from seqlab.data.text.cleaning import without_case
from seqlab.errors import DataError

SPLITS = ("train", "val", "test")


def shopping(**settings) -> SequenceData:
    data = SequenceData(OnlineShopping(**settings))
    data.setup()
    return data


@pytest.fixture
def offline(monkeypatch):
    monkeypatch.delenv("SEQLAB_DATA_DIR", raising=False)


def test_without_real_data_reviews_are_made_up_and_that_is_said(offline, caplog):
    data = shopping()
    assert data.spec.source == "sample"
    assert "SAMPLE DATA" in caplog.text
    assert sum(data.spec.sizes.values()) == 4000
    assert len(data.spec.classes) == 10
    assert data.spec.class_titles == tuple(TITLES[name] for name in data.spec.classes)
    assert all(title.isascii() for title in data.spec.class_titles)


def test_both_targets_have_the_same_splits(offline):
    by_category, by_sentiment = shopping(source="sample"), shopping(source="sample", target="sentiment")
    assert by_sentiment.spec.classes == ("0", "1")
    assert by_sentiment.spec.class_titles == ("negative", "positive")
    for split in SPLITS:
        assert by_category.spec.sizes == by_sentiment.spec.sizes
        texts = [[data.describe(split, n) for n in range(50)] for data in (by_category, by_sentiment)]
        assert texts[0] == texts[1]


def test_words_of_a_review_make_up_the_review(offline):
    pytest.importorskip("rjieba", reason="needs rjieba: pip install 'seqlab[words]'")
    data = shopping(source="sample", tokens="words", min_count=1)
    batch = next(iter(data.val_dataloader()))
    known = [row for row in batch.x.tolist() if 1 not in row][:20]
    for row in known:
        text = "".join(data.spec.symbols[token] for token in row if token)
        assert text in {data.describe("val", number).replace(" ", "") for number in batch.ids.tolist()}


@pytest.mark.real_data
def test_the_real_reviews_are_all_there_and_split_by_groups_by_category_and_sentiment(real_data):
    with zipfile.ZipFile(real_data / "online_shopping_10_cats.zip") as archive:
        content = archive.read("online_shopping_10_cats.csv").decode("utf-8-sig")
    rows = [row for row in csv.DictReader(io.StringIO(content)) if row["review"].strip()]
    data = shopping(root=str(real_data))
    sentiment = shopping(root=str(real_data), target="sentiment")
    assert data.spec.source == "real"
    assert sum(data.spec.sizes.values()) == len(rows) == 62_773
    categories = Counter(row["cat"] for row in rows)
    assert dict(zip(data.spec.classes, data.spec.class_counts, strict=True)).keys() == categories.keys()
    texts = {
        split: {without_case(data.describe(split, number)) for number in range(data.spec.sizes[split])}
        for split in SPLITS
    }
    assert not texts["train"] & texts["test"]
    assert not texts["train"] & texts["val"]
    assert not texts["val"] & texts["test"]
    pairs = Counter((row["cat"], row["label"]) for row in rows)
    for split, share in {"train": 0.8, "val": 0.1, "test": 0.1}.items():
        found = Counter(
            (data.spec.classes[category], sentiment.spec.classes[label])
            for category, label in zip(
                data.samples[split].y.tolist(), sentiment.samples[split].y.tolist(), strict=True
            )
        )
        for pair, count in pairs.items():
            assert found[pair] / count == pytest.approx(share, abs=0.02), (split, pair)


def test_another_table_is_answered_with_what_reads_it(tmp_path):
    (tmp_path / "my.csv").write_text("words,kind\n" + "".join(f"text {n},{'ab'[n % 2]}\n" for n in range(9)))
    with pytest.raises(
        DataError, match=r"is read by data=text_csv data\.path=.* data\.text=words data\.label=kind"
    ):
        shopping(root=str(tmp_path / "my.csv"))
