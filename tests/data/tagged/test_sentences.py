"""Files of a token a line."""

import gzip
import re

import pytest

from seqlab.data.tagged.own import Tagged
from seqlab.data.tagged.sentences import read
from seqlab.errors import DataError


@pytest.fixture
def conll(tmp_path):
    """Return what reads a file of this content."""

    def parse(content: str | bytes, name: str = "a.conll", *, with_tags: bool = True, **settings: object):
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        path = tmp_path / name
        found = read(Tagged(path=str(path), **settings), path, with_tags=with_tags)
        tags = [found.tags.words[code] for code in found.tags.codes]
        ends = found.starts + found.lengths
        return [
            (found.tokens_of(row), tags[found.starts[row] : ends[row]]) for row in range(len(found.lengths))
        ]

    return parse


TWO = [(["Ann", "in", "Bonn"], ["B-PER", "O", "B-LOC"]), (["#", "ok"], ["O", "O"])]


@pytest.mark.parametrize(
    ("content", "settings"),
    [
        ("Ann B-PER\nin O\nBonn B-LOC\n\n# O\nok O\n", {}),
        ("\n\nAnn\tB-PER\r\nin\tO\r\nBonn\tB-LOC\r\n \r\n\r\n#\tO\r\nok\tO", {}),
        (
            "-DOCSTART- -X- O\n\nAnn NNP B-PER\nin IN O\nBonn NNP B-LOC\n\n# N O\nok N O\n",
            {},
        ),
        ("B-PER 1 Ann\nO 2 in\nB-LOC 3 Bonn\n\nO 1 #\nO 2 ok\n", {"token": 2, "label": 0}),
        (
            "# id = 1\n# text = Ann in\n1\tAnn\tB-PER\n2\tin\tO\n3\tBonn\tB-LOC\n\n# x\n1\t#\tO\n2\tok\tO\n",
            {"token": 1},
        ),
        ("\ufeffAnn B-PER\nin O\nBonn B-LOC\n\n# O\nok O\n", {}),
    ],
)
def test_sentences_are_the_same_however_they_are_written(conll, content, settings):
    assert conll(content, **settings) == TWO


def test_what_is_no_word_in_conllu_is_skipped(conll):
    lines = [  # id, form, and the part of speech as the fourth of ten columns
        ("1-2", "zum", "_"),
        ("1", "zu", "ADP"),
        ("2", "dem", "DET"),
        ("2.1", "_", "_"),
        ("3", "3-4", "NUM"),
    ]
    rows = ["\t".join([number, form, "_", tag, *"_" * 6]) for number, form, tag in lines]
    content = "\n".join(["# text = zum 3-4", *rows, ""])
    assert conll(content, "a.conllu", token=1, label=3) == [(["zu", "dem", "3-4"], ["ADP", "DET", "NUM"])]
    assert conll("1-2 O\n3.4 B-X\n") == [(["1-2", "3.4"], ["O", "B-X"])]


def test_packed_files_and_older_encodings_are_read(conll):
    assert conll(gzip.compress(b"Ann B-PER\nin O\nBonn B-LOC\n\n# O\nok O\n"), "a.conll.gz") == TWO
    assert conll("Zo\u00eb O\n".encode("latin-1"), encoding="latin-1") == [(["Zo\u00eb"], ["O"])]


@pytest.mark.parametrize("between", [" ", "\t", " \t "])
def test_only_blanks_and_tabs_stand_between_columns(conll, between):
    tokens = ["10\u00a0000", "\u3000", "a\u2009b", "\u00a0", "c\u2028d", "e\x0bf"]
    content = "".join(f"{token}{between}O\n" for token in tokens)
    assert conll(content) == [(tokens, ["O"] * len(tokens))]


def test_tokens_alone_are_read_without_tags(conll):
    assert conll("Ann\nin\n\nBonn\n", with_tags=False) == [(["Ann", "in"], ["", ""]), (["Bonn"], [""])]


@pytest.mark.parametrize(
    ("content", "settings", "said"),
    [
        ("", {}, "has no sentence"),
        ("-DOCSTART- O\n\n", {}, "has no sentence"),
        ("Ann B-PER\nin\n", {}, "line 2: 1 columns where the first line has 2"),
        ("Ann B-PER\nNew York O\n", {}, "line 2: 3 columns where the first line has 2"),
        ("Ann\nin\n", {"label": 1}, "line 1: there is no column 1 among 1; set data.token and data.label"),
        ("Ann\tO\n\tO\n", {}, "line 2: column 0 is blank"),
        (b"Zo\xeb O\n", {}, "line 1: not UTF-8: byte 0xeb"),
    ],
)
def test_a_file_that_cannot_be_read_is_an_error_with_its_line(conll, content, settings, said):
    with pytest.raises(DataError, match=re.escape(said)):
        conll(content, **settings)


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(DataError, match="give a readable file"):
        read(Tagged(path=str(tmp_path / "none")), tmp_path / "none")


TABLE = """Sentence #,Word,POS,Tag
Sentence: 1,Ann,NNP,B-PER
,in,IN,O
,Bonn,NNP,B-LOC
Sentence: 2,#,NN,O
,ok,JJ,O
"""
OF_TABLE = {"sentence": "Sentence #", "token": "Word", "label": "Tag"}


@pytest.mark.parametrize(
    ("content", "settings"),
    [
        (TABLE, {}),
        (TABLE, {"token": 1, "label": -1}),
        (TABLE.replace("\n,", "\nSentence: 1,", 2).replace("\n,", "\nSentence: 2,"), {}),
        (TABLE.replace(",", ";").replace("\n", "\r\n"), {"separator": "semicolon"}),
        (TABLE.partition("\n")[2], {"header": False, "sentence": 0, "token": 1, "label": 3}),
    ],
)
def test_a_table_has_a_token_in_each_row_and_a_column_of_sentences(conll, content, settings):
    assert conll(content, "ner.csv", **(OF_TABLE | settings)) == TWO


def test_words_that_elsewhere_mean_missing_are_tokens(conll):
    assert conll("s,w,t\n1,NA,O\n,null,B\n", "a.csv", sentence="s", token="w", label="t") == [
        (["NA", "null"], ["O", "B"])
    ]


@pytest.mark.parametrize(
    ("old", "new", "settings", "said"),
    [
        (",in,IN,O", ",,IN,O", {}, "line 3: column 'Word' is blank; fill it in or remove the row"),
        (",ok,", "Sentence: 1,ok,", {}, "line 6: 'Sentence: 1' is a sentence above already"),
        ("Word", "Token", {}, "line 1: the header has no column 'Word'"),
        ("Word", "Word", {"token": 7}, "line 1: there is no column 7 among 4; give its name"),
    ],
)
def test_a_row_of_a_table_that_cannot_be_read_is_an_error_with_its_line(conll, old, new, settings, said):
    with pytest.raises(DataError, match=re.escape(said)):
        conll(TABLE.replace(old, new), "ner.csv", **(OF_TABLE | settings))


def test_a_table_needs_its_column_of_sentences(conll):
    with pytest.raises(DataError, match=re.escape("data.sentence")):
        conll(TABLE)
    for settings in ({"token": "Word"}, {"separator": "semicolon"}):
        with pytest.raises(ValueError, match="is for a table; name the column of its sentences"):
            Tagged(path="ner.csv", **settings)
