"""The figures of a report: each module makes one gallery."""

from seqlab.comparison.figures.comparison import comparison
from seqlab.comparison.figures.confusion import confusion
from seqlab.comparison.figures.curves import curves
from seqlab.comparison.figures.forecasts import forecasts
from seqlab.comparison.figures.gallery import Gallery
from seqlab.comparison.figures.gradients import gradients
from seqlab.comparison.figures.horizon import horizon
from seqlab.comparison.groups import Benchmark

__all__ = ["Gallery", "galleries"]

OF_PREDICTIONS = {"confusion": confusion, "forecasts": forecasts, "horizon": horizon}
"""Galleries made of the tables of single predictions; a task names those that suit it."""


def galleries(benchmark: Benchmark, problems: list[str]) -> list[Gallery]:
    """Return the figures that the files of a benchmark's runs allow; add what is missing to ``problems``."""
    found = benchmark.criteria.galleries
    of_predictions = [make(benchmark, problems) for name, make in OF_PREDICTIONS.items() if name in found]
    made = (comparison(benchmark), curves(benchmark), *of_predictions, gradients(benchmark, problems))
    return [gallery for gallery in made if gallery.figures]
