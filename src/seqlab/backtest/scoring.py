"""The scores of a fold: of the network, and of the baselines on the same windows."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from torch import Tensor

from seqlab.config.schema import Config
from seqlab.data import SequenceData
from seqlab.inference.evaluate import trainer_for
from seqlab.models.lightning_module import SequenceModule
from seqlab.tasks.baselines.forecasts import forecasts_of
from seqlab.tasks.baselines.names import USUAL, WINDOWS
from seqlab.tasks.losses import POINT

if TYPE_CHECKING:
    from seqlab.tasks.forecasting import Forecasting

MODEL = "model"
"""The name of the network among the forecasts."""
Scores = dict[str, dict[str, float]]
"""The scores of each forecast by its name."""


@dataclass(frozen=True)
class Scored:
    """The scores of some windows.

    Attributes:
        windows: how many they are.
        scores: of each forecast.
        paired: of the network on the windows of each baseline that forecasts only some, and how many
            (``windows``).
    """

    windows: int
    scores: Scores
    paired: Scores = field(default_factory=dict)


def scores_of(
    config: Config, module: SequenceModule, data: SequenceData, groups: Sequence[Tensor]
) -> list[Scored]:
    """Return the scores of groups of test windows.

    Args:
        config: the settings of the run.
        module: its network.
        data: its data.
        groups: the numbers of the windows of each group.
    """
    task = cast("Forecasting", module.task)
    trainer_for(config).test(module, datamodule=data, verbose=False)
    tested = task.collected("test")
    found = [Scored(len(ids), {MODEL: task.scored(tested.of_windows(ids))}) for ids in groups]
    chosen = config.task.baselines
    names = USUAL if chosen is True else chosen or ()
    for name, forecasts in forecasts_of(data, task.horizon, names):
        if isinstance(forecasts, str):
            continue
        for one, ids in zip(found, groups, strict=True):
            its = forecasts["test"].of_windows(ids)
            if not len(its.ids):
                continue
            one.scores[name] = task.scoring.scores(its, POINT)
            if (count := len(its.ids)) < one.windows:  # it takes long, or memory is not enough for all
                one.paired[name] = {WINDOWS: count, **task.scored(tested.of_windows(its.ids))}
    return found
