"""Every cell on the native engine against the reference and against torch.nn."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqlab.engines.native import kernel

from ...cells.textbook import TEXTBOOK
from ..cells_for_tests import EveryNorm, EveryProduct, Plain, Singular, WithoutGates, WithoutInputs
from .comparing import Case, compare, longest

CASES = st.builds(
    Case,
    batch=st.integers(1, 9),
    steps=st.sampled_from([1, 2, 5, 13]),
    inputs=st.sampled_from([1, 3, 8, 17]),
    hidden=st.sampled_from([1, 7, 8, 33]),
    layers=st.integers(1, 2),
    bidirectional=st.booleans(),
    padded=st.booleans(),
    started=st.booleans(),
    threads=st.integers(1, 3),
    seed=st.integers(0, 99),
)


@pytest.mark.product(3)
@pytest.mark.parametrize("examples", [4, pytest.param(12, marks=pytest.mark.slow)])
@pytest.mark.parametrize("cell", TEXTBOOK)
def test_any_shape_is_the_references(cell, examples, monkeypatch):
    monkeypatch.setattr(kernel, "SMALLEST_SLICE", 1)  # threads share small batches too

    @settings(max_examples=examples, deadline=None, derandomize=True, database=None)
    @given(case=CASES)
    def agree(case):
        compare(cell, case)

    agree()


@pytest.mark.product(3)
@pytest.mark.parametrize("cell", TEXTBOOK)
def test_long_sequences_are_the_references(cell):
    compare(cell, Case(batch=4, steps=longest(cell), hidden=20, padded=True, started=True))


@pytest.mark.parametrize(
    ("cell", "case"),
    [
        ("gru", Case(batch=1, steps=1, inputs=1, hidden=1)),
        ("lstm", Case(batch=70, steps=9, inputs=5, hidden=33, padded=True, threads=2)),
        ("lstm_peephole", Case(batch=13, steps=6, inputs=40, hidden=128, started=True, threads=2)),
        ("gru_reset_before", Case(batch=5, steps=4, inputs=9, hidden=512, padded=True)),
        pytest.param(
            "lstm", Case(batch=2, steps=3, inputs=4, hidden=2048, padded=True), marks=pytest.mark.slow
        ),
    ],
)
def test_fixed_shapes_are_the_references(cell, case):
    compare(cell, case)


@pytest.mark.product(2)
@pytest.mark.parametrize("cell", [EveryProduct, EveryNorm, Plain, Singular, WithoutInputs, WithoutGates])
def test_any_step_that_can_be_traced_is_the_references(cell):
    large = Case(batch=5, steps=7, hidden=9, layers=2, bidirectional=True, padded=True, started=True)
    compare(cell, large, rough=False)
    compare(cell, Case(batch=3, steps=4, hidden=4, started=True), rough=False)
