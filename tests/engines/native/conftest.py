"""Kernels of these tests are compiled as shipped, unless slow tests are left out."""

from collections.abc import Iterator

import pytest

from seqlab.engines import native
from seqlab.engines.native import compiler


@pytest.fixture(scope="module", autouse=True)
def as_shipped(pytestconfig: pytest.Config) -> Iterator[None]:
    """Optimize kernels as users' are; none that other tests have loaded is taken."""
    if "not slow" in pytestconfig.option.markexpr:
        yield
        return
    with pytest.MonkeyPatch.context() as patch:
        shipped = ["-O3" if option == "-O1" else option for option in compiler.OPTIONS]
        patch.setattr(compiler, "OPTIONS", tuple(shipped))
        native._kernel.cache_clear()
        yield
    native._kernel.cache_clear()
