"""What a cell with a label may hold."""

import pytest

from seqlab.data.text.labels import AnyClass, BinaryLabel, LabelList, Number, OneOf


@pytest.mark.parametrize(
    ("parser", "cells", "means"),
    [
        (AnyClass(), ["a", "3", "a|b"], ["a", "3", "a|b"]),
        (OneOf({"0": "bad", "1.0": "good"}), ["0", "1.0"], ["bad", "good"]),
        (Number(), ["3", "3.0", "-2.5e1", "+0.1"], ["3.0", "3.0", "-25.0", "0.1"]),
        (Number("comma"), ["3,5", "-2"], ["3.5", "-2.0"]),
        (BinaryLabel(), ["0", "1", "no", "YES", "False", "true", "1.0", "n"], list("01010110")),
        (
            LabelList(None),
            ['["b", "a"]', "['a', 'b']", "[]", "", "[1]"],
            ['["a", "b"]', '["a", "b"]', "[]", "[]", '["1"]'],
        ),
        (
            LabelList("|"),
            ["b| a", "a", "", "a|a|", "a, b"],
            ['["a", "b"]', '["a"]', "[]", '["a"]', '["a, b"]'],
        ),
    ],
)
def test_a_cell_means_the_same_however_it_is_written(parser, cells, means):
    assert [parser(cell) for cell in cells] == means


@pytest.mark.parametrize(
    ("parser", "cell", "said"),
    [
        (AnyClass(), "", "is blank"),
        (OneOf({"0": "bad"}), "2", "is '2'; allowed are 0"),
        (Number(), "good", "is 'good', which is no finite number"),
        (Number(), "inf", "no finite number"),
        (Number(), "1,5", "no finite number"),
        (Number(), "", "is blank"),
        (Number("comma"), "", "is blank"),
        (Number("comma"), "1.5", "is '1.5', .*; with data.decimal=comma a number has no point"),
        (Number("comma"), "1.234", "has no point"),
        (Number("comma"), "1.234,5", "has no point"),
        (Number("comma"), "good", "is 'good', which is no finite number; fix it"),
        (Number("comma"), "NA", "is 'NA', which is no finite number; fix it"),
        (BinaryLabel(), "2", "is '2'; each of several label columns is 0 or 1, no or yes, false or true"),
        (LabelList(None), "a", "is 'a', no list of labels; set data.label_separator"),
        (LabelList(None), "__import__('os')", "no list of labels"),
        (LabelList(None), '[["a"]]', "no list of labels"),
        (BinaryLabel(), "", "is blank"),
    ],
)
def test_a_cell_that_means_nothing_is_refused(parser, cell, said):
    with pytest.raises(ValueError, match=said):
        parser(cell)
