"""The architecture page says of what a step may be made: all of it."""

import re
from pathlib import Path

from seqlab.engines.composed import NAMES
from seqlab.engines.operations import ARITHMETIC, COMPARISONS, LOGIC, OPERATIONS

PAGE = Path(__file__).parents[2] / "docs/architecture.md"
WITH_SIGNS = {*ARITHMETIC, *COMPARISONS, *LOGIC}
"""Operations that have a sign in Python; some are functions of torch too."""


def test_the_functions_that_every_engine_runs_are_listed():
    (item,) = re.findall(
        r"^- Every engine runs a step of:.*?(?=^- )", PAGE.read_text(), re.MULTILINE | re.DOTALL
    )
    listed = {name.removeprefix("torch.") for name in re.findall(r"`([\w.]+)`", item)} - {"u", "reference"}
    known = {*OPERATIONS, *NAMES, "where"}
    assert listed <= known
    assert known - listed <= WITH_SIGNS | {"with_slope"}
