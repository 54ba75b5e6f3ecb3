"""From the configuration to the data and the network."""

from seqlab.config import Config
from seqlab.data import DataSpec, SequenceData
from seqlab.models.causal import check_causal
from seqlab.models.lightning_module import SequenceModule
from seqlab.models.precision import weights_dtype


def make_data(config: Config) -> SequenceData:
    """Return the data module; nothing is read yet."""
    return SequenceData(config.data.for_problem(config.task.problem_type), seed=config.seed)


def make_module(config: Config, spec: DataSpec, engine: str | None = None) -> SequenceModule:
    """Return the LightningModule whose sizes fit the data.

    Args:
        config: the whole configuration.
        spec: what the data declare.
        engine: that a run which goes on has used; None for what the configuration says.

    Raises:
        EngineError: the engine asked for cannot run the cell.
        ConfigError: the network of a language model sees what it predicts.
    """
    module = SequenceModule(
        spec=spec.as_dict(),
        model=config.model.model_dump() | {"engine": engine or config.engine},
        task=config.task.arguments,
        optimizer=config.optimizer.model_dump(),
        scheduler=config.scheduler.model_dump(),
    ).to(weights_dtype(config.trainer.precision))
    module.model.recurrent.choice()
    if config.task.problem_type == "language_model":
        check_causal(module.model, spec.input_size)
    return module
