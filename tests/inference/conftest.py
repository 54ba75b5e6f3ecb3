"""A language model that has been trained for a moment."""

from collections.abc import Callable
from pathlib import Path

import pytest

TEXT = "".join(f"{n % 9} cats and {n % 7} dogs;\n" for n in range(300))
SMALL = ("data=text_file", "data.path=a.txt", "model=gru", "model.hidden_size=8", "trainer.max_epochs=1")
QUICK = (
    "model.tied=true",
    "model.embedding_size=8",
    "data.steps=8",
    "callbacks=none",
    "task.baselines=false",
)


@pytest.fixture
def run(trained: Callable[..., Path]) -> Path:
    """Return a small language model's run folder."""
    return trained(*SMALL, *QUICK, **{"a.txt": TEXT})
