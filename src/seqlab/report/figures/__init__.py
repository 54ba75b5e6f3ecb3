"""The figures of a report, by what is looked at: each module makes one gallery."""

from seqlab.report.figures.comparison import comparison
from seqlab.report.figures.confusion import confusion
from seqlab.report.figures.curves import curves
from seqlab.report.figures.forecasts import forecasts
from seqlab.report.figures.gallery import Gallery
from seqlab.report.figures.gradients import gradients
from seqlab.report.figures.horizon import horizon
from seqlab.report.groups import Question

__all__ = ["Gallery", "galleries"]


def galleries(question: Question, problems: list[str]) -> list[Gallery]:
    """Return the figures that the files of a question's runs allow; note in ``problems`` what is amiss."""
    made = (
        comparison(question),
        curves(question),
        confusion(question, problems),
        forecasts(question, problems),
        horizon(question, problems),
        gradients(question, problems),
    )
    return [gallery for gallery in made if gallery.figures]
