"""Runs of one's own data that are asked for other things than a class, from the command line."""

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import accuracy_score, f1_score, mean_absolute_error, mean_squared_error

from seqlab.functional.lengths import mask
from seqlab.runs.load import load_run

QUICK = (
    "data=text_csv",
    "model=gru",
    "model.hidden_size=4",
    "trainer.max_epochs=1",
    "callbacks.figures=true",
    "task.baselines=true",
    "logger=none",
    "engine=eager",
    "verbosity=quiet",
)


def record(run: Path) -> dict:
    return json.loads((run / "run.json").read_text())


RATINGS = "text,score\n" + "".join(
    f"{'good ' * (n % 5)}review {n},{50 + 10 * (n % 5) + n / 8}\n" for n in range(80)
)


@pytest.fixture
def rated(trained) -> Path:
    """A run of ratings: a number for each text."""
    settings = ("data.path=ratings.csv", "data.label=score", "task=regression")
    return trained(*QUICK, *settings, **{"ratings.csv": RATINGS})


def test_a_number_of_each_text_is_scored_in_its_own_units(rated):
    table, given = pd.read_csv(rated / "predictions.csv"), pd.read_csv("ratings.csv").set_index("text")
    assert table.true.tolist() == given.score[table.text].tolist()
    metrics, baselines = record(rated)["metrics"], record(rated)["baselines"]
    assert metrics["test/mae"] == pytest.approx(mean_absolute_error(table.true, table.predicted), rel=1e-5)
    assert metrics["test/mse"] == pytest.approx(mean_squared_error(table.true, table.predicted), rel=1e-5)
    assert set(baselines) == {"mean", "median", "char_ngrams"}
    assert all(math.isfinite(found["test/mae"]) for found in baselines.values())
    # A network that has learnt nothing answers the mean, not 0.
    assert metrics["test/mae"] < 2 * baselines["mean"]["test/mae"]
    assert {"loss.png", "mae.png", "predictions.png"} <= {file.name for file in (rated / "figures").iterdir()}


def test_a_run_and_its_exports_predict_the_numbers_of_the_table(rated, command):
    table = pd.read_csv(rated / "predictions.csv")
    answers = []
    for network in (rated, "net.onnx", "net.safetensors"):
        if network != rated:
            assert command("export", rated, "--to", network.partition(".")[2], "--out", network)[0] == 0
        code, shown, _ = command("predict", network, *table.text)
        assert code == 0
        answers.append([float(line.rpartition("\t")[2]) for line in shown.splitlines()])
    assert answers == [pytest.approx(table.predicted.tolist(), rel=1e-5)] * 3


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            ["data=names", "task=regression"],
            "task=regression does not suit data=names; use task=classification",
        ),
        (
            ["data.label=score", "task=regression", "data.sampling=balanced"],
            "data.sampling=balanced samples by class; use data.sampling=all",
        ),
        (
            ["data.label=score", "task=tagging"],
            "task=tagging does not suit data=text_csv; data=tagged reads texts with a tag",
        ),
        (["data.label=score"], "column 'score' has 80 classes in 80 texts (is data.label the right column?)"),
        (
            ["data.label=text", "task=regression"],
            "data.text and data.label name 'text' twice; give different",
        ),
    ],
)
def test_what_cannot_be_asked_is_answered_in_a_line(settings, said, train, capfd):
    Path("ratings.csv").write_text(RATINGS)
    assert train(*QUICK, "data.path=ratings.csv", *settings) == 2
    assert said in capfd.readouterr().err


COMMENTS = "id,text,rude,threat\n" + "".join(
    f"{n},{'rude ' * (n % 2)}comment {n}{' threat' * (n % 3 == 0)},{n % 2},{'yes' if n % 3 == 0 else 'no'}\n"
    for n in range(80)
)


@pytest.fixture
def commented(trained) -> Path:
    """A run of comments: two labels for each text."""
    settings = ("data.path=comments.csv", "data.label=[rude,threat]", "task=multilabel")
    return trained(*QUICK, *settings, **{"comments.csv": COMMENTS})


def test_labels_of_each_text_are_scored_as_scikit_learn_does(commented):
    table = pd.read_csv(commented / "predictions.csv", keep_default_na=False)
    given = pd.read_csv("comments.csv").set_index("text").loc[table.text]
    true = np.column_stack([given.rude == 1, given.threat == "yes"])
    predicted = table[["p(rude)", "p(threat)"]].to_numpy() >= 0.5
    names = [[name for name, on in zip(("rude", "threat"), row, strict=True) if on] for row in true]
    assert table.true.tolist() == ["|".join(row) for row in names]
    metrics, baselines = record(commented)["metrics"], record(commented)["baselines"]
    f1 = f1_score(true, predicted, average="micro", zero_division=0)
    assert metrics["test/f1_micro"] == pytest.approx(f1)
    assert metrics["test/exact_match"] == pytest.approx(accuracy_score(true, predicted))
    assert baselines["majority"]["test/hamming"] == pytest.approx(true.mean())  # both are rather not there
    assert baselines["char_ngrams"]["test/exact_match"] > 0.8  # n-grams tell both
    assert {"labels_val.png", "labels_test.png"} <= {file.name for file in (commented / "figures").iterdir()}
    assert pd.read_csv(commented / "labels.csv").support.tolist() == true.sum(0).tolist()


def test_labels_are_predicted_and_explained_from_a_run_and_its_exports(commented, command):
    table, shown = pd.read_csv(commented / "predictions.csv", keep_default_na=False), []
    for network in (commented, "net.onnx", "net.safetensors"):
        if network != commented:
            assert command("export", commented, "--to", network.partition(".")[2], "--out", network)[0] == 0
        code, out, _ = command("predict", network, "--json", *table.text)
        assert code == 0
        shown.append(json.loads(out))
    for answers in shown:
        assert ["|".join(row["labels"]) for row in answers] == table.predicted.tolist()
        rude = [row["probabilities"]["rude"] for row in answers]
        assert rude == pytest.approx(table["p(rude)"].tolist(), abs=1e-5)
    code, out, _ = command("explain", commented, "rude comment")
    assert (code, "rude 0." in out) == (0, True)
    code, out, said = command("report", "out")
    assert (code, said) == (0, "")


@pytest.mark.product(3)
@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (["data.label=[rude,threat]"], "several labels are predicted with task=multilabel"),
        (["data.label=rude", "data.label_separator=pipe"], "are predicted with task=multilabel"),
        (
            ["data.label=rude", "task=multilabel"],
            "column 'rude' is '0', no list of labels; set data.label_separator",
        ),
        (
            ["data.label=[id,rude]", "task=multilabel"],
            "line 4: column 'id' is '2'; each of several label columns",
        ),
        (
            ["data.label=[rude,threat]", "task=multilabel", "data.label_separator=pipe"],
            "label_separator is for labels in one column",
        ),
        (["data.label=[rude,rude]", "task=multilabel"], "data.text and data.label name 'rude' twice"),
    ],
)
def test_labels_that_cannot_be_read_are_answered_in_a_line(settings, said, train, capfd):
    Path("comments.csv").write_text(COMMENTS)
    assert train(*QUICK, "data.path=comments.csv", *settings) == 2
    assert said in capfd.readouterr().err


PLACES = "\n\n".join(
    "\n".join(
        [
            f"Ann{n % 7} B-PER",
            *["Lee I-PER"] * (n % 2),
            "works O",
            *["in O", f"Bonn{n % 3} B-LOC"] * (n % 3 > 0),
        ]
    )
    for n in range(60)
)


@pytest.fixture
def tagged(trained) -> Path:
    """A run of sentences with a tag at every token."""
    quick = ("data=tagged", *(setting for setting in QUICK if not setting.startswith("data=")))
    return trained(*quick, "data.path=a.conll", "model.bidirectional=true", **{"a.conll": PLACES})


def test_tags_are_scored_by_token_and_by_span(tagged):
    table = pd.read_csv(tagged / "predictions.csv", keep_default_na=False)
    metrics = record(tagged)["metrics"]
    assert metrics["test/accuracy"] == pytest.approx((table.true == table.predicted).mean())
    hits, found, wanted = 0, 0, 0
    for _, sentence in table.groupby("sentence"):
        true, predicted = (_spans(sentence[column].tolist()) for column in ("true", "predicted"))
        hits, found, wanted = hits + len(true & predicted), found + len(predicted), wanted + len(true)
    assert wanted > 0
    assert metrics["test/span_f1"] == pytest.approx(2 * hits / (found + wanted))
    # Every token of these sentences has one tag.
    assert record(tagged)["baselines"]["token_majority"]["test/span_f1"] == 1.0
    assert {"span_f1.png", "confusion_test.png"} <= {file.name for file in (tagged / "figures").iterdir()}


def _spans(tags: list[str]) -> set[tuple[int, int, str]]:
    """Return spans of IOB2 tags, in which I may begin one too."""
    found: set[tuple[int, int, str]] = set()
    for first, tag in enumerate(tags):
        before = tags[first - 1] if first else "O"
        if tag == "O" or (tag[0] == "I" and before[2:] == tag[2:]):
            continue
        rest = [follower == f"I-{tag[2:]}" for follower in tags[first + 1 :]]
        found.add((first, first + (rest.index(False) if False in rest else len(rest)), tag[2:]))
    return found


def test_tags_are_predicted_from_a_run_and_its_exports(tagged, command):
    table, shown = pd.read_csv(tagged / "predictions.csv", keep_default_na=False), []
    rows = [rows for _, rows in table.groupby("sentence")]
    Path("ask.conll").write_text("\n\n".join("\n".join(row.text) for row in rows))
    for network in (tagged, "net.onnx", "net.safetensors"):
        if network != tagged:
            assert command("export", tagged, "--to", network.partition(".")[2], "--out", network)[0] == 0
        shown.append(command("predict", network, "--file", "ask.conll"))
    lines = "\n\n".join(
        "\n".join(f"{text}\t{tag}" for text, tag in zip(r.text, r.predicted, strict=True)) for r in rows
    )
    assert [(code, out.strip()) for code, out, _ in shown] == [(0, lines)] * 3
    sentence = " ".join(rows[0].text)
    assert command("predict", tagged, sentence)[1].strip() == lines.split("\n\n")[0]
    assert command("explain", tagged, sentence)[0] == 0
    code, shown, said = command("report", "out")
    assert (code, said, "span F1" in shown) == (0, "", True)
    code, scores, _ = command("eval", tagged)
    assert (code, "test/span_f1" in scores) == (0, True)


def _walks() -> pd.DataFrame:
    rows = [
        (f"w{n}", step, ["wake", "rem", "deep"][(n + step // 3) % 3], math.sin(n + step))
        for n in range(40)
        for step in range(2 + n % 5)
    ]
    return pd.DataFrame(rows, columns=["id", "t", "state", "ax"]).assign(ay=lambda rows: rows.ax * rows.t)


@pytest.fixture
def walked(trained) -> Path:
    """A run of numeric sequences with a state at every step."""
    quick = (setting for setting in QUICK if not setting.startswith("data="))
    settings = ("data=sequences", "data.path=walks.csv", "data.label=state", "task=tagging")
    return trained(*quick, *settings, **{"walks.csv": _walks().to_csv(index=False)})


def test_states_of_steps_are_scored_as_scikit_learn_does(walked, command):
    table, metrics = pd.read_csv(walked / "predictions.csv"), record(walked)["metrics"]
    merged = table.assign(t=table.step - 1).merge(_walks(), left_on=["sequence", "t"], right_on=["id", "t"])
    tested = _walks()[_walks().id.isin(table.sequence)]
    assert len(merged) == len(table) == len(tested)
    assert merged.true.tolist() == merged.state.tolist()
    assert metrics["test/accuracy"] == pytest.approx(accuracy_score(table.true, table.predicted))
    f1 = f1_score(table.true, table.predicted, average="macro", zero_division=0)
    assert metrics["test/f1_macro"] == pytest.approx(f1)
    assert "test/span_f1" not in metrics
    counts = pd.read_csv(walked / "classes.csv").set_index("class").samples
    assert counts.to_dict() == table.true.value_counts().reindex(counts.index, fill_value=0).to_dict()
    baseline = record(walked)["baselines"]["majority"]["test/accuracy"]
    assert baseline in [pytest.approx((table.true == state).mean()) for state in ("wake", "rem", "deep")]
    code, scores, _ = command("eval", walked)
    assert (code, f"{metrics['test/accuracy']:.4f}" in scores) == (0, True)


@pytest.mark.slow
def test_states_are_predicted_from_a_run_and_its_exports(walked, command):
    table, shown = pd.read_csv(walked / "predictions.csv"), []
    asked = _walks()[_walks().id.isin(table.sequence)].drop(columns="state")
    asked.to_csv("new.csv", index=False)
    for network in (walked, "net.onnx", "net.safetensors"):
        if network != walked:
            assert command("export", walked, "--to", network.partition(".")[2], "--out", network)[0] == 0
        shown.append(command("predict", network, "--file", "new.csv"))
    tags = table.set_index(["sequence", "step"]).predicted
    lines = [f"{name}\t{t + 1}\t{tags[name, t + 1]}" for name, t in zip(asked.id, asked.t, strict=True)]
    assert [(code, out.splitlines()) for code, out, _ in shown] == [(0, lines)] * 3
    out = command("predict", walked, "--json", "--file", "new.csv")[1]
    assert [len(row["tags"]) for row in json.loads(out)] == asked.groupby("id", sort=False).size().tolist()
    assert command("explain", walked, "--file", "new.csv")[0] == 0


def test_what_stands_in_the_padding_changes_no_answer(walked):
    run = load_run(walked)
    samples = run.config.data.for_problem("tagging").load().samples["test"]
    batch = samples.batch(torch.arange(len(samples)))
    inside = mask(batch.lengths, batch.x.shape[1])
    assert not inside.all()
    junk = batch._replace(x=torch.where(inside[:, :, None], batch.x, 1e3))
    found = []
    with torch.no_grad():
        for one in (batch, junk):
            answers = run.module(one.x, one.lengths)
            loss = run.module.task.step("val", answers, one)
            found.append((answers[inside].tolist(), float(loss), run.module.task.compute("val")))
            run.module.task.reset("val")
    assert found[0] == found[1]
