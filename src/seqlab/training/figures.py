"""Where the figures of a run go: its folder and its dashboard."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from lightning.pytorch.loggers import Logger, TensorBoardLogger
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.image import imsave

DPI = 120


def leave_figures(figures: Mapping[str, Figure], folder: Path, loggers: Iterable[Logger], step: int) -> None:
    """Write figures as PNG files and show them in TensorBoard, where it is a logger of the run.

    Args:
        figures: by the name of their file and of their image.
        folder: made if it is missing.
        loggers: those of the run.
        step: of the training, at which TensorBoard shows them.
    """
    folder.mkdir(exist_ok=True)
    for name, figure in figures.items():
        figure.set_dpi(DPI)
        canvas = FigureCanvasAgg(figure)
        # Drawn once for both: a tiny run takes less time than one of its figures.
        canvas.draw()  # type: ignore[no-untyped-call]
        rgba = np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]
        pixels = np.ascontiguousarray(rgba[:, :, :3])
        imsave(folder / f"{name}.png", pixels, dpi=DPI)
        for logger in loggers:
            if isinstance(logger, TensorBoardLogger):
                logger.experiment.add_image(name, pixels, step, dataformats="HWC")
