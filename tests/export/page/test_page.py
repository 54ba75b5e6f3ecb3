"""The page in a browser: what is typed is predicted as the command does, on a desk and on a phone."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from onnx import helper

from seqlab.cells import Cell, State, cells
from seqlab.data.series.declared import SeriesSpec
from seqlab.data.series.spec import Member
from seqlab.data.tagged.declared import TaggedSpec, TokenSettings
from seqlab.data.text.cleaning import TextSettings
from seqlab.data.text.declared import TextSpec
from seqlab.data.text.unlabelled import encode
from seqlab.data.text.vocabulary import Vocabulary
from seqlab.errors import ExportError
from seqlab.export.page import page_of
from seqlab.export.page.described import described
from seqlab.inference.generate import Sampling, Writer
from seqlab.models.predictor import Predictor
from seqlab.runs.load import LoadedRun

from ..networks import COMMON, IRREGULAR, SERIES, WORDS, batch, network
from ..test_network import Timed

HOSTILE = "</script><img src=x onerror=alert(1)>"
LETTERS = TextSpec(
    **COMMON,
    kind="tokens",
    task="classification",
    input_size=10,
    classes=("one", HOSTILE, "three"),
    symbols=Vocabulary.of(["a", "b", "c", "d", "e", "<"]).symbols,
    text=TextSettings(bos_eos=True, ascii=True),
)
TYPED = "Bàd<ce"
WIDTHS = {"desk": 1280, "phone": 390}


class Gated(Cell):
    """A stranger's cell."""

    gates = ("z", "n")
    state = ("h", "slow")

    def step(self, x, u, s):
        z = torch.sigmoid(x.z + u.z(s.h))
        slow = torch.lerp(s.slow, s.h, 0.1)
        return State(h=z * s.h + (1 - z) * torch.atan(x.n + u.n(slow)), slow=slow)


@pytest.fixture
def opened(browser, tmp_path) -> Callable[..., None]:
    """Return what opens the page of a network with random weights."""

    def open_page(module, spec, width: int = 1280) -> str:
        config = SimpleNamespace(model=SimpleNamespace(title="made"), data=None)
        page = page_of(LoadedRun(Path(), {"name": HOSTILE}, config, spec, module))
        file = tmp_path / "model.html"
        file.write_text(page, encoding="utf-8")
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
        browser.call("Emulation.setDeviceMetricsOverride", **size)
        browser.open(file.as_uri())
        assert browser.complaints == []
        return page

    return open_page


def typed(browser, text: str) -> None:
    for letter in text:
        browser.call("Input.insertText", text=letter)


def bars(browser) -> dict[str, float]:
    """Return what the bars say, by name."""
    return dict(
        browser.evaluate(
            "[...document.querySelectorAll('#bars li')].map((one) => "
            "[one.querySelector('.name').textContent, Number(one.querySelector('.value').dataset.exact)])"
        )
    )


def probabilities(module, spec, text: str) -> dict[str, float]:
    """Return what ``seqlab predict`` says."""
    one = encode(spec, [text]).batch(torch.tensor([0]))
    (found,) = Predictor.of(module, spec, data=None).predict(one.x, one.lengths).tolist()
    return dict(zip(spec.classes, found, strict=True))


@pytest.mark.parametrize("cell", ["lstm", "gru", "lstm_layernorm", "own"])
def test_a_typed_text_gets_the_prediction_of_the_command(opened, browser, cell):
    cells._entries["own"] = Gated
    module = network(LETTERS, cell=cell)
    for width in WIDTHS.values():
        opened(module, LETTERS, width)
        typed(browser, TYPED)
        assert bars(browser) == pytest.approx(probabilities(module, LETTERS, TYPED), abs=1e-4)
        assert browser.evaluate("document.documentElement.scrollWidth") <= width  # nothing sticks out
    named = set(module.model.recurrent.cell.gates) | set(module.model.recurrent.cell.state)
    shown = browser.evaluate("[...document.querySelectorAll('#watched label')].map((one) => one.textContent)")
    assert set(shown) == named
    assert browser.requests == [browser.evaluate("location.href"), "data:,"][: len(browser.requests)]


def test_a_step_shows_the_prediction_up_to_it_and_arrows_move(opened, browser):
    module = network(LETTERS, cell="lstm")
    opened(module, LETTERS)
    typed(browser, "bad")
    browser.evaluate("document.getElementById('heat').focus()")
    for key in ("Home", "ArrowRight", "ArrowRight", "ArrowDown"):
        browser.call("Input.dispatchKeyEvent", type="keyDown", key=key)
    title = browser.evaluate("document.getElementById('unit-title').textContent")
    assert title.startswith("Unit 2 at step 3, “a”: i = ")
    assert bars(browser) == pytest.approx(probabilities(module, LETTERS, "ba"), abs=1e-4)
    browser.call("Input.dispatchKeyEvent", type="keyDown", key="Escape")
    assert bars(browser) == pytest.approx(probabilities(module, LETTERS, "bad"), abs=1e-4)


@pytest.mark.parametrize(
    ("settings", "prefixes"),
    [
        (TextSettings(bos_eos=True), ("", "b", "ba", "ba ", "ba d", "ba d")),
        (TextSettings(bos_eos=False), ("b", "ba", "ba ", "ba d")),
        (TextSettings(bos_eos=True, max_length=3), ("", "b", "ba")),
        (TextSettings(bos_eos=True, max_length=3, keep="end"), ("ba ", "ba d", "ba d")),
        (TextSettings("words", bos_eos=True), ("", "ba", "ba d", "ba d")),
    ],
)
def test_the_prediction_at_every_step_is_that_of_the_text_that_ends_there(
    opened, browser, settings, prefixes
):
    spec = replace(LETTERS, text=settings, symbols=(*LETTERS.symbols[:-1], "ba"))
    module = network(spec, cell="gru")
    opened(module, spec)
    typed(browser, "ba d")
    for step, prefix in enumerate(prefixes):
        browser.evaluate(f"inside.choose(0, {step})")
        assert bars(browser) == pytest.approx(probabilities(module, spec, prefix), abs=1e-4), step
    assert browser.evaluate("inside.trace.labels.length") == len(prefixes)


def test_the_first_and_the_last_step_have_words_of_their_own(opened, browser):
    opened(network(LETTERS, cell="gru"), LETTERS)
    typed(browser, "ab")
    words = []
    for step in range(4):
        browser.evaluate(f"inside.choose(0, {step})")
        words.append(browser.evaluate("document.getElementById('prediction-note').textContent"))
    assert words == [
        "If the text were empty, step 1:",
        "If the text ended at “a”, step 2:",
        "If the text ended at “b”, step 3:",
        "Of the whole text, step 4:",
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("kind", ["texts", "language model", "forecasts"])
def test_axe_finds_no_serious_barrier(opened, browser, axe, kind, scheme):
    browser.scheme(scheme)
    spec = {"texts": LETTERS, "language model": LINES, "forecasts": SERIES}[kind]
    for width in WIDTHS.values():
        opened(network(spec, cell="gru"), spec, width)
        assert browser.barriers(axe) == []
        if kind == "texts":
            typed(browser, "bad")
            browser.evaluate("document.getElementById('heat').focus()")
            browser.call("Input.dispatchKeyEvent", type="keyDown", key="Home")
            assert browser.barriers(axe) == []
    browser.scheme("")


@pytest.mark.parametrize("task", ["regression", "multilabel"])
def test_a_number_or_labels_are_those_of_the_command(opened, browser, task):
    asks_number = {"classes": (), "target_mean": 50.0, "target_std": 20.0}
    spec = replace(LETTERS, task=task, **(asks_number if task == "regression" else {}))
    module = network(spec, cell="gru")
    opened(module, spec)
    typed(browser, "bad")
    one = encode(spec, ["bad"]).batch(torch.tensor([0]))
    expected = Predictor.of(module, spec, data=None).predict(one.x, one.lengths)[0].tolist()
    found = browser.evaluate(
        "[...document.querySelectorAll('#bars .value')].map((one) => Number(one.dataset.exact))"
    )
    assert sorted(found) == pytest.approx(sorted(expected), abs=1e-4)


def test_a_numeric_sequence_is_classified(opened, browser):
    cells._entries["own"] = Timed
    module = network(IRREGULAR, cell="own")
    opened(module, IRREGULAR)
    (window,), lengths = batch(IRREGULAR, 1, 5)
    rows = "\n".join("\t".join(map(repr, row)) for row in window.tolist())
    browser.evaluate(f"columns.paste({json.dumps(rows)})")
    x = torch.from_numpy(window[None]), torch.from_numpy(lengths)
    expected = Predictor.of(module, IRREGULAR, data=None).predict(*x)[0].tolist()
    assert bars(browser) == pytest.approx(dict(zip(IRREGULAR.classes, expected, strict=True)), abs=1e-4)


def test_what_comes_from_data_is_text(opened, browser):
    page = opened(network(LETTERS, cell="gru"), LETTERS)
    assert page.count("</script>") == 3  # description, weights, script
    assert browser.evaluate("document.querySelector('h1').textContent") == HOSTILE
    typed(browser, "a<b")
    assert browser.evaluate("document.images.length") == 0
    assert HOSTILE in bars(browser)
    browser.evaluate("fetch('data:,').then(() => {}, () => { window.refused = true; }); 0")
    browser.wait("window.refused === true")  # by the page's policy


TAGGED = TaggedSpec(
    **COMMON,
    kind="tokens",
    task="tagging",
    input_size=10,
    symbols=LETTERS.symbols,
    classes=("noun", "verb"),
    tagged=TokenSettings(),
)
LINES = replace(WORDS, symbols=(*WORDS.symbols[:4], *"\nabcd"))


@pytest.mark.parametrize("cell", ["lstm", "own"])
def test_a_language_model_writes_as_generate_does(opened, browser, cell):
    cells._entries["own"] = Gated
    module = network(LINES, cell=cell, num_layers=2)
    opened(module, LINES)
    browser.evaluate("document.getElementById('prompt').focus(); writer.temperature.value = 0; 0")
    typed(browser, "abx")
    carry = Predictor.of(module, LINES, data=None).carry
    model = Writer(lambda x, state: carry(x, torch.tensor([x.shape[1]]), state), LINES.tokenizer())
    with torch.inference_mode():
        logits, _ = model.step(torch.tensor([model.read("abx")[0]]), None)
    expected = dict(
        zip(("<pad>", "?", "▸", "◂", "↵", *"abcd"), logits[0, -1].softmax(0).tolist(), strict=True)
    )
    shown = bars(browser)
    assert shown == pytest.approx({name: expected[name] for name in shown}, abs=1e-4)
    assert browser.evaluate("document.getElementById('prediction-note').textContent").endswith(": x")
    sampling = Sampling(temperature=0)
    written = list(model.write("abx", sampling, length=20, until=None, random=torch.Generator()))
    found = browser.evaluate("(() => { for (let k = 0; k < 20; k++) writer.write(); return writer.text; })()")
    assert found == "".join(one.text for one in written)
    assert browser.evaluate("inside.trace.labels.length") == 23
    browser.click("#ask button")
    browser.wait("writer.text.length > 22")  # it writes on by itself
    browser.click("#ask button")
    assert browser.evaluate("writer.timer") is None


def test_a_forecaster_draws(opened, browser):
    module = network(SERIES, cell="gru")
    opened(module, SERIES)
    (window,), lengths = batch(SERIES, 1, SERIES.series.input_steps)
    rows = "\n".join(",".join(map(repr, row)) for row in window.tolist())
    pasted = f"document.getElementById('values').value = {json.dumps(rows)}; 0"
    browser.evaluate(pasted)
    browser.click("#ask button")
    expected = Predictor.of(module, SERIES, data=None).predict(
        torch.from_numpy(window[None]), torch.from_numpy(lengths)
    )
    found = browser.evaluate("Array.from(columns.found.forecast.data)")
    assert found == pytest.approx(expected.flatten().tolist(), abs=1e-4)
    points = browser.evaluate("document.getElementById('ahead').getAttribute('points').split(' ').length")
    assert points == 1 + SERIES.series.horizon_steps
    browser.evaluate("document.querySelector('.chart').focus()")
    browser.call("Input.dispatchKeyEvent", type="keyDown", key="ArrowUp")
    moved = browser.evaluate("columns.window.at(-1)")[SERIES.series.places[0]]
    assert moved == pytest.approx(window[-1, 2] + SERIES.series.scales[2] / 10)


def test_a_page_of_usual_size_is_small():
    module = network(LETTERS, cell="lstm", hidden_size=128, embedding_size=64)
    config = SimpleNamespace(model=SimpleNamespace(title="lstm"))
    assert len(page_of(LoadedRun(Path(), {}, config, LETTERS, module))) < 1_000_000


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (replace(LETTERS, text=TextSettings("words"), symbols=(*LETTERS.symbols[:-1], "好")), "Chinese"),
        (
            replace(SERIES, series=replace(SERIES.series, members=(Member("a", (1, 1, 1), (1.0,), (1.0,)),))),
            "scales",
        ),
        (TAGGED, "task=tagging"),
    ],
)
def test_what_has_no_page_is_refused(spec, words):
    graph = helper.make_graph([], "network", [], [])
    run = LoadedRun(
        Path(), {}, SimpleNamespace(model=SimpleNamespace(title="gru")), spec, network(LETTERS, cell="gru")
    )
    with pytest.raises(ExportError, match=words):
        described(run, graph)


@pytest.mark.parametrize(
    ("loss", "words"),
    [("quantiles", "this network has quantiles"), ("gaussian", "this network has parameters")],
)
def test_distributions_are_not_drawn_as_if_they_were_values(loss, words):
    config = SimpleNamespace(model=SimpleNamespace(title="made"), data=None)
    run = LoadedRun(Path(), {}, config, SERIES, network(SERIES, {"loss": loss}, cell="gru"))
    with pytest.raises(ExportError, match=words):
        described(run, helper.make_graph([], "network", [], []))


def test_wrong_values_are_refused_in_one_line(opened, browser):
    assert isinstance(SERIES, SeriesSpec)
    opened(network(SERIES, cell="rnn"), SERIES)
    for text, words in (
        ("p;T;wind\n1;2;3", "The network reads 6 steps; there are 1."),
        ("p,T\n1,2", "These columns are missing: wind."),
        ("p,T,wind\n1,2,", "Step 1 needs 3 numbers."),
        ("", "There are no values."),
    ):
        browser.evaluate(f"columns.paste({json.dumps(text)})")
        assert browser.evaluate("columns.complaint.textContent") == words


@pytest.mark.parametrize(
    "correct", ["[...document.querySelectorAll('#ask button')].at(-1).click()", "columns.move(1)"]
)
def test_a_complaint_goes_when_it_begins_again_or_a_point_is_moved(opened, browser, correct):
    opened(network(SERIES, cell="rnn"), SERIES)
    browser.evaluate("columns.paste('1')")
    assert browser.evaluate("columns.complaint.textContent")
    browser.evaluate(correct)
    assert not browser.evaluate("columns.complaint.textContent")
