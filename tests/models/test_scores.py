"""Scores of a SequenceModule: those of scikit-learn, and what is logged when."""

import pytest
import torch
from sklearn.metrics import accuracy_score, f1_score
from torch.nn import functional

from seqlab.errors import ConfigError

from .small import Journal, loader_of, module_of, rows_of, trainer_of

# What Lightning says of training without validation.
pytestmark = pytest.mark.filterwarnings("ignore:You defined a `validation_step` but have no `val_dataloader`")


def test_scores_equal_scikit_learns_on_samples_answered_one_by_one():
    module = module_of().eval()
    rows, y = rows_of(29)
    logits = torch.cat([module(torch.tensor([row]), torch.tensor([len(row)])) for row in rows]).detach()
    predicted = logits.argmax(1)
    options = {"labels": range(3), "average": "macro", "zero_division": 0}
    for stage in ("validate", "test"):
        trainer = trainer_of()
        getattr(trainer, stage)(module, loader_of(29, order="sequential"), verbose=False)
        found, prefix = trainer.callback_metrics, {"validate": "val", "test": "test"}[stage]
        assert float(found[f"{prefix}/accuracy"]) == pytest.approx(accuracy_score(y, predicted))
        assert float(found[f"{prefix}/f1_macro"]) == pytest.approx(f1_score(y, predicted, **options))
        assert float(found[f"{prefix}/loss"]) == pytest.approx(
            float(functional.cross_entropy(logits, torch.tensor(y)))
        )
    assert [row["text"] for row in module.task.tables(str)["predictions"]] == [
        str(sample) for sample in range(29)
    ]


@pytest.mark.parametrize(
    ("loss", "what"), [(None, "NoneType"), (0.5, "float"), (torch.ones(8), "a tensor of 8 numbers")]
)
def test_a_step_that_does_not_return_the_mean_loss_is_refused(loss, what):
    module = module_of()
    module.task.step = lambda *_: loss
    with pytest.raises(ConfigError) as refused:
        trainer_of().fit(module, loader_of(8))
    assert str(refused.value) == f"task Classification: step returns {what}, not the mean loss"


@pytest.mark.parametrize("found", [None, {"accuracy": 0.5}])
def test_scores_without_a_loss_are_refused(found):
    module = module_of()
    module.task.compute = lambda _: found
    with pytest.raises(ConfigError) as refused:
        trainer_of().validate(module, loader_of(8), verbose=False)
    assert str(refused.value) == ("task Classification: compute('val') returns no 'loss'; add the mean loss")


def test_a_second_test_loader_is_scored_apart_and_leaves_no_predictions():
    module = module_of()
    trainer_of().test(
        module, [loader_of(29, order="sequential"), loader_of(12, order="balanced")], verbose=False
    )
    assert int(module.task.counts("test").sum()) == 29
    assert int(module.task.counts("balanced").sum()) == 12
    assert len(module.task.tables(str)["predictions"]) == 29


def test_training_scores_are_those_of_one_epoch():
    module = module_of(optimizer={"name": "sgd", "lr": 1e-12})
    trainer = trainer_of(epochs=3)
    trainer.fit(module, loader_of(24))
    rows, y = rows_of(24)
    logits = torch.cat([module(torch.tensor([row]), torch.tensor([len(row)])) for row in rows])
    accuracy = accuracy_score(y, logits.argmax(1))
    assert float(trainer.callback_metrics["train/accuracy"]) == pytest.approx(accuracy)
    assert int(module.task.counts("train").sum()) == 24


def test_validate_and_test_return_the_scores_as_they_are_and_predict_the_probabilities():
    module, trainer = module_of(), trainer_of()
    rows, y = rows_of(20)
    logits = torch.cat([module.eval()(torch.tensor([row]), torch.tensor([len(row)])) for row in rows])
    for stage, scored in (("val", trainer.validate), ("test", trainer.test)):
        (found,) = scored(module, loader_of(20, order="sequential"), verbose=False)
        assert found == module.scores(stage)
        assert found[f"{stage}/f1_macro"] == pytest.approx(
            f1_score(y, logits.argmax(1), average="macro"), rel=1e-12
        )
    answers = torch.cat(trainer.predict(module, loader_of(20, order="given")))
    torch.testing.assert_close(answers, logits.softmax(1))


def test_validation_and_test_are_logged_once_at_the_last_step():
    journal = Journal()
    trainer = trainer_of(logger=journal, epochs=2)
    module = module_of()
    trainer.fit(module, loader_of(16), loader_of(16))
    journal.rows.clear()
    trainer.test(module, loader_of(16), verbose=False)
    ((step, row),) = journal.rows
    assert step == trainer.global_step == 4
    assert row == module.scores("test") | {"epoch": 2}


def test_what_lightning_tries_before_training_is_not_logged():
    journal = Journal()
    trainer = trainer_of(logger=journal, num_sanity_val_steps=2)
    trainer.fit(module_of(), loader_of(16), loader_of(16))
    assert list(journal.values("val/loss")) == [1]
