"""What every data set is: its name, its settings, the problem types that it supports."""

import pytest

from seqlab.data import Dataset
from seqlab.errors import ConfigError


class TwoTypes(Dataset):
    """Asked for a class or a number."""

    problem_types = ("classification", "regression")

    def load(self):
        return self.problem_type


class One(TwoTypes):
    """Asked as data sets of earlier versions said it."""

    task = "tagging"


def test_load_knows_the_problem_type_and_the_first_is_the_default():
    assert TwoTypes.task == "classification"
    assert [data.load() for data in (TwoTypes(), TwoTypes().for_problem("regression"))] == [
        "classification",
        "regression",
    ]


def test_a_class_with_only_a_task_has_one_problem_type():
    assert (One.problem_types, One().load()) == (("tagging",), "tagging")


def test_to_ask_changes_no_setting():
    data = TwoTypes(batch_size=7)
    assert data.for_problem("regression").model_dump() == data.model_dump()
    assert data.problem_type == "classification"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (TwoTypes(), "task=tagging does not suit data=TwoTypes; use task=classification or task=regression"),
        (One(), "task=regression does not suit data=One; use task=tagging"),
    ],
)
def test_an_unsupported_problem_type_is_refused_with_those_that_are_supported(data, said):
    problem_type = "regression" if isinstance(data, One) else "tagging"
    with pytest.raises(ConfigError, match=said):
        data.for_problem(problem_type)
