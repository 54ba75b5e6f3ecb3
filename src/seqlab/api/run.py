"""A run, or an exported network, as an object: what it has measured, and what it predicts."""

from collections.abc import Mapping
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from seqlab.api.frames import of_history, of_rows, of_scores
from seqlab.api.given import file_of, texts_or_file
from seqlab.comparison.runs import Run as Record
from seqlab.comparison.runs import read_run
from seqlab.config.renamed import present_settings
from seqlab.errors import ConfigError, ExportError, RunError
from seqlab.io.safe_read import UnreadableError, read_yaml
from seqlab.runs.record import check_folder

if TYPE_CHECKING:
    from seqlab.models.lightning_module import SequenceModule
    from seqlab.models.predictor import Predictor
    from seqlab.runs.load import LoadedRun


def load(path: "str | Path | Run | Network", checkpoint: str = "best") -> "Run | Network":
    """Return a run by its folder, or a network by a file of ``seqlab export``.

    Args:
        path: the folder, or a .safetensors or .onnx file; or what ``load`` returned, which is read anew.
        checkpoint: of a folder, "best" or "last".

    Raises:
        SeqlabError: it is missing, or the folder is damaged.
        ConfigError: a file is asked for a checkpoint.
    """
    path = path.path if isinstance(path, Network) else Path(path).expanduser()
    if path.suffix not in (".safetensors", ".onnx"):
        return Run(path, checkpoint)
    if checkpoint != "best":
        raise ConfigError(f"checkpoint={checkpoint!r} is for run folders, and {path} is a file")
    return Network(path)


class Network:
    """A trained network with all that it needs to predict, from a file of ``seqlab export``.

    The file is read when it first predicts: only then is it found to be damaged, or to need a package.

    Args:
        path: a .safetensors or .onnx file.

    Raises:
        ExportError: it is missing.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.checkpoint = path.absolute(), "best"
        if not self.path.exists():
            raise ExportError(f"{path} does not exist; seqlab export makes one")

    @cached_property
    def predictor(self) -> "Predictor":
        """The network as a function from inputs to predictions.

        Raises:
            SeqlabError: the file is damaged, or needs a package that is not installed.
        """
        from seqlab.inference.predict import load as load_predictor  # noqa: PLC0415 (imports torch)

        return load_predictor(self.path)

    def predict(self, given: Any, top: int = 1, *, known: Any = None) -> pd.DataFrame:
        """Return the predictions for texts, sequences, or the next steps of a series.

        A column whose name another already has is followed by an underscore.

        Args:
            given: for a network that reads texts a text, several, or a ``pathlib.Path`` of a file with one a
                line; a str is never a path. For others a table with the columns of the training data, a
                DataFrame, a SequenceData or the path of a file; or sequences [N, T, F] or N arrays.
            top: how many classes of a text or sequence to return, the most probable first; other
                predictions are whole, of several labels the probabilities of all.
            known: for a network with ``data.known``, a table with these columns at the steps ahead.

        Returns:
            Rows in the order of what was given. Of a class, a row for each of the ``top``: text, class,
            probability. Of several labels: text, labels (a list), and the probability of each label by its
            name. Of tags, a row for each step: token, or the name of the sequence, then tag, probability. Of
            a number: text, value. Of a series, a row for each step that is forecast: series if there are
            several, time, each target by its name, and of calibrated intervals TARGET lower, TARGET upper.

        Raises:
            DataError: there is no input, a text is blank, or the table is malformed, too short, or lacks a
                column.
            ConfigError: arrays are no sequences, nothing is known ahead, or ``top`` is below 1.
        """
        from seqlab.inference.predict import predict  # noqa: PLC0415 (imports torch)

        if top < 1:
            raise ConfigError(f"top must be 1 or more, got {top}")
        texts, file = texts_or_file(self.predictor.spec.kind, given)
        if self.predictor.task.is_multilabel:
            top = len(self.predictor.spec.classes)
        return of_rows(
            predict(self.predictor, texts, file, top, known=None if known is None else file_of(known))
        )

    def generate(
        self,
        prompt: str = "",
        *,
        length: int = 500,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float = 1.0,
        seed: int | None = None,
        until: str | None = None,
        label: str | None = None,
    ) -> str:
        """Return a text that a language model writes, with the prompt it begins with.

        Args:
            prompt: the beginning of the text.
            length: tokens to write at most; a document may end before.
            temperature: of the logits; below 1 likely tokens are chosen more often, at 0 always the
                likeliest.
            top_k: choose among so many of the likeliest tokens; None for all.
            top_p: choose among the likeliest tokens that together have this probability.
            seed: the same seed writes the same text; None for another one each time.
            until: a text; where it is written, nothing more is.
            label: the class of the text, for a network that is told one (``model.condition=class``).

        Raises:
            ConfigError: the network is no language model, or an argument is out of range.
        """
        from seqlab.inference.generate import (  # noqa: PLC0415 (imports torch)
            Sampling,
            Writer,
            check_written,
            seeded,
        )

        sampling = Sampling(temperature, top_k, top_p)
        sampling.check()
        check_written(length, until)
        writer = Writer.of(self.path, self.checkpoint).told(label)
        written = writer.write(prompt, sampling, length=length, until=until, random=seeded(seed))
        return prompt + "".join(one.text for one in written)

    def __getstate__(self) -> dict[str, Any]:
        """Return where it is: a copy reads anew what it needs."""
        return {"path": self.path, "checkpoint": self.checkpoint}

    def __repr__(self) -> str:
        """Return the class and the file."""
        return f"{type(self).__name__}('{self.path}')"


class Run(Network):
    """A run that training has left in a folder.

    It is read once: of a run that still trains or was resumed, ``seqlab.load`` tells what is new.

    Args:
        path: the folder with run.json.
        checkpoint: the weights that predict, "best" or "last".

    Raises:
        RunError: the folder is missing or damaged.
    """

    def __init__(self, path: Path, checkpoint: str = "best") -> None:
        check_folder(path)
        super().__init__(path)
        self.checkpoint = checkpoint
        if self._read.status == "damaged":
            raise RunError(f"{path}: {self._read.reason}")

    @cached_property
    def _read(self) -> Record:
        return read_run(self.path)

    @property
    def name(self) -> str:
        """The name of the run: its experiment, or ``name=``."""
        return self._read.name

    @property
    def status(self) -> str:
        """One of running, died, done, interrupted, failed."""
        return self._read.status

    @property
    def record(self) -> Mapping[str, Any]:
        """What run.json says."""
        return self._read.record

    @property
    def metrics(self) -> dict[str, float]:
        """The scores of the best weights, such as "test/accuracy"."""
        return self._read.metrics

    @property
    def history(self) -> pd.DataFrame:
        """The scores of every epoch, from 0: a row an epoch, columns such as "train/loss", "val/accuracy"."""
        return of_history(self._read.history)

    @cached_property
    def config(self) -> dict[str, Any]:
        """The settings of the run: ``run.config["model"]["hidden_size"]``.

        Raises:
            RunError: config.yaml is missing or damaged.
        """
        try:
            found: dict[str, Any] = present_settings(read_yaml(self.path / "config.yaml"))
        except UnreadableError as error:
            raise RunError(f"{self.path / 'config.yaml'} {error}") from error
        return found

    @cached_property
    def _loaded(self) -> "LoadedRun":
        from seqlab.runs.load import load_run  # noqa: PLC0415 (imports torch)

        return load_run(self.path, self.checkpoint)

    def score(self, given: Any = None) -> dict[str, float]:
        """Return the scores of the weights on labelled data.

        Args:
            given: texts or sequences with labels, in a DataFrame or the path of a file with the columns of
                the training data, or a SequenceData, of which all that its ``path`` holds is scored; None for
                the run's own validation and test data, as ``seqlab eval``.

        Raises:
            DataError: the table is malformed, or has a class that the training had not; or the run's own data
                are no longer there.
            ConfigError: the run's data are scored from their own files alone.
        """
        from seqlab.inference.evaluate import evaluate, score_file  # noqa: PLC0415 (imports torch)
        from seqlab.io import console_log  # noqa: PLC0415 (imports Lightning)
        from seqlab.runs.load import load_run  # noqa: PLC0415 (imports torch)

        with console_log.kept():
            console_log.configure("quiet")
            if given is None:
                return evaluate(self.path, self.checkpoint)
            run = load_run(self.path, self.checkpoint, with_metrics=True)
            return score_file(run, file_of(given))

    @property
    def module(self) -> "SequenceModule":
        """The network with its weights, in evaluation mode."""
        return self._loaded.module

    @cached_property
    def predictor(self) -> "Predictor":
        """The network as a function from inputs to predictions."""
        from seqlab.models.predictor import Predictor  # noqa: PLC0415 (imports torch)

        return Predictor.of(self.module, self._loaded.spec, self._loaded.config.data)

    def __repr__(self) -> str:
        """Return the folder, the state, and the score of the test by which the run was chosen."""
        monitor = (self.record.get("task") or {}).get("monitor", "").partition("/")[2]
        score = self.metrics.get(f"test/{monitor}")
        shown = "" if score is None else f", test/{monitor} {score:.4f}"
        return f"Run('{self.path}', {self.status}{shown})"

    def _repr_html_(self) -> str:
        """Return the scores beside those of the baselines, as notebooks show them."""
        scores = of_scores(self.metrics, self.record.get("baselines", {}))
        table: str = scores.to_html(float_format="{:.4f}".format)
        return f"<p>{escape(self.name)}: {escape(repr(self))}</p>{table}"
