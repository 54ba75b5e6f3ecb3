"""Evaluating a finished run again, from its folder."""

from pathlib import Path

from lightning.pytorch import Trainer

from seqlab.config.schema import Config
from seqlab.data import BatchLoader, SequenceData
from seqlab.data.module import EVALUATION
from seqlab.errors import ConfigError, DataError
from seqlab.models.build import make_data
from seqlab.models.precision import for_lightning
from seqlab.runs.load import LoadedRun, load_run


def evaluate(path: Path, checkpoint: str = "best", root: str | None = None) -> dict[str, float]:
    """Return the scores of a run's weights on its validation and test data.

    Args:
        path: the run folder.
        checkpoint: "best" or "last".
        root: the folder of the data, if they have moved since training.

    Raises:
        RunError: the folder is damaged.
        DataError: the data are missing, or are not those of the training.
        ConfigError: ``root`` is given for generated data.
    """
    run = load_run(path, checkpoint, with_metrics=True)
    config, data = data_of(run, root)
    trainer = trainer_for(config)
    trainer.validate(run.module, datamodule=data, verbose=False)
    trainer.test(run.module, datamodule=data, verbose=False)
    return run.module.scores("val", "test")


def data_of(run: LoadedRun, root: str | None = None) -> tuple[Config, SequenceData]:
    """Return a run's settings with the place where its data are, and the data, set up.

    Args:
        run: the run.
        root: the folder of the data, if they have moved since training.

    Raises:
        DataError: the data are missing, or are not those of the training.
        ConfigError: ``root`` is given for generated data.
    """
    config = run.config
    recorded = run.record.get("data", {}).get("path")
    if root is None and recorded and Path(recorded).exists():
        root = recorded
    if root is not None:
        if config.data.place is None:
            raise ConfigError(f"data={config.data.name} is generated and has no files; leave --root out")
        moved = config.data.model_copy(update={config.data.place: root})
        config = config.model_copy(update={"data": moved})
    data = make_data(config)
    data.setup()
    if data.spec.sha256 != run.record.get("data", {}).get("sha256") or data.spec.meaning != run.spec.meaning:
        raise DataError(
            f"{data.spec.origin} differs from the data of {run.path}; give the right folder with --root"
        )
    return config, data


def score_file(run: LoadedRun, file: Path) -> dict[str, float]:
    """Return the scores of a run's weights on a file with the columns of its training data.

    Args:
        run: the run, loaded with its metrics.
        file: a table, or arrays; with labels.

    Raises:
        DataError: the file is missing or malformed, or has a class that the training had not.
        ConfigError: the run's data are scored from their own files alone.
    """
    samples = run.spec.labelled(run.config.data.for_problem(run.spec.task), file)
    trainer_for(run.config).test(run.module, BatchLoader(samples, EVALUATION), verbose=False)
    return run.module.scores("test")


def trainer_for(config: Config) -> Trainer:
    """Return a trainer that only scores."""
    return Trainer(
        accelerator=config.trainer.accelerator,
        devices=1,
        precision=for_lightning(config.trainer.precision),
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        use_distributed_sampler=False,
    )
