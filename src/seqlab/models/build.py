"""Making the data and the network from the configuration."""

from seqlab.config.schema import Config
from seqlab.data import DataSpec, SequenceData
from seqlab.models.causal import check_causal
from seqlab.models.lightning_module import SequenceModule
from seqlab.models.precision import weights_dtype


def make_data(config: Config) -> SequenceData:
    """Return the data module; nothing is read yet."""
    data = config.data.for_problem(config.task.problem_type, config.model.condition)
    return SequenceData(data, seed=config.seed)


def make_module(config: Config, spec: DataSpec, engine: str | None = None) -> SequenceModule:
    """Return the LightningModule, with the sizes of the data.

    Args:
        config: the whole configuration.
        spec: the description of the data.
        engine: the engine that a resumed run used; None for that of the configuration.

    Raises:
        EngineError: the requested engine cannot run the cell.
        ConfigError: the network of a language model sees the tokens that it predicts.
    """
    module = SequenceModule(
        spec=spec.as_dict(),
        model=config.model.model_dump() | {"engine": engine or config.engine},
        task=config.task.arguments,
        optimizer=config.optimizer.model_dump(),
        scheduler=config.scheduler.model_dump(),
    ).to(weights_dtype(config.trainer.precision))
    module.model.recurrent.choice()
    if module.task.is_causal:
        check_causal(module.model, spec.input_size)
    return module
