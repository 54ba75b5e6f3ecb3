"""docs/python.md: every block runs as it stands there, one after the other."""

import re
import sys
from pathlib import Path

import pytest

import seqlab

PAGE = (Path(__file__).parents[2] / "docs/python.md").read_text()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # what Lightning says of a plain Trainer
def test_every_block_of_the_page_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SEQLAB_DATA_DIR", raising=False)
    monkeypatch.setenv("SEQLAB_OFFLINE", "1")
    names: dict[str, object] = {}
    blocks = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    assert len(blocks) == 6
    for block in blocks:
        exec(compile(block, "docs/python.md", "exec"), names)
    assert names["run"].status == "done"
    assert 0 < names["best"].best_model_score <= 1
    assert all(one.spec.sizes["train"] for one in (names["hours"], names["walks"], names["tagged"]))


def test_every_name_of_the_page_exists():
    for name in set(re.findall(r"seqlab\.(\w+)\(", PAGE)):
        assert callable(getattr(seqlab, name)), name


@pytest.mark.parametrize("name", sorted(set(re.findall(r"seqlab\.(data|errors)\.\w", PAGE))))
def test_the_modules_of_the_page_are_there_once_seqlab_is_imported(name, monkeypatch):
    monkeypatch.delattr(seqlab, name, raising=False)  # as long as nothing else has imported it
    assert getattr(seqlab, name) is sys.modules[f"seqlab.{name}"]
