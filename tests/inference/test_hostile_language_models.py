"""Whatever a language model is asked to write or to score: it works, or one clear line says why not."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from safetensors import safe_open
from safetensors.torch import save_file

from seqlab.data import TextFile
from seqlab.data.streams.declared import StreamSettings
from seqlab.data.text.declared import CHARACTERS
from seqlab.errors import ConfigError
from seqlab.inference.generate import Writer

from .conftest import QUICK, SMALL

LENGTH = ("--length", 5)
FILES = {
    "empty.txt": b"",
    "blank.txt": b"\n \n",
    "one.txt": b"7",
    "two.txt": b"7 ",
    "latin.txt": "größer".encode("latin-1"),
    "nul.txt": b"7\0cats",
    "unknown.txt": "ΩΩΩ".encode(),
    "utf16.txt": "7 cats".encode("utf-16"),
    "surrogate.txt": b"\xed\xb3\xbf",
}
WRITES = [
    ("Ω\udcff",),  # a byte of the command line that is no UTF-8
    ("7\0 cats",),
    ("\x1b]0;owned\x07",),
    ("--until", "Ω"),
    ("--until", "\udcff"),
    ("--temperature", "0"),
    ("--temperature", "-0.0"),
    ("--temperature", "1e-320"),
    ("--temperature", "1e300"),
    ("--top-k", 10**30),
    ("--top-p", "1e-320"),
    ("--length", 10**30, "--until", "c"),
    ("--seed", 2**63 - 1),
    ("--file", "unknown.txt", "--json"),
    ("--file", "nul.txt"),
]
MISTAKES = [
    (("--temperature", "nan"), "temperature must be 0 or more, got nan"),
    (("--temperature", "-1"), "temperature must be 0 or more"),
    (("--temperature", "inf"), "temperature must be 0 or more"),
    (("--temperature", "x"), "invalid float value: 'x'"),
    (("--top-k", "0"), "top-k must be a whole number from 1, got 0"),
    (("--top-k", "-1"), "top-k must be a whole number from 1, got -1"),
    (("--top-k", "1.5"), "invalid int value: '1.5'"),
    (("--top-p", "0"), "top-p must be above 0"),
    (("--top-p", "-1"), "top-p must be above 0"),
    (("--top-p", "1.5"), "top-p must be above 0"),
    (("--top-p", "nan"), "top-p must be above 0"),
    (("--length", "0"), "length must be a whole number from 1, got 0"),
    (("--length", "-5"), "length must be a whole number from 1, got -5"),
    (("--count", "0"), "--count must be 1 or more"),
    (("--until", ""), "until must be a text that is not empty, got ''"),
    (("--seed", "-1"), "seed must be a whole number from 0"),
    (("--seed", 2**63), "seed must be a whole number from 0"),
    (("a prompt", "--file", "a.txt"), "not both"),
    (("--file", "none.txt"), "give a readable file"),
    (("--file", "."), "give a readable file"),
    (("--file", "empty.txt"), "empty.txt has no prompt"),
    (("--file", "blank.txt"), "blank.txt has no prompt"),
    (("--file", "latin.txt"), "latin.txt is not UTF-8 at byte 2"),
    (("--judge", "none", "--until", "x"), "leave out the prompt, --file and --until"),
]
SCORED = ["two.txt", "blank.txt", "unknown.txt", "utf16.txt"]
UNSCORED = [
    (("empty.txt",), "has no text"),
    (("one.txt",), "has a single token, which nothing predicts"),
    (("latin.txt",), "not UTF-8"),
    (("surrogate.txt",), "or set --encoding=gb18030, which fits"),
    (("nul.txt",), "a NUL character"),
    (("none.txt",), "does not exist"),
    (("folder",), "has no files"),
    (("empty.txt", "--out", "a.pdf"), "must end in .png"),
    (("empty.txt", "--encoding", "none"), "no encoding 'none'"),
    (("two.txt", "--class", "x"), "the network was told no class"),
]


@pytest.fixture
def files(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)


def assert_refused(answer: tuple[int, str, str], message: str) -> None:
    code, _, told = answer
    assert code == 2
    assert message in told
    assert len(told.strip().splitlines()) == 1


@pytest.mark.parametrize(("arguments", "message"), MISTAKES)
def test_what_cannot_be_is_one_line(command, files, arguments, message):
    assert_refused(command("generate", "out/none", *arguments), message)


@pytest.mark.product(3)
@pytest.mark.parametrize("arguments", WRITES)
def test_what_is_odd_is_written(run, command, files, arguments):
    code, shown, _ = command("generate", run, *LENGTH, "--seed", 0, *arguments)
    assert code == 0
    assert len(shown.strip()) > 1


def test_texts_are_scored_or_refused(run, command, files):
    for name in SCORED:
        assert command("score", run, name)[0] == 0
    for arguments, message in UNSCORED:
        assert_refused(command("score", run, *arguments), message)
    assert_refused(command("predict", run, "a text"), "use seqlab generate")


def test_a_classifier_writes_nothing(monkeypatch):
    class Other:
        spec = type("Spec", (), {"task": "classification"})

    monkeypatch.setattr("seqlab.inference.generate.load", lambda *_: Other())
    with pytest.raises(ConfigError, match="task=classification, which knows no next token"):
        Writer.of(Path("out/run"))


def test_a_vocabulary_of_one_is_trained_written_and_scored(trained, command, tmp_path):
    run = trained(*SMALL, *QUICK, **{"a.txt": "a" * 3000})
    assert command("generate", run, *LENGTH)[1] == "aaaaa\n"
    (tmp_path / "b.txt").write_text("ab")
    assert command("score", run, tmp_path / "b.txt")[0] == 0


@pytest.mark.parametrize(
    "symbols",
    [("a", "a"), ("a", "bc"), ("a", ""), ("a", "\0"), ("a", "\ud800")],
    ids=["twice", "two", "none", "NUL", "surrogate"],
)
def test_a_hostile_vocabulary_contradicts_itself(tmp_path, symbols):
    (tmp_path / "a.txt").write_text("ab" * 300)
    spec = TextFile(path=str(tmp_path / "a.txt"), steps=8, batch_size=4).load().spec
    assert spec.fits()
    assert not replace(spec, symbols=(*spec.symbols[:4], *symbols)).fits()
    assert not CHARACTERS.fits((*spec.symbols[:4], *symbols)) or symbols == ("a", "a")
    assert StreamSettings("words").fits((*spec.symbols[:4], "a", "bc"))


def test_a_hostile_tokenizer_file_is_refused_in_one_line(run, command, files):
    assert command("export", run, "--to", "safetensors", "--out", "a.safetensors")[0] == 0
    with safe_open("a.safetensors", framework="pt") as content:
        tensors = {name: content.get_tensor(name) for name in content.keys()}  # noqa: SIM118 (no mapping)
        about = json.loads(content.metadata()["seqlab"])
    spec = about["spec"]
    bpe = {"tokens": "bpe", "documents": "none", "merges": [[10**9, 5]]}
    for change in ({"stream": bpe}, {"symbols": [*spec["symbols"][:-1], "\0"]}, {"widths": [1]}):
        changed = json.dumps(about | {"spec": spec | change})
        save_file(tensors, "b.safetensors", metadata={"seqlab": changed})
        assert_refused(command("generate", "b.safetensors"), "spec contradicts itself")
