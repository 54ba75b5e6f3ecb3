"""What every data set is: its name, its settings, the questions that it can be asked."""

import pytest

from seqlab.data import Dataset
from seqlab.errors import ConfigError


class Several(Dataset):
    """Asked for a class or a number."""

    questions = ("classification", "regression")

    def load(self):
        return self.question


class One(Several):
    """Asked as data sets of earlier versions said it."""

    task = "tagging"


def test_load_knows_what_is_asked_and_the_first_question_is_the_default():
    assert Several.task == "classification"
    assert [data.load() for data in (Several(), Several().asking("regression"))] == [
        "classification",
        "regression",
    ]


def test_a_class_that_says_its_task_alone_has_one_question():
    assert (One.questions, One().load()) == (("tagging",), "tagging")


def test_to_ask_changes_no_setting():
    data = Several(batch_size=7)
    assert data.asking("regression").model_dump() == data.model_dump()
    assert data.question == "classification"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (Several(), "task=tagging does not suit data=Several; use task=classification or task=regression"),
        (One(), "task=regression does not suit data=One; use task=tagging"),
    ],
)
def test_a_question_without_an_answer_is_refused_with_those_that_have_one(data, said):
    question = "regression" if isinstance(data, One) else "tagging"
    with pytest.raises(ConfigError, match=said):
        data.asking(question)
