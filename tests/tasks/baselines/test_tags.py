"""Baselines of tagging, counted by scikit-learn."""

import pytest
from sklearn.metrics import accuracy_score

from seqlab.data import SequenceData, Tagged
from seqlab.tasks.baselines.tags import tag_baselines


@pytest.mark.parametrize("tags", [("NOUN", "VERB"), ("B-LOC", "O")])
def test_tags_are_scored_whether_they_are_of_spans_or_not(tmp_path, tags):
    of_word = {"sun": tags[0], "goes": tags[1], "house": tags[0]}
    spelled = [[list(of_word)[n // 3**place % 3] for place in range(4)] for n in range(81)]
    sentences = ["\n".join(f"{word} {of_word[word]}" for word in words) for words in spelled]
    (tmp_path / "tags.conll").write_text("\n\n".join(sentences) + "\n")
    data = SequenceData(Tagged(path=str(tmp_path / "tags.conll")))
    data.setup()
    found = tag_baselines(data, data.spec.classes)
    true = [data.spec.classes[number] for number in data.samples["test"].y.tolist()]
    usual = tags[0]  # two of three words have it
    assert found["majority"]["test/accuracy"] == pytest.approx(accuracy_score(true, [usual] * len(true)))
    assert found["token_majority"]["test/accuracy"] == 1.0
    assert ("test/span_f1" in found["token_majority"]) == (tags[1] == "O")
