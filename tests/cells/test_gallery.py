"""docs/cells.md is what the classes say, but for the times."""

import importlib
import re
from pathlib import Path

import pytest

from seqlab.cells import cells

ROOT = Path(__file__).parents[2]
GALLERY = (ROOT / "docs" / "cells.md").read_text(encoding="utf-8")


def test_every_cell_is_in_the_gallery():
    own = {name for name in cells if name not in cells.theirs()}
    assert set(re.findall(r"^### (\w+)$", GALLERY, re.MULTILINE)) == own


@pytest.mark.slow
def test_the_gallery_is_up_to_date(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "scripts")

    def without_times(text):
        return re.sub(r" · [0-9.]+ × nn.LSTM", "", text)

    assert without_times(importlib.import_module("gallery").page()) == without_times(GALLERY)
