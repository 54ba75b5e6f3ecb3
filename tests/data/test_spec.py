"""What a data set declares."""

import json
from dataclasses import asdict, dataclass

import pytest

from seqlab.data import Adding, DataSpec, Names, Texts, TextSpec, read_spec
from seqlab.data.spec import register_spec
from seqlab.data.text.cleaning import TextSettings


def test_a_spec_is_written_as_plain_values():
    fields = {
        "name": "toy",
        "kind": "tokens",
        "task": "classification",
        "input_size": 3,
        "classes": ["a", "b"],
        "class_titles": ["A", "B"],
        "class_counts": [4, 1],
        "ngrams": [17],
        "symbols": ["<pad>", "x", "y"],
        "source": "sample",
        "origin": "nowhere",
        "sha256": "0",
        "path": "",
        "sizes": {"train": 5},
    }
    nested = {"text": TextSettings(tokens="words", max_length=9)}
    spec = TextSpec(
        **{key: tuple(value) if isinstance(value, list) else value for key, value in fields.items()}, **nested
    )
    fields |= {
        "text": asdict(nested["text"]),
        "features": [],
        "side_inputs": {},
        "tagged_steps": 0,
        "target_mean": 0.0,
        "target_std": 1.0,
        "unknown": {},
        "widths": [],
    }
    assert spec.as_dict() == json.loads(json.dumps(spec.as_dict())) == fields


COMMON = {"name": "toy", "source": "real", "origin": "", "sha256": "", "sizes": {}}


def texts(**other):
    fields = {
        "kind": "tokens",
        "task": "classification",
        "input_size": 2,
        "symbols": ("x", "y"),
        "classes": ("a",),
    }
    return TextSpec(**COMMON, **fields | {"classes": ("a",), "text": TextSettings()} | other)


def test_each_kind_is_known_again_by_the_field_that_only_it_has():
    generated = DataSpec(**COMMON, kind="features", task="regression", input_size=1, features=("value",))
    for spec in (texts(), generated):
        read = read_spec(json.loads(json.dumps(spec.as_dict())))
        assert type(read) is type(spec)
        assert read == spec
        assert read.fits()
    earlier = texts().as_dict() | {"series": None}  # every kind had every field
    assert read_spec(earlier) == texts()
    with pytest.raises(ValueError, match="input_size"):
        read_spec(texts().as_dict() | {"input_size": "many"})
    with pytest.raises(ValueError, match="a dictionary"):
        read_spec([1])


@pytest.mark.parametrize(
    "other",
    [
        {"input_size": 3},
        {"symbols": ("x", "x")},
        {"class_titles": ("A", "B")},
        {"class_counts": (1, 2)},
        {"classes": ()},
        {"task": "forecasting"},
        {"task": "tagging"},
        {"task": "regression"},
        {"tagged_steps": 2},
        {"text": TextSettings(max_length=0)},
    ],
)
def test_what_contradicts_itself_does_not_fit(other):
    assert texts().fits()
    assert not texts(**other).fits()


def test_a_kind_of_ones_own_is_one_class():
    @register_spec("pages")
    @dataclass(frozen=True, kw_only=True)
    class Pages(DataSpec):
        pages: int

    spec = Pages(**COMMON, kind="features", task="regression", input_size=1, features=("ink",), pages=3)
    assert read_spec(spec.as_dict()) == spec


def test_settings_for_a_file_elsewhere_name_no_place():
    own = Texts(path="/home/me/mine.csv", text="a", label="b")
    fetched = Names(root="/data", url="https://x.org/y", batch_size=3)
    assert own.without_places().path == "mine.csv"
    left = fetched.without_places()
    assert (left.root, left.url, left.batch_size) == (None, None, 3)
    assert Adding(length=7).without_places() == Adding(length=7)
