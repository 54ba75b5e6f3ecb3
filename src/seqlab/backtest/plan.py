"""What a backtest is asked for, and where its results are."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from seqlab.backtest.folds import Fold, Growth
from seqlab.backtest.scoring import MODEL, Scores
from seqlab.config.schema import OF_THE_COMMAND, Config
from seqlab.data.series.dataset import SeriesData
from seqlab.errors import ConfigError, RunError
from seqlab.io.cache import key_of
from seqlab.io.files import replacing, resolved
from seqlab.io.safe_read import UnreadableError, parse_json, read_text
from seqlab.runs.paths import check_writable
from seqlab.runs.record import RECORD
from seqlab.tasks.baselines.names import WINDOWS

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
        data: the SHA-256 of the data; "" until they are read.
    """

    config: Config
    run: Path | None
    folds: int
    refit: bool
    window: Growth
    folder: Path | None = None
    data: str = ""

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

    def trained(self, fold: int) -> Path:
        """The folder of the run that forecasts a fold, if it is trained for this backtest."""
        return self.path / (f"fold_{fold}" if self.refit else "run")


@dataclass
class Result:
    """What came of a fold.

    Attributes:
        fold: its number.
        first: the first time that it forecasts.
        last: the last one.
        windows: how many windows it scores.
        scores: of each forecast; none if it failed.
        paired: the scores of the network on the windows of each baseline that forecasts only some, and how
            many (``windows``).
        error: why it failed; "" if it did not.
    """

    fold: int
    first: str
    last: str
    windows: int = 0
    scores: Scores = field(default_factory=dict)
    paired: Scores = field(default_factory=dict)
    error: str = ""

    def windows_of(self, name: str) -> int:
        """Return on how many windows a forecast is scored."""
        return int(self.paired[name][WINDOWS]) if name in self.paired else self.windows

    def difference(self, name: str, score: str) -> float:
        """Return a score of the network minus that of a baseline, on the same windows."""
        ours = self.paired.get(name, self.scores[MODEL])
        return ours[score] - self.scores[name][score]


def claimed(plan: Plan) -> dict[int, Result]:
    """Make a folder that of a backtest; return the results of the folds that are done, by their numbers.

    Raises:
        RunError: the folder has another backtest, or a run of one, or its results are damaged.
    """
    file = plan.path / RESULTS
    if not file.exists():
        _refuse_run(plan)
        write_results(plan, [])  # before any training: a run that stands there is of this backtest
        return {}
    try:
        content: Any = parse_json(read_text(file))
        key, data = content["key"], content["data"]
        found = [Result(**one) for one in content["folds"]]
    except (UnreadableError, KeyError, TypeError) as error:
        raise RunError(
            f"{file} is damaged ({error}); remove {plan.path}, or choose another --folder"
        ) from error
    if key != plan.key:
        raise RunError(f"{plan.path} has a backtest with other settings; choose another --folder")
    if data != plan.data:
        raise RunError(f"the data are not those of the backtest in {plan.path}; choose another --folder")
    return {one.fold: one for one in found if not one.error}


def _refuse_run(plan: Plan) -> None:
    """Refuse a folder where a run stands that would be taken for one of this backtest.

    Raises:
        RunError: there is one.
    """
    if plan.run and not plan.refit:
        return  # none is trained
    for number in range(1, plan.folds + 1):
        run = plan.trained(number)
        if (run / RECORD).exists():
            raise RunError(
                f"{run} is a run, and no {RESULTS} says of which backtest; choose another --folder"
            )


def write_results(plan: Plan, results: Sequence[Result], summary: Any = None) -> None:
    """Write the results of folds, and the summary of all if there is one."""
    check_writable(resolved(plan.path))
    content = {
        "key": plan.key,
        "data": plan.data,
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
