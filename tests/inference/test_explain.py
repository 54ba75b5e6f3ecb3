"""seqlab explain: a sequence on its way through a network, as a table and a figure."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from matplotlib.figure import Figure

from seqlab.inference.explain import Explanation, Layer, explain, save_figure, table
from seqlab.inference.explain_figure import heat_map
from seqlab.inference.predict import load, predict
from seqlab.runs.load import load_run
from seqlab.tasks.tagging import Tagging

QUICK = (
    "trainer.max_epochs=1",
    "data.limit_train_samples=100",
    "model.hidden_size=8",
    "model.embedding_size=8",
    "task.baselines=false",
    "callbacks=none",
    "logger=none",
    "verbosity=quiet",
)

CUT = (
    *("data=online_shopping_10_cats", "data.source=sample", "data.tokens=characters"),
    *("data.bos_eos=true", "data.max_length=5"),
)


@pytest.fixture
def run(trained) -> Callable[..., Path]:
    """Return what trains for a moment and returns the run folder."""
    return lambda *settings: trained(*QUICK, *settings)


def made_up(steps: int = 3, layers: int = 1) -> Explanation:
    random = torch.Generator().manual_seed(0)

    def values() -> torch.Tensor:
        return torch.rand(steps, 4, generator=random)

    layer = Layer({"f": values()}, {"h": values() - 0.5}, frozenset({"f"}))
    probabilities = torch.tensor([[0.1, 0.2, 0.7], [0.6, 0.3, 0.1], [0.5, 0.4, 0.1]])[:steps]
    names = [f"layer {number + 1}" for number in range(layers)]
    return Explanation("abc", "abc"[:steps], {}, ("X", "Y", "Z"), probabilities, dict.fromkeys(names, layer))


def texts(figure: Figure) -> list[str]:
    return [label.get_text() for label in figure.axes[0].get_yticklabels()]


@pytest.mark.parametrize(
    "settings",
    [(), ("data.bos_eos=false",), (*CUT, "data.keep=begin"), (*CUT, "data.keep=end")],
    ids=" ".join,
)
def test_every_row_says_what_predict_says_of_the_text_that_ends_there(run, settings):
    folder = run(*settings)
    found = explain(folder, "best", "Satoshi", None)
    network, bos_eos = load(folder), "data.bos_eos=false" not in settings
    first = 9 - len(found.steps) if "data.keep=end" in settings else 0
    for step, row in enumerate(found.probabilities):
        read = "Satoshi"[: first + step + (not bos_eos)]
        (expected,) = predict(network, [read], None, top=len(row)) if read else [None]
        if expected:
            order = [found.classes.index(name) for name in expected["classes"]]
            torch.testing.assert_close(row[order], torch.tensor(expected["probabilities"]), atol=1e-6, rtol=0)
    assert len(found.probabilities) == len(found.steps)


def test_the_last_row_says_what_predict_says(run, command):
    folder = run()
    _, predicted, _ = command("predict", folder, "Satoshi")
    code, shown, complaint = command("explain", folder, "Satoshi")
    assert (code, complaint) == (0, "")
    *rows, last, _, figure = shown.rstrip().splitlines()
    assert last.split()[1] == "<end>"
    assert predicted.split("\t")[1].strip() in last
    assert [row.split()[1] for row in rows[-8:]] == ["<begin>", *"Satoshi"]
    assert figure == f"{folder}/figures/explain.png"
    assert Path(figure).read_bytes().startswith(b"\x89PNG")


def test_after_each_letter_the_classes_are_those_of_the_state_so_far(run):
    folder = run("data.bos_eos=false")  # otherwise the end of the text is read behind each
    found = explain(folder, "best", "Léa", None)
    module = load_run(folder).module
    (layer,) = found.layers.values()
    expected = module.model.head(layer.states["h"]).softmax(1)
    torch.testing.assert_close(found.probabilities, expected.detach())
    assert list(layer.gates) == ["i", "f", "g", "o"]
    torch.testing.assert_close(layer.states["h"], layer.gates["o"] * layer.states["c"].tanh())
    assert layer.bounded == {"i", "f", "o"}


def test_a_backward_direction_stands_in_the_order_of_time(run):
    folder = run("model=bilstm")
    found = explain(folder, "best", "abc", None)
    assert list(found.layers) == ["layer 1", "layer 1 backward"]
    # It begins at the end: there its cell still holds nothing but what it has just read.
    backward = found.layers["layer 1 backward"]
    torch.testing.assert_close(backward.states["c"][-1], (backward.gates["i"] * backward.gates["g"])[-1])


@pytest.mark.slow
def test_weather_is_followed_hour_by_hour(command, run):
    folder = run("data=jena_climate", "data.source=sample", "data.input_days=1", "data.horizon_days=0.25")
    columns = load_run(folder).spec.series.measured
    rows = [",".join(["Date Time", *columns])]
    rows += [f"01.03.2016 {hour:02}:00:00,{','.join([f'{hour / 2:g}'] * len(columns))}" for hour in range(24)]
    Path("latest.csv").write_text("\n".join(rows))
    code, shown, complaint = command("explain", folder, "--file", "latest.csv", "--out", "week.png")
    assert (code, complaint) == (0, "")
    lines = [line for line in shown.splitlines() if "2016-03-01" in line]
    assert len(lines) == 24
    assert lines[5].split()[1:4] == ["2016-03-01", "05:00", "2.5"]
    assert Path("week.png").exists()


def test_a_text_may_stand_in_a_file(run, command):
    folder = run()
    Path("name").write_text("Satoshi\n")
    assert command("explain", folder, "--file", "name")[:2] == command("explain", folder, "Satoshi")[:2]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["{run}"], "nothing to explain: give a text"),
        (["{run}", " "], "nothing to explain"),
        (["{run}", "a", "--file", "name"], "not both"),
        (["{run}", "--file", "missing"], "missing: No such file"),
        (["{run}", "--file", "latin"], "latin is not UTF-8 at byte 1"),
        (["{run}", "a", "--out", "x.pdf"], "must end in .png"),
        (["{run}", "a", "--out", "name/x.png"], "cannot write name/x.png"),
        (["nowhere", "a"], "nowhere is not a run folder"),
        ([], "required: run"),
    ],
)
def test_mistakes_give_one_line_and_exit_code_2(command, run, arguments, words):
    folder = run()
    Path("name").touch()
    Path("latin").write_bytes("Léa".encode("latin-1"))
    code, _, complaint = command("explain", *(argument.format(run=folder) for argument in arguments))
    assert code == 2
    assert words in complaint
    assert len(complaint.splitlines()) == 1


def test_made_up_numbers_have_no_text_to_explain(run, command):
    folder = run("data=adding", "data.length=5", "data.train_samples=64")
    code, _, complaint = command("explain", folder, "a")
    assert code == 2
    assert "data=adding is generated" in complaint


def test_the_figure_has_a_panel_for_the_classes_and_for_every_gate_and_state_of_every_layer():
    figure = heat_map(made_up(layers=2), "a title")
    assert texts(figure) == ["X", "Y", "Z"]
    images = [axes for axes in figure.axes if axes.images]
    assert len([axes for axes in images if axes.get_ylabel().startswith(("f\n", "h\n"))]) == 4
    gate = next(axes.images[0] for axes in images if axes.get_ylabel().startswith("f\n"))
    found = made_up().layers["layer 1"]
    order = found.states["h"][-1].argsort(descending=True)
    assert torch.equal(torch.tensor(gate.get_array().data), found.gates["f"][:, order].T)
    assert gate.get_clim() == (0.0, 1.0)
    assert figure.get_suptitle() == "a title"


def test_the_table_has_a_row_a_step_and_the_mean_of_every_gate():
    shown = table(made_up())
    assert [column.header for column in shown.columns] == ["step", "read", "likeliest if it ended here", "f"]
    at_every_step = table(replace(made_up(), probable=Tagging.explained_as))
    assert at_every_step.columns[2].header == "likeliest at the step"
    assert list(shown.columns[1].cells) == ["a", "b", "c"]
    assert list(shown.columns[2].cells)[1] == "X 0.600  Y 0.300  Z 0.100"
    means = made_up().layers["layer 1"].gates["f"].mean(1)
    assert list(shown.columns[3].cells) == [f"{value:.2f}" for value in means.tolist()]


def test_a_script_that_no_font_has_is_replaced_and_this_is_said(tmp_path, caplog):
    found = made_up()
    strange = Explanation(
        "\U0001f9ff", ["\U0001f9ff", *"bc"], {}, found.classes, found.probabilities, found.layers
    )
    save_figure(strange, tmp_path / "figures" / "x.png")
    assert (tmp_path / "figures" / "x.png").exists()
    assert "no installed font has" in caplog.text
