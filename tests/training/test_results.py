"""Figures of a run in its folder and in its dashboard; what fails beside the scores does not end the run."""

import errno
from io import BytesIO

import numpy as np
import pytest
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from matplotlib.figure import Figure
from matplotlib.image import imread
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from seqlab.config.trainer import FiguresConfig
from seqlab.training.results import save_figures, save_tables


def test_the_dashboard_shows_the_pixels_of_the_file(tmp_path):
    figure = Figure(figsize=(2, 1.5), layout="constrained")
    figure.subplots().plot([1, 2, 4], label="loss")
    tensorboard = TensorBoardLogger(tmp_path / "dashboard", name="", version="")
    folder, loggers = tmp_path / "figures", [CSVLogger(tmp_path), tensorboard]
    save_figures(lambda: {"loss": figure}, folder, loggers, 7, FiguresConfig(dpi=90))
    tensorboard.finalize("success")
    pixels = imread(folder / "loss.png")
    assert pixels.shape[:2] == (1.5 * 90, 2 * 90)
    assert 0 < np.mean(pixels[..., :3] < 0.5) < 0.5  # lines on white
    events = EventAccumulator(tensorboard.log_dir, size_guidance={"images": 0})
    events.Reload()
    (shown,) = events.Images("loss")
    assert shown.step == 7
    assert imread(BytesIO(shown.encoded_image_string))[..., :3] == pytest.approx(pixels[..., :3])


def test_figures_are_files_of_the_formats_asked_for(tmp_path):
    figure = Figure(figsize=(2, 1.5))
    figure.subplots().plot([1, 2, 4])
    save_figures(lambda: {"loss": figure}, tmp_path, [], 0, FiguresConfig(format=["pdf", "svg"]))
    assert sorted(file.name for file in tmp_path.iterdir()) == ["loss.pdf", "loss.svg"]
    assert (tmp_path / "loss.pdf").read_bytes().startswith(b"%PDF")
    assert b"<svg" in (tmp_path / "loss.svg").read_bytes()
    assert FiguresConfig(format="pdf").format == ["pdf"]
    for wrong in ({"format": "jpg"}, {"format": []}, {"dpi": 0}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            FiguresConfig(**wrong)


def broken():
    raise ZeroDivisionError("nothing to divide by")


def test_a_figure_or_table_that_fails_is_said_and_ends_no_run(tmp_path, caplog):
    save_figures(broken, tmp_path / "figures", [], 0, FiguresConfig())
    save_tables(broken, tmp_path, 10, "csv", writes=True)
    figures, tables = caplog.messages
    assert figures.startswith(
        "not all figures of the run could be made: ZeroDivisionError: nothing to divide by"
    )
    assert tables.startswith(
        "not all tables of the run could be made: ZeroDivisionError: nothing to divide by"
    )


def test_a_full_disk_does(tmp_path):
    def full():
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        save_figures(full, tmp_path / "figures", [], 0, FiguresConfig())
