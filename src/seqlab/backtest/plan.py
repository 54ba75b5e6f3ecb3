"""What a backtest is asked for, and where its results are."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from seqlab.backtest.folds import Fold, Growth
from seqlab.backtest.scoring import Scores
from seqlab.config.schema import OF_THE_COMMAND, Config
from seqlab.data.series.dataset import SeriesData
from seqlab.errors import ConfigError, RunError
from seqlab.io.cache import key_of
from seqlab.io.files import replacing
from seqlab.io.safe_read import UnreadableError, parse_json, read_text

RESULTS = "backtest.json"
"""The file in the folder of a backtest with what is done of it."""


@dataclass(frozen=True)
class Plan:
    """A backtest.

    Attributes:
        config: the settings of the forecaster.
        run: the folder of the trained run; None if it is to be trained.
        folds: how many folds.
        refit: whether a network is trained for each fold.
        window: how the training part grows from fold to fold.
        folder: of the results; None for one below ``paths.output_dir``, the same for the same backtest.
    """

    config: Config
    run: Path | None
    folds: int
    refit: bool
    window: Growth
    folder: Path | None = None

    def check(self) -> None:
        """Refuse what is no forecaster of a series that goes on.

        Raises:
            ConfigError: it is none.
        """
        data, task = self.config.data, self.config.task
        if task.name != "forecasting" or not isinstance(data, SeriesData):
            raise ConfigError(f"a backtest is of forecasts, and data={data.name} is for task={task.name}")
        if data.split != "time":
            raise ConfigError(f"a backtest follows the time, and data.split={data.split} does not; use time")
        if self.window == "sliding" and not self.refit:
            raise ConfigError("--window sliding is about the training of each fold; ask for --refit too")

    @property
    def key(self) -> str:
        """What tells this backtest from others."""
        settings = self.config.model_dump(mode="json", exclude={*OF_THE_COMMAND, "paths", "verbosity"})
        run = None if self.run is None else str(self.run.resolve())
        return key_of([settings, run, self.folds, self.refit, self.window])[:8]

    @property
    def path(self) -> Path:
        """The folder of its results."""
        usual = Path(self.config.paths.output_dir) / "backtests" / f"{self.config.title}-{self.key}"
        return self.folder or usual


@dataclass
class Result:
    """What came of a fold.

    Attributes:
        fold: its number.
        first: the first time that it forecasts.
        last: the last one.
        windows: how many windows it scores.
        scores: of each forecast; none if it failed.
        error: why it failed; "" if it did not.
    """

    fold: int
    first: str
    last: str
    windows: int = 0
    scores: Scores = field(default_factory=dict)
    error: str = ""


def read_results(plan: Plan) -> dict[int, Result]:
    """Return the results of the folds that are done, by their numbers.

    Raises:
        RunError: the folder has another backtest, or its results are damaged.
    """
    file = plan.path / RESULTS
    if not file.exists():
        return {}
    try:
        content: Any = parse_json(read_text(file))
        if content["key"] != plan.key:
            raise RunError(f"{plan.path} has a backtest with other settings; choose another --folder")
        found = [Result(**one) for one in content["folds"]]
    except (UnreadableError, KeyError, TypeError) as error:
        raise RunError(f"{file} is damaged ({error}); remove it, or choose another --folder") from error
    return {one.fold: one for one in found if not one.error}


def write_results(plan: Plan, results: Sequence[Result], summary: Any = None) -> None:
    """Write the results of folds, and the summary of all if there is one."""
    plan.path.mkdir(parents=True, exist_ok=True)
    content = {
        "key": plan.key,
        "name": plan.config.title,
        "refit": plan.refit,
        "window": plan.window,
        "folds": [asdict(one) for one in results],
        "summary": summary,
    }
    with replacing(plan.path / RESULTS) as draft:
        draft.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def result_of(fold: Fold, span: tuple[str, str], **fields: Any) -> Result:
    """Return the result of a fold."""
    return Result(fold.number, *span, **fields)
