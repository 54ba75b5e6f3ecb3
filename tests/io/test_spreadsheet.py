"""Cells that a spreadsheet would execute."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqlab.io.spreadsheet import from_cell, to_cell, to_cells


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "'="])
def test_a_formula_is_written_as_a_text(first):
    assert to_cell(f"{first}cmd|' /C calc'!A0") == f"'{first}cmd|' /C calc'!A0"


@pytest.mark.parametrize(
    "value", [-1.5, 7, None, True, "-1.5", "+3", "-1e-9", "O'Neill", "'quoted'", "", "a=b"]
)
def test_numbers_and_other_texts_are_left_as_they_are(value):
    assert to_cell(value) == value


@given(st.text(alphabet="'=+-@1. \t\na", max_size=6))
def test_every_text_can_be_read_back(text):
    assert from_cell(to_cell(text)) == text


def test_names_of_columns_are_cells_too():
    assert to_cells({"=a": "+b", "c": 1}) == {"'=a": "'+b", "c": 1}
