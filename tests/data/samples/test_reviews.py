"""The made-up reviews: the real schema and proportions, and classes that can be learned, but not wholly."""

import csv
import re

import pandas as pd
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from seqlab.data.samples.reviews import write_reviews

REAL = {
    "书籍": 3851,
    "平板": 10000,
    "手机": 2323,
    "水果": 10000,
    "洗发水": 10000,
    "热水器": 575,
    "蒙牛": 2033,
    "衣服": 10000,
    "计算机": 3992,
    "酒店": 10000,
}


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("reviews") / "reviews.csv"
    write_reviews(path)
    return path


@pytest.fixture(scope="module")
def table(path):
    return pd.read_csv(path, keep_default_na=False)


def test_two_calls_give_equal_bytes(path, tmp_path):
    write_reviews(tmp_path / "again.csv")
    assert (tmp_path / "again.csv").read_bytes() == path.read_bytes()


def test_the_file_is_a_csv_of_three_columns(path):
    text = path.read_bytes().decode("utf-8")
    assert text.startswith("cat,label,review\n")
    assert "\r" not in text
    rows = list(csv.reader(text.splitlines()))
    assert len(rows) == 4001
    assert {len(row) for row in rows} == {3}
    assert {row[1] for row in rows[1:]} == {"0", "1"}


def test_categories_have_the_real_proportions_and_order(table):
    counts = table["cat"].value_counts(sort=False)
    assert list(counts.index) == list(REAL)
    for category, rows in REAL.items():
        assert counts[category] == pytest.approx(4000 * rows / sum(REAL.values()), abs=1)


def test_half_of_every_category_is_praise(table):
    for _, labels in table.groupby("cat")["label"]:
        assert abs(labels.sum() - (1 - labels).sum()) <= 1
        assert labels.is_monotonic_decreasing


def test_reviews_are_as_long_as_people_write(table):
    lengths = table["review"].str.len()
    assert lengths.min() == 4
    assert 120 < lengths.max() <= 160
    assert 25 < lengths.median() < 45


def test_reviews_are_well_formed(table):
    clause = "[\u4e00-\u9fff0-9]+"
    well_formed = re.compile(f"{clause}([，。！]{clause})*[。！]?")
    assert all(well_formed.fullmatch(review) for review in table["review"])


def test_few_reviews_occur_twice(table):
    assert 0 < table["review"].duplicated().sum() < 40


def test_some_say_nothing_and_some_praise_and_blame(table):
    silent = table["review"].str.contains(
        "没见到|没去住|没听到|不知道怎么样|没来得及|没打开|说不好|没法评价|才知道"
    )
    assert 0.06 < silent.mean() < 0.1
    mixed = table["review"].str.contains("，(?:但是|不过|只是)")
    assert 0.035 < mixed.mean() < 0.065
    # Neither tells its label.
    assert 0.4 < table["label"][silent].mean() < 0.6
    assert 0.4 < table["label"][mixed].mean() < 0.6


@pytest.mark.parametrize(("column", "least", "most"), [("label", 0.8, 0.97), ("cat", 0.75, 0.97)])
def test_counting_characters_tells_most_but_not_all(table, column, least, most):
    train, test = train_test_split(table, test_size=0.25, random_state=0, stratify=table["cat"])
    model = make_pipeline(CountVectorizer(analyzer="char"), LogisticRegression(max_iter=1000))
    model.fit(train["review"], train[column])
    assert least < model.score(test["review"], test[column]) < most
