"""docs/tutorials: every notebook is executed, at a small size."""

import re
import runpy
from pathlib import Path

import pytest

pytest.importorskip("myst_nb", reason="needs the docs extra")
from myst_nb.core.read import read_myst_markdown_notebook
from nbclient import NotebookClient

DOCS = Path(__file__).parents[2] / "docs"
NOTEBOOKS = runpy.run_path(str(DOCS / "notebooks.py"))
TUTORIALS = {path.stem: path.read_text(encoding="utf-8") for path in sorted(DOCS.glob("tutorials/*.md"))}
INDEX = TUTORIALS.pop("index")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # what Jupyter says of its own loops and folders
@pytest.mark.parametrize("name", TUTORIALS)
def test_a_tutorial_runs_from_its_first_cell_to_its_last(name, tmp_path, monkeypatch):
    monkeypatch.delenv("SEQLAB_DATA_DIR", raising=False)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    notebook = read_myst_markdown_notebook(NOTEBOOKS["small"](TUTORIALS[name]))
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.outputs]
    assert len(shown) > 4


@pytest.mark.parametrize("name", TUTORIALS)
def test_a_tutorial_is_short_and_is_listed(name):
    cells = [cell for cell in read_myst_markdown_notebook(TUTORIALS[name]).cells if cell.cell_type == "code"]
    assert 5 <= len(cells) <= 20
    assert re.search(rf"\({name}\.md\)", INDEX)
    assert re.search(rf"^{name}$", INDEX, re.MULTILINE)


def test_a_cell_that_says_so_is_replaced_in_a_small_execution():
    text = "```{code-cell}\n:small: epochs = 1\nepochs = 10\nwidth = 3\n```\n\n```{code-cell}\nepochs\n```\n"
    found = read_myst_markdown_notebook(NOTEBOOKS["small"](text)).cells
    assert [cell.source for cell in found] == ["epochs = 1", "epochs"]


@pytest.mark.parametrize(
    ("name", "ends"),
    [
        ("tutorials/my_data", "{nb-download}`my_data.ipynb`\n"),
        ("tutorials/index", "the text"),
        ("python", "the text"),
    ],
)
def test_a_page_of_the_site_links_to_its_notebook_and_others_are_left(name, ends, monkeypatch):
    monkeypatch.delenv("SEQLAB_TUTORIALS", raising=False)
    source = ["the text"]
    NOTEBOOKS["on_source_read"](None, name, source)
    assert source[0].startswith("the text")
    assert source[0].endswith(ends)
