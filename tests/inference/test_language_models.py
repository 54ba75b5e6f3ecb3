"""seqlab generate and seqlab score: what is written and scored, at one step of the network for each token."""

import json
import math
from itertools import pairwise
from types import SimpleNamespace
from typing import ClassVar

import pytest
import torch

import seqlab
from seqlab.cells import State
from seqlab.data.streams.declared import StreamSettings, Wanted
from seqlab.data.streams.tokenizer import TOKENIZERS, tokenizer_of
from seqlab.data.text.cleaning import TextSettings
from seqlab.data.text.vocabulary import SPECIALS, UNKNOWN
from seqlab.errors import ConfigError
from seqlab.inference.evaluate import data_of
from seqlab.inference.generate import Sampling, Writer
from seqlab.inference.judge import Judged, judge
from seqlab.inference.score import Total, surprisals
from seqlab.runs.load import load_run

from .conftest import TEXT

PLAIN = Sampling()


class Counting:
    """Stands for a network: after a token come the next ones of the vocabulary, each half as likely."""

    def __init__(self, vocabulary: int) -> None:
        self.vocabulary, self.steps, self.calls = vocabulary, 0, 0

    def __call__(self, x, state):
        self.calls += 1
        self.steps += x.shape[1]
        distance = (torch.arange(self.vocabulary) - x[0][:, None] - 1) % self.vocabulary
        return -math.log(2) * distance[None].double(), State(h=torch.zeros(1, 1, 1))


def writer_of(tokens: str = "characters", documents: str = "none") -> Writer:
    if tokens == "bpe":
        pytest.importorskip("tokenizers", reason="needs tokenizers: pip install 'seqlab[text]'")
    tokenizer = TOKENIZERS[tokens].learnt([TEXT], StreamSettings(tokens, documents), Wanted(1, 300))
    return Writer(Counting(len(tokenizer.symbols)), tokenizer)


def text_of(
    writer: Writer, prompt: str = "cats", sampling: Sampling = PLAIN, *, seed: int = 0, **settings
) -> str:
    settings = {"length": 30, "until": None} | settings
    random = torch.Generator().manual_seed(seed)
    return "".join(one.text for one in writer.write(prompt, sampling, random=random, **settings))


@pytest.mark.parametrize("tokens", TOKENIZERS)
def test_the_same_seed_writes_the_same_text(tokens):
    writer = writer_of(tokens)
    assert text_of(writer, seed=3) == text_of(writer, seed=3)
    assert text_of(writer, seed=3) != text_of(writer, seed=4)


def test_a_token_costs_one_step_and_the_prompt_is_read_once():
    writer = writer_of()
    text_of(writer, "cats and dogs", length=50)
    assert writer.step.calls == 50
    assert writer.step.steps == len("cats and dogs") + 49


@pytest.mark.parametrize(
    "sampling", [Sampling(temperature=0), Sampling(top_k=1), Sampling(top_p=1e-9), Sampling(1e-320)]
)
def test_the_likeliest_token_is_written(sampling):
    writer = writer_of()
    symbols = writer.tokenizer.symbols[4:]
    start = symbols.index("c")
    assert text_of(writer, "c", sampling, length=4) == "".join(symbols[start + 1 : start + 5])


def test_tokens_are_chosen_by_their_probabilities_among_the_likeliest():
    logits = torch.log(torch.tensor([0.5, 0.3, 0.15, 0.05]))
    random = torch.Generator().manual_seed(0)

    def shares(sampling: Sampling) -> list[float]:
        chosen = [sampling.choose(logits, random) for _ in range(2000)]
        return [chosen.count(token) / 2000 for token in range(4)]

    assert shares(Sampling()) == pytest.approx([0.5, 0.3, 0.15, 0.05], abs=0.03)
    assert shares(Sampling(top_k=2)) == pytest.approx([0.625, 0.375, 0, 0], abs=0.03)
    assert shares(Sampling(top_k=99)) == pytest.approx([0.5, 0.3, 0.15, 0.05], abs=0.03)
    assert shares(Sampling(top_p=0.6)) == pytest.approx([0.625, 0.375, 0, 0], abs=0.03)
    squared = [0.25, 0.09, 0.0225, 0.0025]
    assert shares(Sampling(0.5)) == pytest.approx([one / sum(squared) for one in squared], abs=0.03)


def test_special_tokens_are_never_written():
    writer = writer_of()
    letters = set("".join(writer.tokenizer.symbols[4:]))
    assert set(text_of(writer, sampling=Sampling(temperature=50), length=400)) <= letters


def test_a_text_ends_where_it_is_wanted_and_a_document_where_it_ends():
    text = text_of(writer_of(), until="d", length=10**6)
    assert text.endswith("d")
    assert text.count("d") == 1
    writer = writer_of(documents="line")
    written = list(
        writer.write("c", Sampling(50), length=10**6, until=None, random=torch.Generator().manual_seed(0))
    )
    assert written[-1].token == 3
    assert [one.token for one in written].count(3) == 1


def test_a_text_without_a_prompt_begins_as_a_line_or_as_a_document():
    assert writer_of().read("")[0] == writer_of().tokenizer.encode("\n")[0].tolist()
    assert writer_of(documents="line").read("")[0] == [2]
    assert writer_of().read("cΩ")[1] == ["Ω"]


def test_bytes_of_a_character_are_written_together():
    writer = writer_of("bytes")
    writer.step.vocabulary = 260
    text = text_of(writer, sampling=Sampling(temperature=0), prompt="\x7f", length=80)
    assert text.encode("utf-8", "surrogatepass")


def test_surprisals_are_those_of_the_network_whatever_the_chunks(tmp_path, monkeypatch):
    (tmp_path / "a.txt").write_text("cats; Ω dogs")
    writer = writer_of()
    found = list(surprisals(writer, tmp_path / "a.txt"))
    assert "".join(one.text for one in found) == "cats; Ω dogs"
    assert found[0].nats is None
    size = len(writer.tokenizer.symbols)
    normal = math.log(sum(0.5**k for k in range(size)))
    for before, one in pairwise(found):
        assert one.nats == pytest.approx(math.log(2) * ((one.token - before.token - 1) % size) + normal)
    monkeypatch.setattr("seqlab.inference.score.CHUNK", 3)
    assert list(surprisals(writer, tmp_path / "a.txt")) == found
    total = Total()
    for one in found:
        total.add(one, writer.tokenizer.widths)
    nats = sum(one.nats for one in found[1:])
    assert total.scores()["bits_per_character"] == pytest.approx((nats / math.log(2) + 16) / 11)


def test_a_run_writes_and_scores(run, command, tmp_path):
    code, shown, _ = command("generate", run, "7 cats", "--length", 40, "--seed", 5)
    assert code == 0
    assert shown.startswith("7 cats")
    assert command("generate", run, "7 cats", "--length", 40, "--seed", 5)[1] == shown
    code, found, _ = command("generate", run, "7 cats", "--length", 40, "--seed", 5, "--json", "--count", 2)
    rows = json.loads(found)
    assert len(rows) == 2
    assert f"7 cats{rows[0]['text']}\n" == shown
    assert len(rows[0]["tokens"]) == len(rows[0]["log_probabilities"]) == 40
    # The log-probabilities of what was written are the surprisals of the same text.
    (tmp_path / "written.txt").write_text(shown[:-1])
    code, scored, _ = command(
        "score", run, tmp_path / "written.txt", "--json", "--out", tmp_path / "score.png"
    )
    assert code == 0
    lines = [json.loads(line) for line in scored.splitlines()[:-2]]
    expected = [-one for one in rows[0]["log_probabilities"]]
    assert [line["nats"] for line in lines[6:]] == pytest.approx(expected, rel=1e-4)
    assert json.loads(scored.splitlines()[-2])["tokens"] == 45
    assert (tmp_path / "score.png").stat().st_size > 1000
    code, lines, _ = command("score", run, tmp_path / "written.txt")
    assert lines.splitlines()[0] == "7\t"
    assert lines.splitlines()[-1].startswith("45 tokens: loss ")


def test_python_writes_the_text_of_the_command(run, command):
    network, given = seqlab.load(run), {"length": 40, "temperature": 0.5, "top_k": 9, "top_p": 0.9, "seed": 5}
    words = [word for name, value in given.items() for word in (f"--{name.replace('_', '-')}", value)]
    for until in ("s", None):
        written = network.generate("7 c", until=until, **given)
        shown = command("generate", run, "7 c", *words, *(("--until", until) if until else ()))[1]
        assert f"{written}\n" == shown
    for wrong, said in (
        ({"temperature": -1}, "temperature must"),
        ({"temperature": "0.8"}, "temperature must be 0 or more, got '0.8'"),
        ({"top_k": 2.5}, r"top-k must be a whole number from 1, got 2\.5"),
        ({"seed": -1}, "seed must be a whole number from 0"),
        ({"seed": 1.5}, "seed must be a whole number from 0"),
        ({"length": 0}, "length must be a whole number from 1, got 0"),
        ({"until": ""}, "until must be a text that is not empty, got ''"),
    ):
        with pytest.raises(ConfigError, match=said):
            network.generate(**wrong)


def test_prompts_come_from_a_file_and_unknown_symbols_are_told(run, command, tmp_path):
    (tmp_path / "prompts.txt").write_text("2 cats\n\nΩ dogs\n")
    code, shown, told = command(
        "generate", run, "--file", tmp_path / "prompts.txt", "--length", 1, "--seed", 1
    )
    assert code == 0
    assert "2 cats" in shown
    assert "Ω dogs" in shown
    assert "did not occur in training: Ω" in told


def test_an_export_writes_as_its_run_does(run, command, tmp_path):
    shown = command("generate", run, "--length", 40, "--seed", 5)[1]
    assert command("export", run, "--to", "safetensors", "--out", tmp_path / "a.safetensors")[0] == 0
    assert command("generate", tmp_path / "a.safetensors", "--length", 40, "--seed", 5)[1] == shown
    assert f"{seqlab.load(tmp_path / 'a.safetensors').generate(length=40, seed=5)}\n" == shown


def test_an_onnx_file_writes_and_scores_as_its_run_does(run, command, tmp_path):
    pytest.importorskip("onnxruntime", reason="needs pip install 'seqlab[onnx]'")
    file = tmp_path / "a.onnx"
    assert command("export", run, "--to", "onnx", "--out", file)[0] == 0
    ours, theirs = Writer.of(run), Writer.of(file)
    for sampling in (Sampling(temperature=0), Sampling(0.8, top_k=20)):
        assert text_of(theirs, "7 cats", sampling, length=60) == text_of(ours, "7 cats", sampling, length=60)
    (tmp_path / "a.txt").write_text(TEXT[:1500])
    expected, found = ([one.nats for one in surprisals(each, tmp_path / "a.txt")] for each in (ours, theirs))
    assert found[1:] == pytest.approx(expected[1:], rel=1e-4)


def test_a_language_model_of_names_writes_names(trained, command, tmp_path):
    small = ("model.hidden_size=8", "trainer.max_epochs=1", "callbacks=none", "data.batch_size=256")
    run = trained("data=names", "task=language_model", "data.source=sample", *small)
    code, shown, _ = command("generate", run, "Sa", "--count", 3, "--seed", 1, "--json")
    assert code == 0
    rows = json.loads(shown)
    assert [row["tokens"][-1] for row in rows] == ["<end>"] * 3
    (tmp_path / "names.txt").write_text("Satoshi\nO'Neill\n")
    code, scored, _ = command("score", run, tmp_path / "names.txt")
    assert code == 0
    assert [line.split("\t")[0] for line in scored.splitlines()[:9]] == ["<begin>", *"Satoshi", "<end>"]


def test_texts_that_were_samples_of_their_own_are_scored_as_in_the_test(trained, command, tmp_path):
    small = ("model.hidden_size=16", "trainer.max_epochs=2", "callbacks=none", "model=gru")
    run = trained("data=names", "task=language_model", "data.source=sample", *small)
    _, data = data_of(load_run(run))
    names = [data.describe("test", number) for number in range(len(data.samples["test"]))]
    (tmp_path / "names.txt").write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
    scored = command("score", run, tmp_path / "names.txt", "--json")[1]
    found, recorded = json.loads(scored.splitlines()[-1]), json.loads((run / "run.json").read_text())
    assert found["tokens"] == sum(len(name) + 1 for name in names)
    for score in ("loss", "bits_per_character", "perplexity"):
        assert found[score] == pytest.approx(recorded["metrics"][f"test/{score}"], rel=1e-5)


@pytest.mark.parametrize("lines", ["Mu\u0308ller\nAdé\n", "  Müller \n\nAdé", "Muller\nAde\n"])
def test_a_text_is_scored_as_training_would_have_read_it(tmp_path, lines):
    settings = TextSettings(ascii="Muller" in lines)
    symbols = "AMulrde" if settings.ascii else "AMülerdé"
    tokenizer = tokenizer_of((*SPECIALS, *symbols), StreamSettings("characters", "line"))
    writer = Writer(Counting(len(tokenizer.symbols)), tokenizer, texts=settings)
    for name, text in {"given": lines, "plain": "Müller\nAdé\n"}.items():
        (tmp_path / f"{name}.txt").write_text(text, encoding="utf-8")
    given, plain = (list(surprisals(writer, tmp_path / f"{name}.txt")) for name in ("given", "plain"))
    assert given == plain
    assert UNKNOWN not in [one.token for one in given]


def test_a_network_that_is_told_the_class_writes_and_scores_by_class(trained, command, tmp_path):
    small = ("model.hidden_size=16", "trainer.max_epochs=1", "callbacks=none")
    told = ("data=names", "task=language_model", "data.source=sample", "model=gru", "model.condition=class")
    run = trained(*told, *small)
    write = ("--class", "Russian", "--seed", 1, "--length", 20)
    shown = command("generate", run, *write)[1]
    (tmp_path / "names.txt").write_text("Abakumov\nTakahashi\n")
    losses = set()
    for name in ("Russian", "Japanese"):
        scored = command("score", run, tmp_path / "names.txt", "--class", name, "--json")[1]
        losses.add(json.loads(scored.splitlines()[-1])["loss"])
    assert len(losses) == 2
    for arguments, message in (
        (
            ("generate", run),
            "must be named, by --class or in Python by label=; there are: Arabic, ",
        ),
        (("score", run, tmp_path / "names.txt"), "the class of the text must be named"),
        (("generate", run, "--class", "Japanes"), "did you mean 'Japanese'"),
    ):
        code, _, told = command(*arguments)
        assert code == 2
        assert message in told
        assert len(told.strip().splitlines()) == 1
    assert command("export", run, "--to", "safetensors", "--out", tmp_path / "a.safetensors")[0] == 0
    assert command("generate", tmp_path / "a.safetensors", *write)[1] == shown


def test_a_classifier_judges_what_is_written_for_each_class(monkeypatch, tmp_path):
    """One network writes training names of the class or "Zzz", the other knows them all."""
    names = {"Greek": ["Abba", "Zorbas"], "Irish": ["Adam", "Brian"]}
    real = [(name, text) for name, texts in names.items() for text in texts]

    class Data:
        samples: ClassVar = {"train": range(4), "test": SimpleNamespace(y=torch.tensor([0, 0, 1, 1]))}
        spec = SimpleNamespace(classes=("Greek", "Irish"))
        setup = staticmethod(lambda: None)
        describe = staticmethod(lambda split, number: real[number][1])

    class Told:
        classes = ("Greek", "Irish")

        def told(self, name):
            texts = iter([names[name][0], "Zzz", names[name][1], "Zzz"])
            return SimpleNamespace(write=lambda *_, **__: [SimpleNamespace(text=next(texts))])

    taken = {"Abba": "Greek", "Zorbas": "Greek", "Adam": "Irish", "Brian": "Greek", "Zzz": "Irish"}
    monkeypatch.setattr("seqlab.inference.judge.Writer.of", lambda *_: Told())
    monkeypatch.setattr("seqlab.inference.judge.load", lambda _: SimpleNamespace(spec=Data.spec))
    monkeypatch.setattr("seqlab.inference.judge.load_run", lambda _: SimpleNamespace(config=None))
    monkeypatch.setattr("seqlab.inference.judge.data_of", lambda *_: (None, Data()))
    rows = lambda _network, texts, *_: [{"classes": [taken[text]]} for text in texts]  # noqa: E731
    monkeypatch.setattr("seqlab.inference.judge.predict", rows)
    settings = {"count": 4, "length": 9, "random": torch.Generator()}
    assert list(judge(tmp_path, tmp_path, (), PLAIN, **settings)) == [
        ("Greek", 4, 0.5, 1.0, 0.5, 2),
        ("Irish", 4, 0.75, 0.5, 0.5, 2),
    ]


def test_what_is_judged_is_a_line_for_each_class_and_their_means(monkeypatch, command):
    found = [
        Judged("Greek", 4, 0.5, 1.0, 0.25, 3),
        Judged("Irish", 4, 0.75, None, 0.5, 0),
        Judged("x", 4, 1, 0.5, 0, 1),
    ]
    monkeypatch.setattr("seqlab.inference.judge.judge", lambda *_, **__: found)
    code, shown, _ = command("generate", "run", "--judge", "classifier", "--count", 4)
    assert code == 0
    assert [line.split() for line in shown.splitlines()] == [
        ["class", "texts", "taken", "real", "copies"],
        ["Greek", "4", "0.500", "1.000", "0.250"],
        ["Irish", "4", "0.750", "–", "0.500"],
        ["x", "4", "1.000", "0.500", "0.000"],
        ["mean", "12", "0.750", "0.750", "0.250"],
        ["by", "frequency", "12", "0.625", "0.875", "0.188"],
    ]


def test_a_class_for_a_network_that_was_told_none_is_refused():
    with pytest.raises(ConfigError, match="the network was told no class"):
        writer_of().told("Japanese")
