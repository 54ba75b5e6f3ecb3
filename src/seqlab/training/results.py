"""What a run saves beside its scores: figures, in its folder and in TensorBoard, and tables.

The scores are saved before, so nothing that fails here ends the run.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from lightning.pytorch.loggers import Logger, TensorBoardLogger

from seqlab.config.trainer import FiguresConfig
from seqlab.errors import SeqlabError, failure
from seqlab.tasks.tables import Format, Rows, write_tables

if TYPE_CHECKING:
    from matplotlib.figure import Figure

log = logging.getLogger(__name__)


def save_figures(
    draw: Callable[[], Mapping[str, "Figure"]],
    folder: Path,
    loggers: Iterable[Logger],
    step: int,
    files: FiguresConfig,
) -> None:
    """Draw figures and write them as files, and to TensorBoard if it is a logger of the run.

    Args:
        draw: a function that returns the figures by name.
        folder: the folder of the files, created if necessary.
        loggers: the loggers of the run.
        step: the step at which TensorBoard shows them.
        files: the formats of the files.
    """
    # Slow, and not needed before training.
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415
    from matplotlib.image import imsave  # noqa: PLC0415

    with _never_fatal("figures"):
        folder.mkdir(exist_ok=True)
        for name, figure in draw().items():
            figure.set_dpi(files.dpi)
            canvas = FigureCanvasAgg(figure)
            # Rendered once for both: this can take longer than a tiny run.
            canvas.draw()  # type: ignore[no-untyped-call]
            rgba = np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]
            pixels = np.ascontiguousarray(rgba[:, :, :3])
            if "png" in files.format:
                imsave(folder / f"{name}.png", pixels, dpi=files.dpi)
            for vector in set(files.format) - {"png"}:
                figure.savefig(folder / f"{name}.{vector}")
            for logger in loggers:
                if isinstance(logger, TensorBoardLogger):
                    logger.experiment.add_image(name, pixels, step, dataformats="HWC")


def save_tables(
    collect: Callable[[], Mapping[str, Rows]], folder: Path, most: int, predictions: Format, *, writes: bool
) -> None:
    """Collect tables, from all ranks, and write them as files.

    Args:
        collect: a function that returns the tables by name.
        folder: the folder of the files.
        most: the maximum number of rows of the predictions.
        predictions: the format of the predictions.
        writes: whether this rank writes.
    """
    with _never_fatal("tables"):
        tables = collect()
        if writes:
            write_tables(tables, folder, most, predictions)


@contextmanager
def _never_fatal(what: str) -> Iterator[None]:
    try:
        yield
    except (SeqlabError, OSError):  # a full disk: resuming the run writes them
        raise
    except Exception as error:  # noqa: BLE001 (it may be the user's code)
        log.warning("not all %s of the run could be made: %s", what, failure(error))
