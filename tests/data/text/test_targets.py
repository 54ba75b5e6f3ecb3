"""What is asked of texts: classes, numbers, several labels."""

import numpy as np
import pytest

from seqlab.data import SequenceData, TextData
from seqlab.errors import DataError


class Given(TextData):
    """Texts and answers as a test gives them."""

    problem_types = ("classification", "regression", "multilabel")

    rows: list[tuple[str, object]]
    min_count: int = 1

    def records(self):
        yield from self.rows


def loaded(problem_type: str, rows: list, **settings: object) -> SequenceData:
    data = SequenceData(Given(rows=rows, **settings).for_problem(problem_type))
    data.setup()
    return data


def targets(data: SequenceData) -> dict[str, object]:
    return {
        data.describe(split, number): y
        for split, samples in data.samples.items()
        for number, y in enumerate(samples.y.tolist())
    }


def test_numbers_are_scaled_by_mean_and_deviation_of_the_training_texts():
    rows = [(f"text {number}", number * 0.5 - 3) for number in range(40)]
    data = loaded("regression", rows)
    spec, train = data.spec, [data.describe("train", number) for number in range(32)]
    numbers = np.array([dict(rows)[text] for text in train])
    assert (spec.task, spec.classes) == ("regression", ())
    assert (spec.target_mean, spec.target_std) == pytest.approx((numbers.mean(), numbers.std()))
    found = {text: y * spec.target_std + spec.target_mean for text, y in targets(data).items()}
    assert found == pytest.approx(dict(rows), abs=1e-5)
    assert spec.sizes == {"train": 32, "val": 4, "test": 4}


def test_a_batch_holds_the_numbers_not_rounded():
    data = loaded("regression", [(f"text {number}", 0.25 * number) for number in range(40)])
    assert data.samples["train"].batch(data.samples["train"].y.argsort()[:3]).y.is_floating_point()


@pytest.mark.parametrize("cut", ["grouped", "random_lines"])
def test_labels_are_a_column_of_zeros_and_ones_each(cut):
    rows = [(f"text {n}", [name for name in ("b", "a", "c") if n % {"a": 2, "b": 3, "c": 5}[name] == 0])
            for n in range(60)]  # fmt: skip
    data = loaded("multilabel", rows, split=cut)
    assert data.spec.classes == ("a", "b", "c")
    found = targets(data)
    assert found == {f"text {n}": [int(n % divisor == 0) for divisor in (2, 3, 5)] for n in range(60)}
    train = [found[data.describe("train", number)] for number in range(data.spec.sizes["train"])]
    assert data.spec.class_counts == tuple(np.sum(train, axis=0))


def test_every_split_has_its_part_of_the_rarest_labels():
    rows = [(f"text {n}", ["often"] * (n % 2) + ["rare"] * (n % 10 == 1)) for n in range(200)]
    data = loaded("multilabel", rows)
    assert {split: int(samples.y[:, 1].sum()) for split, samples in data.samples.items()} == {
        "train": 16,
        "val": 2,
        "test": 2,
    }


@pytest.mark.parametrize(
    ("problem_type", "rows", "said"),
    [
        ("regression", [("a", "x"), ("b", 2)], "column 'class' is 'x', which is no finite number"),
        ("regression", [("a", 3), ("b", 3.0)], "all texts have the number '3.0'"),
        ("multilabel", [("a", []), ("b", [])], "no text has a label"),
        ("classification", [("a", ["x"])], "must yield a text and its class"),
        ("classification", [("a", 1.5)], "must yield a text and its class"),
        ("classification", [(f"text {n}", f"class {n}") for n in range(60)], "60 classes in 60 texts"),
    ],
)
def test_labels_that_do_not_suit_the_problem_type_are_an_error(problem_type, rows, said):
    with pytest.raises(DataError, match=said):
        loaded(problem_type, rows)
