"""Carrying out a backtest: one network for all folds, or one for each; what is done is not done again."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch

from seqlab.backtest.folds import Fold, Folds
from seqlab.backtest.plan import Plan, Result, claimed, result_of, write_results
from seqlab.backtest.scoring import scores_of
from seqlab.config.schema import Config
from seqlab.data import SequenceData
from seqlab.errors import DataError, SeqlabError, failure
from seqlab.inference.evaluate import data_of
from seqlab.models.build import make_data
from seqlab.runs.load import LoadedRun, load_run
from seqlab.runs.record import recorded
from seqlab.tasks.baselines.names import check_installed
from seqlab.training.fit import train

log = logging.getLogger(__name__)


def run_backtest(plan: Plan) -> tuple[Plan, list[Result]]:
    """Return the backtest with the hash of its data, and the results of all folds.

    Those that failed have an error, and no scores.

    Raises:
        SeqlabError: the settings or data are wrong, or the one network of all folds cannot be trained.
    """
    plan.check()
    check_installed(plan.config.task.baselines)
    run = load_run(plan.run, with_metrics=True) if plan.run and not plan.refit else None
    data = data_of(run)[1] if run else make_data(plan.config)
    folds, plan = Folds(data, plan.folds), replace(plan, data=data.spec.sha256)
    done = claimed(plan)
    waiting = [fold for fold in folds.all if fold.number not in done]
    if waiting and not plan.refit:
        run = run or _trained(plan.config, plan.trained(1))
        done |= _with_one_network(run, data, folds, waiting)
    for fold in waiting if plan.refit else ():
        done[fold.number] = _refitted(plan, folds, fold)
        write_results(plan, _in_order(done))
    return plan, _in_order(done)


def _in_order(results: dict[int, Result]) -> list[Result]:
    return [results[number] for number in sorted(results)]


def _with_one_network(
    run: LoadedRun, data: SequenceData, folds: Folds, waiting: Sequence[Fold]
) -> dict[int, Result]:
    """Return the results of folds that one network forecasts, which was trained before the first one."""
    ids = {fold.number: folds.ids(fold) for fold in waiting}
    scored = iter(scores_of(run.config, run.module, data, [its for its in ids.values() if len(its)]))
    found = {}
    for fold in waiting:
        result = vars(next(scored)) if len(ids[fold.number]) else {"error": "it has no window"}
        found[fold.number] = result_of(fold, folds.span(fold), **result)
    return found


def _refitted(plan: Plan, folds: Folds, fold: Fold) -> Result:
    """Return the result of a fold with a network of its own; if that fails the others do not."""
    span = folds.span(fold)
    log.info("fold %s of %s: %s to %s", fold.number, plan.folds, *span)
    try:
        borders = folds.borders(fold, plan.window)
        config = plan.config.model_copy(update={"data": plan.config.data.model_copy(update=borders)})
        run = _trained(config, plan.trained(fold.number))
        data = data_of(run)[1]
        if data.spec.sha256 != plan.data:
            raise DataError("the data have changed since the backtest began")  # noqa: TRY301 (a fold fails)
        windows = torch.arange(len(data.samples["test"]))
        (scored,) = scores_of(run.config, run.module, data, [windows])
    except Exception as error:  # noqa: BLE001 (whatever it is, the other folds go on)
        reason = str(error) if isinstance(error, SeqlabError) else failure(error)
        log.warning("fold %s failed: %s", fold.number, reason)
        return result_of(fold, span, error=reason)
    return result_of(fold, span, **vars(scored))


def _trained(config: Config, folder: Path) -> LoadedRun:
    """Return a run, which is trained, or resumed, unless it is done."""
    if recorded(folder).get("status") != "done":
        train(config, folder, resume=True)
    checkpoint = "best" if recorded(folder).get("best_checkpoint") else "last"  # without validation
    return load_run(folder, checkpoint, with_metrics=True)
