"""What is a good answer? Loss, metrics, figures and baselines of each kind of question."""

from seqlab.tasks.classification import Classification
from seqlab.tasks.confusion import ConfusionMatrix, class_scores, scores

__all__ = ["Classification", "ConfusionMatrix", "class_scores", "scores"]
