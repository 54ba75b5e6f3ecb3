"""Further tables: pairs and classes as the runs' files have them."""

import pandas as pd

from seqlab.comparison.details import details


def test_every_class_of_every_group_has_a_row(classify, benchmark):
    for cell in ("gru", "rnn"):
        classify(cell, model={"cell": cell}, classes=("猫", "狗"))
    *_, sheet = details(benchmark())
    assert sheet.title == "Every class"
    assert [row[:2] for row in sheet.rows] == [
        [group.label, name] for group in benchmark().groups for name in ("猫", "狗")
    ]
    table = pd.read_csv(benchmark().groups[0].best.path / "classes.csv")
    assert [int(row[-1]) for row in sheet.rows[:2]] == list(table["samples"])


def test_pairs_are_signed_and_said_to_be_clear_or_not(classify, benchmark):
    for name, right in (("good", "cat"), ("bad", "dog")):
        folder = classify(name, accuracy=float(right == "cat"), model={"cell": name})
        answers = {"text": range(50), "true": "cat", "predicted": right}
        pd.DataFrame(answers).to_csv(folder / "predictions.csv", index=False)
    pairs, _ = details(benchmark())
    assert pairs.rows == [["good", "bad", "+1.0000", "+1.0000 to +1.0000", "yes"]]


def test_runs_of_an_earlier_version_have_no_classes(classify, benchmark):
    folder = classify("one")
    (folder / "classes.csv").write_text("class,title\ncat,cat\n")
    assert details(benchmark()) == []
