"""Labelled texts as language models: each is a document, of which the next character is predicted."""

import pytest
import torch

from seqlab.data import Names, OnlineShopping, TextData, read_spec
from seqlab.errors import ConfigError


class Shouts(TextData):
    problem_types = ("classification", "language_model")
    registered_as = "shouts"

    def records(self):
        yield from [
            ("hey", "loud"),
            ("hm", "quiet"),
            ("Ωh", "quiet"),
            *((f"oh {n % 7}", "loud") for n in range(60)),
        ]


def test_each_text_is_a_document_of_which_every_next_character_is_predicted():
    found = Shouts(min_count=1).for_problem("language_model").load()
    symbols = found.spec.symbols
    texts = set()
    for split in ("train", "val", "test"):
        samples = found.samples[split]
        batch = samples.batch(torch.arange(len(samples)))
        for x, y, length in zip(batch.x, batch.y, batch.lengths.tolist(), strict=True):
            assert symbols[x[0]] == "<begin>"
            assert x[1:length].tolist() == y[: length - 1].tolist()
            assert symbols[y[length - 1]] == "<end>"
            assert not x[length:].any()
            assert set(y[length:].tolist()) <= {-1}
            texts.add("".join(symbols[token] for token in y[: length - 1]))
    assert len(texts) > 7
    assert any(text.startswith("oh ") for text in texts)
    assert found.spec.widths == (0,) * 4 + (1,) * (len(symbols) - 4)
    assert found.spec.fits()
    assert read_spec(found.spec.as_dict()) == found.spec
    assert found.spec.tokenizer().encode("hey")[1] == []


def test_the_class_of_a_text_takes_the_place_of_the_first_token():
    plain = Shouts(min_count=1).for_problem("language_model").load()
    told = Shouts(min_count=1).for_problem("language_model", "class").load()
    assert plain.spec.classes == ()
    assert told.spec.classes == ("loud", "quiet")
    assert told.spec.fits()
    assert told.spec.input_size == len(told.spec.symbols) == plain.spec.input_size
    classes = dict(Shouts().records())
    for split in ("train", "val", "test"):
        ids = torch.arange(len(told.samples[split]))
        batch, expected = told.samples[split].batch(ids), plain.samples[split].batch(ids)
        assert torch.equal(batch.x[:, 1:], expected.x[:, 1:])
        assert torch.equal(batch.y, expected.y)
        names = [told.spec.classes[token - told.spec.input_size] for token in batch.x[:, 0].tolist()]
        assert names == [classes[told.describe(split, index)] for index in ids.tolist()]


def test_what_is_unknown_is_counted_in_characters_and_bytes():
    found = Shouts(min_count=2).for_problem("language_model").load()
    for split, samples in found.samples.items():
        texts = "".join(found.describe(split, number) for number in range(len(samples)))
        unknown = [character for character in texts if character not in found.spec.symbols]
        sizes = [len(character.encode()) for character in unknown]
        assert found.spec.unknown[split] == (len(unknown), len(unknown), sum(sizes))
        assert int((samples.batch(torch.arange(len(samples))).y == 1).sum()) == len(unknown)
    assert any(sum(found.spec.unknown[split]) for split in found.samples)


def test_the_classifier_of_the_same_texts_is_what_it_was():
    found = Names(source="sample").load()
    assert found.spec.task == "classification"
    assert found.spec.widths == ()


def test_words_of_reviews_are_refused():
    with pytest.raises(ConfigError, match=r"set data\.tokens=characters"):
        OnlineShopping(tokens="words").for_problem("language_model")
