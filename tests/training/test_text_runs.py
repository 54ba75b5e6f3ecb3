"""Runs of texts of one's own, from the command line: training, predictions, evaluation."""

import csv
import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from seqlab import cli

QUICK = (
    "data=text_csv",
    "model.hidden_size=16",
    "model.pooling=max",
    "callbacks.figures=false",
    "logger=none",
    "verbosity=quiet",
    "task.baselines=false",
)
WORDS = {"书": ["本", "读", "页"], "phones": ["battery", "calls", "screen"]}
ODD = ["NA", "null", "two\nlines", 'quoted "word"', "comma, comma", "tab\there", "  blanks  "]


@pytest.fixture
def command(monkeypatch, capsys):
    """Return the installed command: its exit code, what it printed, what it complained of."""

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["seqlab", *map(str, arguments)])
        capsys.readouterr()
        code = cli.main()
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return run


def rows() -> list[tuple[str, str]]:
    """Return texts that a word in them gives away, and odd ones."""
    made = [
        (f"{word} {number}, 很好 {'good' if number % 2 else 'bad'}", label)
        for number in range(20)
        for label, words in WORDS.items()
        for word in words
    ]
    return made + [(f"{text} {words[0]}", label) for text in ODD for label, words in WORDS.items()]


def write_csv(path: Path, encoding: str = "utf-8", separator: str = ",") -> None:
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=separator).writerows([("review", "cat"), *rows()])


def the_run() -> Path:
    (record,) = Path("out").rglob("run.json")
    return record.parent


def predictions(run: Path) -> pd.DataFrame:
    return pd.read_csv(run / "predictions.csv", keep_default_na=False)


@pytest.mark.product(3)
@pytest.mark.parametrize(
    "settings",
    [
        ["data.tokens=words", "data.max_length=6", "data.keep=end"],
        ["data.bos_eos=false", "data.max_length=5", "data.min_count=3", "model.bidirectional=true"],
        ["model.encoder=ngrams", "data.ngrams=2", "data.split=random_lines"],
    ],
)
def test_predictions_are_those_that_the_trained_network_gives_again(settings, train, command):
    if "data.tokens=words" in settings:
        pytest.importorskip("rjieba", reason="needs rjieba: pip install 'seqlab[words]'")
    write_csv(Path("my.csv"), "gb18030", ";")
    columns = ["data.text=review", "data.label=cat", "data.encoding=gb18030", "data.separator=semicolon"]
    shares = ["data.val_share=0.2", "data.test_share=0.3", "trainer.max_epochs=2", "data.batch_size=8"]
    assert train(*QUICK, "data.path=my.csv", *columns, *shares, *settings) == 0
    run = the_run()
    table = predictions(run)
    labels = {(text.strip(), label) for text, label in rows()}
    assert {(row.text, row.true) for row in table.itertuples()} <= labels
    assert len(table) == json.loads((run / "run.json").read_text())["data"]["sizes"]["test"]
    code, shown, _ = command("predict", run, *table["text"], "--top", 2, "--json")
    assert code == 0
    answers = json.loads(shown)
    assert [answer["text"] for answer in answers] == list(table["text"])
    assert [answer["classes"][0] for answer in answers] == list(table["predicted"])
    found = [answer["probabilities"][0] for answer in answers]
    assert found == pytest.approx(list(table["probability"]), abs=1e-4)
    assert all(sorted(answer["classes"]) == sorted(WORDS) for answer in answers)
    assert all(sum(answer["probabilities"]) == pytest.approx(1, abs=1e-5) for answer in answers)


def test_predictions_and_scores_of_classes_agree_with_the_scores_of_the_run(train):
    write_csv(Path("my.csv"))
    columns = ["data.text=review", "data.label=cat", "data.test_share=0.3"]
    assert train(*QUICK, "data.path=my.csv", *columns, "trainer.max_epochs=3", "data.batch_size=8") == 0
    run = the_run()
    table, metrics = predictions(run), json.loads((run / "run.json").read_text())["metrics"]
    right = table["true"] == table["predicted"]
    assert right.mean() == pytest.approx(metrics["test/accuracy"], abs=1e-6)
    classes = pd.read_csv(run / "classes.csv").set_index("class")
    assert dict(classes["samples"]) == dict(table["true"].value_counts())
    for name in WORDS:
        assert classes["recall"][name] == pytest.approx(right[table["true"] == name].mean(), abs=1e-6)


def test_eval_finds_a_file_that_has_moved_and_refuses_one_that_has_changed(train, command):
    write_csv(Path("my.csv"))
    columns = ["data.text=review", "data.label=cat", "trainer.max_epochs=1"]
    assert train(*QUICK, "data.path=my.csv", *columns) == 0
    run = the_run()
    recorded = json.loads((run / "run.json").read_text())["metrics"]
    Path("elsewhere").mkdir()
    shutil.move("my.csv", "elsewhere/yours.csv")
    code, _, complaint = command("eval", run)
    assert code == 2
    assert "my.csv does not exist" in complaint
    code, shown, _ = command("eval", run, "--root", "elsewhere/yours.csv", "--json")
    assert code == 0
    assert json.loads(shown) == pytest.approx(recorded, abs=1e-6)
    with Path("elsewhere/yours.csv").open("a") as file:
        file.write("one more,phones\n")
    code, _, complaint = command("eval", run, "--root", "elsewhere/yours.csv")
    assert code == 2
    assert "differs from the data of" in complaint
    assert "--root" in complaint


def test_every_test_text_can_be_read_again_from_the_predictions(train):
    texts = ["one\rreturn", "line\r\nend", "line\u2028end", " ,\"'\t;", "NULL"]
    lines = [
        {"text": f"{text} {number}", "label": "ab"[number % 2]} for text in texts for number in range(30)
    ]
    Path("my.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert train(*QUICK, "data.path=my.jsonl", "trainer.max_epochs=1", "data.test_share=0.3") == 0
    table = predictions(the_run())
    written = {line["text"].replace("\r", " ").strip(): line["label"] for line in lines}
    assert len(table) == 43
    assert all(any(row.text.startswith(text.strip()[:3]) for row in table.itertuples()) for text in texts)
    assert [written.get(row.text) for row in table.itertuples()] == list(table["true"])


def test_what_was_never_in_training_is_said(train, command):
    write_csv(Path("my.csv"))
    assert (
        train(*QUICK, "data.path=my.csv", "data.text=review", "data.label=cat", "trainer.max_epochs=1") == 0
    )
    code, shown, complaint = command("predict", the_run(), "bad Ω", "--top", 1)
    assert code == 0
    assert shown.startswith("bad Ω\t")
    assert "1 characters did not occur in training: Ω" in complaint
