"""Saving the figures of a run, in its folder and in TensorBoard."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from lightning.pytorch.loggers import Logger, TensorBoardLogger
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.image import imsave

DPI = 120


def save_figures(figures: Mapping[str, Figure], folder: Path, loggers: Iterable[Logger], step: int) -> None:
    """Write figures as PNG files, and to TensorBoard if it is a logger of the run.

    Args:
        figures: the figures by name.
        folder: the folder of the files, created if necessary.
        loggers: the loggers of the run.
        step: the step at which TensorBoard shows them.
    """
    folder.mkdir(exist_ok=True)
    for name, figure in figures.items():
        figure.set_dpi(DPI)
        canvas = FigureCanvasAgg(figure)
        # Rendered once for both: this can take longer than a tiny run.
        canvas.draw()  # type: ignore[no-untyped-call]
        rgba = np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]
        pixels = np.ascontiguousarray(rgba[:, :, :3])
        imsave(folder / f"{name}.png", pixels, dpi=DPI)
        for logger in loggers:
            if isinstance(logger, TensorBoardLogger):
                logger.experiment.add_image(name, pixels, step, dataformats="HWC")
