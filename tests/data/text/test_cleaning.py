"""What is done to a text before it is cut into tokens."""

import unicodedata

import pytest

from seqlab.data.text import cleaning
from seqlab.data.text.cleaning import TextSettings, fold_to_ascii, without_accents, without_case, words
from seqlab.errors import DataError


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Ślusàrski", "Slusarski"),
        ("O'Néàl", "O'Neal"),
        ("O’Brien", "O'Brien"),
        ("Łukasz Wołek", "Lukasz Wolek"),
        ("Grüßner", "Grussner"),
        ("Ærø", "AEro"),
        ("Đorđe", "Dorde"),
        ("Ðuro Garðar", "Duro Gardar"),
        ("Yıldız", "Yildiz"),
        ("Þór Œuvre", "Thor OEuvre"),
        ("Nguyễn", "Nguyen"),
        ("van der Berg-2", "van der Berg-2"),
        ("李", ""),
        ("", ""),
    ],
)
def test_folding_drops_accents_and_what_is_not_ascii(text, folded):
    assert fold_to_ascii(text) == folded


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("It's good, really.", ["It", "'", "s", "good", ",", "really", "."]),
        ("naïve café 3.5", ["naïve", "café", "3", ".", "5"]),
        ("  two\tblanks ", ["two", "blanks"]),
    ],
)
def test_words_of_languages_with_blanks_need_nothing_else(text, found, monkeypatch):
    monkeypatch.setattr(cleaning, "_jieba", lambda: pytest.fail("no Chinese characters, no jieba"))
    assert words(text) == found


def test_chinese_words_are_cut_by_jieba_and_the_rest_as_ever():
    jieba = pytest.importorskip("rjieba", reason="needs rjieba: pip install 'seqlab[words]'")
    text = "这本书很好看"
    assert len(jieba.cut(text)) < len(text)
    assert words(f"iPad: {text}!") == ["iPad", ":", *jieba.cut(text), "!"]
    assert "".join(words(text)) == text


def test_chinese_words_without_jieba_are_an_error_with_a_remedy(monkeypatch):
    cleaning._jieba.cache_clear()
    monkeypatch.setitem(__import__("sys").modules, "rjieba", None)
    with pytest.raises(DataError, match=r"pip install 'seqlab\[words\]', or set data\.tokens=characters"):
        words("好书")
    cleaning._jieba.cache_clear()


def test_a_clean_text_has_one_normal_form_no_byte_order_mark_and_no_blanks_around_it():
    text = "\ufeff Ｃafe\u0301\ufeff（好） "
    assert TextSettings(form="NFC").clean(text) == "Ｃafé（好）"
    assert TextSettings(form="NFKC").clean(text) == "Café(好)"
    assert TextSettings(ascii=True).clean("Ślusàrski") == "Slusarski"
    assert unicodedata.is_normalized("NFC", TextSettings().clean(unicodedata.normalize("NFD", "Núñez")))


def test_what_counts_as_equal():
    assert without_case("Very  GOOD\nbook") == without_case("very good book")
    assert without_case("好书") != without_case("好 书")
    assert without_accents("Núñez") == without_accents("NUNEZ")
    assert without_accents("李") == "李"
