"""The linear model that suits the inputs: of texts or of numbers, to classes, labels or numbers."""

from seqlab.data import SequenceData
from seqlab.tasks.baselines.features import linear_summary, ridge
from seqlab.tasks.baselines.text import Scoring, Target, char_ngrams_of, scored
from seqlab.tasks.score import BaselineScores


def linear(data: SequenceData, scoring: Scoring, target: Target = "class") -> BaselineScores:
    """Return the name of the linear model for such inputs, and its scores on validation and test.

    Args:
        data: the data, set up.
        scoring: the function that scores predictions.
        target: what is predicted.
    """
    is_text = data.spec.kind == "tokens"
    if target == "class" and len(set(data.samples["train"].y.tolist())) < 2:  # noqa: PLR2004 (nothing to tell apart)
        return {"char_ngrams" if is_text else "linear_summary": "not fitted to a single class"}
    if is_text:
        return {"char_ngrams": char_ngrams_of(data, scoring, target)}
    if target == "number":
        y = {split: samples.y.double().numpy() for split, samples in data.samples.items()}
        return {"ridge": scored(ridge(data, y.pop("train")), y, scoring)}
    return {"linear_summary": linear_summary(data, scoring)}
