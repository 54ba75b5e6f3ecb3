"""Numeric sequences from the command line to the folder of the run, and what is done with it afterwards."""

import json
from pathlib import Path

import numpy as np
import onnxruntime
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score

TINY = (
    "trainer.max_epochs=2",
    "model.hidden_size=4",
    "logger=none",
    "verbosity=quiet",
    "callbacks.figures=false",
)


def waves(seed, count):
    """Return slow and fast waves of two channels, of different lengths, and which they are."""
    random = np.random.default_rng(seed)
    classes = ["slow", "fast"] * (count // 2)
    found = []
    for name in classes:
        steps = np.arange(random.integers(5, 12)) * (0.2 if name == "slow" else 0.6) + random.normal()
        found.append(np.round(np.column_stack([np.sin(steps), 50 + 20 * np.cos(steps)]), 4))
    return found, classes


def ts(sequences, labels):
    lines = ["@dimensions 2", "@classLabel true slow fast", "@data"]
    for values, label in zip(sequences, labels, strict=True):
        channels = [",".join(map(str, column)) for column in values.T.tolist()]
        lines.append(":".join([*channels, label]))
    return "\n".join(lines) + "\n"


def long(sequences, labels):
    rows = [
        f"{number},{step},{row[0]},{row[1]},{label}"
        for number, (values, label) in enumerate(zip(sequences, labels, strict=True))
        for step, row in enumerate(values.tolist())
    ]
    return "\n".join(["id,t,ax,ay,kind", *rows]) + "\n"


def wide(sequences, labels):
    width = max(map(len, sequences))
    rows = [
        "\t".join([label, *map(str, values[:, 0].tolist()), *["NaN"] * (width - len(values))])
        for values, label in zip(sequences, labels, strict=True)
    ]
    return "\n".join(rows) + "\n"


LAYOUTS = {"train.ts": ts, "train.csv": long, "train.tsv": wide}


@pytest.fixture(params=LAYOUTS)
def run(request, trained):
    """Return a run of each layout, its test file, and the test sequences."""
    name, write = request.param, LAYOUTS[request.param]
    test = Path(name).with_stem("test").name
    settings = ("data=sequences", f"data.path={name}", f"data.test_path={test}", *TINY)
    folder = trained(*settings, **{name: write(*waves(0, 40)), test: write(*waves(1, 12))})
    return folder, test, waves(1, 12)


def test_a_run_predicts_what_it_was_tested_on(run, command):
    folder, test, (_, labels) = run
    record = json.loads((folder / "run.json").read_text())
    assert record["status"] == "done"
    assert record["data"]["sizes"] == {"train": 36, "val": 4, "test": 12}
    table = pd.read_csv(folder / "predictions.csv")
    assert table["true"].tolist() == labels
    accuracy = accuracy_score(table["true"], table["predicted"])
    assert record["metrics"]["test/accuracy"] == pytest.approx(accuracy, abs=1e-12)
    code, out, _ = command("predict", folder, "--file", test, "--json")
    assert code == 0
    answers = json.loads(out)
    assert [answer["text"] for answer in answers] == table["text"].astype(str).tolist()
    assert [answer["classes"][0] for answer in answers] == table["predicted"].tolist()
    probabilities = [answer["probabilities"][0] for answer in answers]
    np.testing.assert_allclose(probabilities, table["probability"], atol=1e-5)


def test_exports_answer_as_the_run_does(run, command):
    folder, test, (sequences, _) = run
    (_, expected, _) = command("predict", folder, "--file", test, "--json")
    for to, suffix in (("onnx", ".onnx"), ("safetensors", ".safetensors")):
        file = f"network{suffix}"
        assert command("export", folder, "--to", to, "--out", file)[0] == 0
        code, found, _ = command("predict", file, "--file", test, "--json")
        assert code == 0
        for one, other in zip(json.loads(found), json.loads(expected), strict=True):
            assert (one["text"], one["classes"]) == (other["text"], other["classes"])
            np.testing.assert_allclose(one["probabilities"], other["probabilities"], atol=2e-6)
    channels = 1 if test.endswith(".tsv") else 2
    lengths = np.array([len(values) for values in sequences])
    x = np.full((len(lengths), lengths.max(), channels), np.float64(1e6))  # what stands in the padding
    for row, values in enumerate(sequences):
        x[row, : len(values)] = values[:, :channels]
    session = onnxruntime.InferenceSession("network.onnx")
    (probabilities,) = session.run(["probabilities"], {"features": x, "lengths": lengths})
    best = [max(answer["probabilities"]) for answer in json.loads(expected)]
    np.testing.assert_allclose(probabilities.max(1), best, atol=2e-6)


def test_evaluation_finds_the_same_scores(run, command):
    folder, _, _ = run
    code, out, _ = command("eval", folder, "--json")
    assert code == 0
    metrics = json.loads((folder / "run.json").read_text())["metrics"]
    found = json.loads(out)
    assert found["test/accuracy"] == pytest.approx(metrics["test/accuracy"])


@pytest.mark.slow
def test_a_sequence_is_explained_step_by_step(run, command, tmp_path):
    folder, test, (sequences, _) = run
    code, out, _ = command("explain", folder, "--file", test, "--out", "explained.png")
    assert code == 0
    assert (tmp_path / "explained.png").exists()
    assert f"{sequences[0][0, 0]:.4g}" in out
    assert out.count("slow") >= len(sequences[0])


def npz(path, y):
    sequences, _ = waves(2, 60)
    lengths = np.array([len(values) for values in sequences])
    x = np.stack([np.pad(values, ((0, lengths.max() - len(values)), (0, 0))) for values in sequences])
    np.savez(path, x=x, lengths=lengths, y=y(sequences))


TARGETS = {
    "regression": lambda sequences: np.array([1000 + 5 * values[:, 1].mean() for values in sequences]),
    "multilabel": lambda sequences: np.array(
        [[values[0, 0] > 0, values[-1, 1] > 50] for values in sequences], dtype=int
    ),
}


@pytest.mark.product(2)
@pytest.mark.parametrize("problem_type", TARGETS)
def test_numbers_and_several_labels_are_predicted_too(train, command, tmp_path, problem_type):
    npz(tmp_path / "train.npz", TARGETS[problem_type])
    assert (
        train("data=sequences", "data.path=train.npz", f"task={problem_type}", "task.baselines=true", *TINY)
        == 0
    )
    (run,) = (file.parent for file in tmp_path.glob("out/**/run.json"))
    record = json.loads((run / "run.json").read_text())
    assert record["status"] == "done"
    assert (
        set(record["baselines"])
        >= {"regression": {"mean", "ridge"}, "multilabel": {"majority", "linear_summary"}}[problem_type]
    )
    if problem_type == "regression":
        table = pd.read_csv(run / "predictions.csv")
        expected = np.mean((table["true"] - table["predicted"]) ** 2)
        assert record["metrics"]["test/mse"] == pytest.approx(expected, rel=1e-4)
    _, expected, _ = command("predict", run, "--file", "train.npz", "--json")
    assert command("export", run, "--to", "onnx", "--out", "network.onnx")[0] == 0
    code, found, _ = command("predict", "network.onnx", "--file", "train.npz", "--json")
    assert code == 0
    for one, other in zip(json.loads(found), json.loads(expected), strict=True):
        assert one.keys() == other.keys()
        for key, value in one.items():
            if isinstance(value, float):
                assert value == pytest.approx(other[key], rel=1e-5)
            else:
                assert str(value)[:12] == str(other[key])[:12]
