"""Confusion matrices are scikit-learn's."""

import pandas as pd
import pytest
from sklearn.metrics import confusion_matrix

pytest.importorskip("plotly")

from seqlab.comparison.figures.confusion import confusion

CLASSES = ["NA", 'wide, "class"', "第一类：电子产品与家用电器配件及售后服务"]


def test_the_best_run_of_each_group_is_counted_as_scikit_learn_counts(classify, benchmark):
    for cell in ("gru", "rnn"):
        for seed in range(2):
            classify(cell, seed=seed, classes=CLASSES, model={"cell": cell})
    found, problems = benchmark(), []
    figures = confusion(found, problems).figures
    assert set(figures) == {("gru",), ("rnn",)}
    assert problems == []
    for group in found.groups:
        table = pd.read_csv(group.best.path / "predictions.csv", keep_default_na=False)
        expected = confusion_matrix(table["true"], table["predicted"], labels=CLASSES)
        (heatmap,) = figures[group.label,].data
        assert [[int(cell or 0) for cell in row] for row in heatmap.text] == expected.tolist()
        shares = confusion_matrix(table["true"], table["predicted"], labels=CLASSES, normalize="true")
        assert heatmap.z == pytest.approx(shares)


def test_classes_that_never_occur_have_a_row_and_titles_stand_beside_names(classify, benchmark):
    folder = classify("one", classes=["a", "b", "never"])
    (folder / "predictions.csv").write_text("text,true,predicted,probability\nx,a,b,1\nx,a,a,1\n")
    (folder / "classes.csv").write_text("class,title\na,first\nb,b\nnever,never\n")
    figure = confusion(benchmark(), []).figures["one",]
    assert [list(row) for row in figure.data[0].text] == [["1", "1", ""], ["", "", ""], ["", "", ""]]
    assert list(figure.layout.xaxis.ticktext) == ["a first", "b", "never"]
    assert list(figure.layout.yaxis.ticktext) == ["a first (2)", "b (0)", "never (0)"]
    assert figure.layout.title.text.replace("<br>", " ").endswith("accuracy 0.5000")


def test_long_names_are_cut_at_the_axes_but_whole_below_the_mouse(classify, benchmark):
    classify("one", classes=CLASSES)
    figure = confusion(benchmark(), []).figures["one",]
    assert figure.layout.xaxis.ticktext[2] == "第一类：电子产品与家用电…"
    counts = [sum(int(cell or 0) for cell in row) for row in figure.data[0].text]
    assert figure.layout.yaxis.ticktext[2] == f"第一类：电子产品与家用电… ({counts[2]})"
    assert figure.data[0].customdata[2][2][0] == CLASSES[2]


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda file: file.unlink(), "no confusion matrix, predictions.csv is missing"),
        (
            lambda file: file.write_text(file.read_text()[:-12]),
            "predictions.csv, line 81 is damaged or cut off",
        ),
    ],
)
def test_a_missing_or_damaged_table_is_named_and_the_others_are_drawn(classify, benchmark, damage, words):
    classify("good", model={"cell": "gru"})
    damage(classify("bad") / "predictions.csv")
    problems: list[str] = []
    assert list(confusion(benchmark(), problems).figures) == [("good",)]
    (problem,) = problems
    assert problem.startswith("bad/")
    assert words in problem


def test_the_whole_matrix_is_drawn_although_predictions_are_cut(classify, benchmark):
    folder = classify("one", classes=["a", "b"])
    (folder / "predictions.csv").write_text("text,true,predicted,probability\nx,a,b,1\n")
    (folder / "classes.csv").write_text("class,title,samples\na,a,7\nb,b,4\n")
    figure = confusion(benchmark(), []).figures["one",]
    assert "1 of 11 test samples" in figure.layout.title.text.replace("<br>", " ")
    (folder / "confusion.csv").write_text("true,predicted,samples\na,a,5\na,b,2\nb,b,4\n")
    figure = confusion(benchmark(), []).figures["one",]
    assert [list(row) for row in figure.data[0].text] == [["5", "2"], ["", "4"]]
    assert "samples" not in figure.layout.title.text
    (folder / "confusion.csv").write_text("true,predicted,samples\na,a,five\n")
    problems: list[str] = []
    assert not confusion(benchmark(), problems).figures
    assert "confusion.csv is damaged" in problems[0]
