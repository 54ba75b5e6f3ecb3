"""Kernels of these tests are compiled as shipped, unless slow tests are left out."""

import pytest


@pytest.fixture(scope="module", autouse=True)
def as_shipped(request: pytest.FixtureRequest) -> None:
    """Optimize kernels as users' are."""
    if "not slow" not in request.config.option.markexpr:
        request.getfixturevalue("shipped_kernels")
