"""seqlab export, and seqlab predict on what it has written."""

import json
import os
import shutil
import sys
from importlib import util
from pathlib import Path

import numpy as np
import pytest
import torch

from seqlab.cells import cells
from seqlab.data.series.declared import SeriesSpec
from seqlab.errors import DataError

TEXTS = ("Satoshi", "O'Neill", "a", "Ślusàrski", "Abcdefghijklmnopqrstuvwxyz")


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """Return a function that moves a file to a folder where there is nothing else, and goes there."""

    def move(file: Path) -> Path:
        folder = tmp_path / "elsewhere"
        folder.mkdir()
        moved = shutil.move(file, folder / file.name)
        monkeypatch.chdir(folder)
        return Path(moved).relative_to(folder)

    return move


def test_an_exported_classifier_answers_as_its_run(command, classifier, elsewhere):
    code, shown, _ = command("predict", classifier, *TEXTS, "--json")
    assert code == 0
    expected = json.loads(shown)
    code, shown, complaint = command("export", classifier, "--to", "onnx")
    file = classifier / "model.onnx"
    assert (code, complaint) == (0, "")
    assert shown == f"{file}  {file.stat().st_size:,} bytes\n"
    code, shown, _ = command("predict", elsewhere(file), *TEXTS, "--json")
    assert code == 0
    for answer, known in zip(json.loads(shown), expected, strict=True):
        assert (answer["text"], answer["classes"]) == (known["text"], known["classes"])
        assert answer["probabilities"] == pytest.approx(known["probabilities"], rel=1e-5)


def test_an_exported_forecaster_answers_as_its_run(command, forecaster, elsewhere):
    code, shown, _ = command("predict", forecaster, "--file", "mine.csv", "--json")
    assert code == 0
    expected = json.loads(shown)
    latest = Path("mine.csv").absolute()
    assert command("export", forecaster, "--to", "onnx", "--out", "weather.onnx")[0] == 0
    assert str(Path.cwd()).encode() not in Path("weather.onnx").read_bytes()  # nor where anything was
    code, shown, complaint = command("predict", elsewhere(Path("weather.onnx")), "--file", latest, "--json")
    assert (code, complaint) == (0, "")
    found = json.loads(shown)
    assert [step["time"] for step in found] == [step["time"] for step in expected]
    np.testing.assert_allclose(
        [step["values"]["load"] for step in found], [step["values"]["load"] for step in expected], rtol=1e-6
    )


def test_a_forecaster_of_segments_and_channels_is_used_like_any_other(command, segrnn):
    asked = ("--file", "mine.csv", "--quantiles", "0.1,0.5,0.9", "--json")
    expected = json.loads(command("predict", segrnn, *asked)[1])
    assert len(expected) == 20
    for kind in ("onnx", "safetensors"):
        assert command("export", segrnn, "--to", kind)[0] == 0
        code, shown, complaint = command("predict", segrnn / f"model.{kind}", *asked)
        assert (code, complaint) == (0, "")
        for found, known in zip(json.loads(shown), expected, strict=True):
            assert found["values"] == pytest.approx(known["values"], rel=1e-5)
            for target in ("load", "sun"):
                assert found["quantiles"][target] == pytest.approx(known["quantiles"][target], rel=1e-5)
                assert found["interval"][target] == pytest.approx(known["interval"][target], rel=1e-5)
    assert command("eval", segrnn)[0] == 0
    for used in (("explain", segrnn, "--file", "mine.csv"), ("export", segrnn, "--to", "html")):
        code, _, complaint = command(*used)
        assert code == 2
        assert "follows a network step by step" in complaint


def test_weights_alone_give_the_same_answers_to_the_last_bit(command, classifier, elsewhere):
    expected = command("predict", classifier, *TEXTS, "--json")
    code, shown, _ = command("export", classifier, "--to", "safetensors")
    assert code == 0
    assert [line.split()[0] for line in shown.splitlines()] == [
        f"{classifier}/model.safetensors",
        f"{classifier}/model.json",
    ]
    moved = elsewhere(classifier / "model.safetensors")
    assert command("predict", moved, *TEXTS, "--json") == expected


def test_forecasts_from_weights_alone_are_the_same_to_the_last_bit(command, forecaster, elsewhere):
    expected = command("predict", forecaster, "--file", "mine.csv", "--json")
    latest = Path("mine.csv").absolute()
    assert command("export", forecaster, "--to", "safetensors")[0] == 0
    moved = elsewhere(forecaster / "model.safetensors")
    assert command("predict", moved, "--file", latest, "--json") == expected


def test_a_page_replaces_a_page_and_no_other_file(command, classifier):
    code, shown, complaint = command("export", classifier, "--to", "html")
    page = classifier / "model.html"
    assert (code, complaint) == (0, "")
    assert shown == f"{page}  {page.stat().st_size:,} bytes\n"
    assert str(Path.cwd()) not in page.read_text()  # nor where anything was
    assert command("export", classifier, "--to", "html")[0] == 0  # it may be written again
    page.write_text("mine")
    code, _, complaint = command("export", classifier, "--to", "html")
    assert code == 2
    assert "already exists, and seqlab did not write it" in complaint


def test_the_page_of_a_forecaster_begins_with_the_latest_rows(command, forecaster, monkeypatch):
    def gone(*_):
        raise DataError("it has moved")

    latest = [float(cell.split(";")[1]) for cell in Path("mine.csv").read_text().splitlines()[1:]]
    for is_there in (True, False):
        assert command("export", forecaster, "--to", "html")[0] == 0
        page = (forecaster / "model.html").read_text()
        told = json.loads(page.partition('id="description">')[2].partition("</script>")[0])
        window = np.array(told["read"]["window"])[:, told["prediction"]["places"][0]]
        assert len(window) == 24
        assert set(told["read"]["derived"]) == set(told["read"]["columns"]) - {"load", "sun"}
        if is_there:
            np.testing.assert_allclose(window, latest[-24:])
            assert told["read"]["example"].startswith("mine.csv, 2021-")
            monkeypatch.setattr(SeriesSpec, "followed", gone)
        else:
            np.testing.assert_allclose(window, np.mean(latest[:280]), rtol=1e-3)  # flat, of the training part
            assert told["read"]["example"] == ""


def test_the_last_weights_can_be_exported_too(command, classifier):
    weights = torch.load(classifier / "checkpoints/last.ckpt", weights_only=True)
    weights["state_dict"]["model.head.linear.bias"][3] = 50.0
    torch.save(weights, classifier / "checkpoints/last.ckpt")
    for kind in ("onnx", "safetensors"):
        assert command("export", classifier, "--to", kind, "--checkpoint", "last")[0] == 0
        _, shown, _ = command("predict", classifier / f"model.{kind}", "Satoshi", "--json")
        assert json.loads(shown)[0]["probabilities"][0] > 0.999


OWN_CELL = """
from seqlab import Cell, State, register_cell
from torch import tanh

@register_cell("mine")
class Mine(Cell):
    gates = ("h",)

    def step(self, x, u, s):
        return State(h=tanh(x.h + u.h(s.h)))
"""


def test_an_own_cell_is_needed_for_weights_and_not_for_onnx(command, finished, elsewhere):
    Path("export_own_cell.py").write_text(OWN_CELL)
    run = finished("imports=[export_own_cell]", "model.cell=mine")
    expected = command("predict", run, "Satoshi")
    for kind in ("onnx", "safetensors"):
        assert command("export", run, "--to", kind, "--out", f"mine.{kind}")[0] == 0
    del cells._entries["mine"]
    assert command("predict", "mine.onnx", "Satoshi") == expected
    code, _, complaint = command("predict", "mine.safetensors", "Satoshi")
    assert code == 2
    assert "cell 'mine' is not registered" in complaint
    assert "--imports 'export_own_cell'" in complaint
    assert len(complaint.splitlines()) == 1
    # As in a process that has not loaded it.
    del sys.modules["export_own_cell"]
    assert command("predict", "mine.safetensors", "Satoshi", "--imports", "export_own_cell") == expected


UNTRACEABLE = OWN_CELL.replace("return", "if s.h.sum() > 0:\n            x = x\n        return")


def test_a_cell_that_cannot_be_traced_cannot_be_onnx(command, finished):
    Path("export_untraceable.py").write_text(UNTRACEABLE)
    run = finished("imports=[export_untraceable]", "model.cell=mine", "trainer.limit_train_batches=1")
    code, _, complaint = command("export", run, "--to", "onnx")
    assert code == 2
    assert "cell 'mine' cannot be traced: 'sum'" in complaint
    assert len(complaint.splitlines()) == 1
    assert not (run / "model.onnx").exists()
    assert command("export", run, "--to", "safetensors")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["export", "{run}"], "required: --to"),
        (["export", "{run}", "--to", "pickle"], "invalid choice: 'pickle'"),
        (["export", "{run}", "--to", "onnx", "--out", "net.pt"], "--out net.pt must end in .onnx"),
        (
            ["export", "{run}", "--to", "onnx", "--out", "no/net.onnx"],
            "cannot write no/net.onnx: No such file",
        ),
        (
            ["export", "{run}", "--to", "safetensors", "--out", "no/a.safetensors"],
            "cannot write no/a.safetensors",
        ),
        (["export", "nowhere", "--to", "onnx"], "nowhere is not a run folder"),
        (["predict", "missing.onnx", "x"], "missing.onnx: "),
        (["predict", "missing.safetensors", "x"], "missing.safetensors: "),
        (["predict", "net.onnx", "x", "--checkpoint", "last"], "--checkpoint=last is for run folders"),
    ],
)
def test_mistakes_give_one_line_and_exit_code_2(command, classifier, arguments, words):
    code, shown, complaint = command(*(argument.format(run=classifier) for argument in arguments))
    assert (code, shown) == (2, "")
    assert words in complaint
    assert len(complaint.splitlines()) == 1


@pytest.mark.parametrize("arguments", [["export", ".", "--to", "onnx"], ["predict", "net.onnx", "x"]])
def test_without_the_extra_one_line_says_how_to_install_it(command, monkeypatch, arguments):
    monkeypatch.setattr(
        "seqlab.export.find_spec", lambda name: None if name == "onnx" else util.find_spec(name)
    )
    code, _, complaint = command(*arguments)
    assert code == 2
    assert complaint == "seqlab: ONNX needs onnx and onnxruntime: pip install 'seqlab[onnx]'\n"


def test_a_full_disk_leaves_the_earlier_file(command, classifier, monkeypatch):
    assert command("export", classifier, "--to", "onnx")[0] == 0
    before = (classifier / "model.onnx").read_bytes()

    def full(*_):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "fsync", full)
    code, _, complaint = command("export", classifier, "--to", "onnx")
    assert code == 2
    assert "No space left on device" in complaint
    assert (classifier / "model.onnx").read_bytes() == before
