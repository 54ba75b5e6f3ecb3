"""seqlab eval RUN --with RUN: the mean of outputs, scored as scikit-learn does, of the same samples alone."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, f1_score, log_loss

from seqlab.models.build import make_data
from seqlab.models.predictor import Predictor
from seqlab.runs.load import load_run

NAMES = ("data=names", "data.source=sample", "trainer.max_epochs=1", "callbacks=none", "task.baselines=false")
SMALL = ("model.hidden_size=8", "verbosity=quiet")
SERIES = ("data=jena_climate", "data.source=sample", "data.input_days=1", "data.horizon_days=0.25")
FEW = ("trainer.limit_train_batches=2", "trainer.max_epochs=1", "callbacks=none", "task.baselines=false")


@pytest.fixture
def names(trained) -> list[Path]:
    """Return networks of other cells, which read other tokens of the same names."""
    other = ("model=gru", "data.ngrams=2", "model.encoder=ngrams", "task.label_smoothing=0.1", "seed=1")
    return [trained(*NAMES, *SMALL), trained(*NAMES, *SMALL, *other)]


def outputs_of(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return the logarithms of the probabilities of a run's test samples, and their classes."""
    run = load_run(path)
    data = make_data(run.config)
    data.setup()
    batch = data.samples["test"].batch(torch.arange(len(data.samples["test"])))
    answers = Predictor.of(run.module, run.spec, run.config.data).predict(batch.x, batch.lengths)
    return np.log(answers.double().numpy()), batch.y.numpy()


def test_the_mean_of_two_networks_is_scored_as_scikit_learn_does(names, command):
    (one, true), (other, same) = map(outputs_of, names)
    assert (true == same).all()
    mean = np.exp((one + other) / 2)
    mean /= mean.sum(1, keepdims=True)
    code, shown, _ = command("eval", names[0], "--with", names[1], "--json")
    assert code == 0
    scores = json.loads(shown)
    classes = range(mean.shape[1])
    guess = mean.argmax(1)
    assert scores["test/accuracy"] == pytest.approx(accuracy_score(true, guess), abs=1e-6)
    f1 = f1_score(true, guess, labels=classes, average="macro", zero_division=0)
    assert scores["test/f1_macro"] == pytest.approx(f1, abs=1e-6)
    assert scores["test/loss"] == pytest.approx(log_loss(true, mean, labels=classes), rel=1e-5)


@pytest.mark.parametrize("task", ["names", "series"])
def test_a_network_with_itself_is_itself(trained, command, task):
    run = trained(*(NAMES if task == "names" else (*SERIES, *FEW)), *SMALL)
    _, alone, _ = command("eval", run, "--json")
    code, shown, warnings = command("eval", run, "--with", run, run, "--json")
    assert code == 0
    assert len(warnings.splitlines()) == len(set(warnings.splitlines()))  # their data are read once
    assert json.loads(shown) == pytest.approx(json.loads(alone), rel=1e-5, abs=1e-6)


@pytest.mark.parametrize(
    ("base", "settings"),
    [
        ((*NAMES, *SMALL), "data.split_seed=1"),
        ((*NAMES, *SMALL), "data.ascii=true"),
        ((*SERIES, *FEW, *SMALL), "task.residual=none"),
        ((*SERIES, *FEW, *SMALL), "model.instance_norm=last"),
    ],
    ids=["split", "names", "residual", "norm"],
)
def test_networks_that_predict_something_else_are_refused(trained, command, base, settings):
    run, other = trained(*base), trained(*base, settings)
    code, shown, complaint = command("eval", run, "--with", other)
    assert (code, shown) == (2, "")
    *warnings, line = complaint.splitlines()
    assert line.startswith(f"seqlab: {other} does not predict the same as {run}; give runs with")
    assert not any(one.startswith("seqlab: ") for one in warnings)


def test_networks_that_carry_states_are_refused(trained, command, tmp_path):
    text = {"some.txt": "to be or not to be\n" * 200}
    run = trained("data=text_file", "data.path=some.txt", "data.steps=8", *FEW, *SMALL, **text)
    code, shown, complaint = command("eval", run, "--with", run)
    assert (code, shown) == (2, "")
    assert complaint == f"seqlab: {run} carries states from batch to batch, which an ensemble cannot\n"
