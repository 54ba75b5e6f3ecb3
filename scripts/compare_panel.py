"""What does one network of many series, and knowing holidays ahead, bring? On a panel that is made up.

Run:  python scripts/compare_panel.py [--local 10] [--epochs 5] [--seed 0] [--out FOLDER] [--check]

The generator was written down before anything was trained: 200 series of 500 days. Series s has the level
l_s, between 1 and 1,000, uniform in its logarithm, and on day t the value

    l_s · week_s(t) · ½^holiday_s(t) · exp(0.1 ε),    week_s(t) = exp(a_s w[t mod 7]),

with w = (0.0, 0.1, −0.1, 0.0, 0.2, 0.4, −0.6), a_s uniform in [½, 1½], ε standard normal, and holidays of its
own, each day with probability 5 %. The last fifth of each series is the test, the tenth before it the
validation; a network reads 28 days and forecasts 7.

(a) One network of all series is compared, on a random 10 of them (--local), with a network for each, of the
same sizes and settings and as many steps of the optimizer, in smaller batches. Every network keeps the
weights that are best on its validation part, and knows the holidays ahead.
(b) The network that knows the holidays ahead (data.known) is compared with one that reads them only as past.

Prints the mean absolute scaled error (MASE: over the mean change from day to day of the series' training
part), and the ratio of two of them with its 95 % interval, paired: series are drawn again with replacement.
With --check the exit code is 1 unless (a) is at most 0.9, and (b), on holidays, at most 0.5.
"""

import argparse
import sys
import tempfile
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

import seqlab
from seqlab.data import Series

SERIES, DAYS, READ, ASKED = 200, 500, 28, 7
TRAINED = round(0.7 * DAYS)
WEEK = np.array([0.0, 0.1, -0.1, 0.0, 0.2, 0.4, -0.6])
NETWORK = ["model=gru", "model.hidden_size=32", "optimizer.lr=5e-3", "trainer.gradient_clip_val=1"]
QUIET = ["logger=none", "verbosity=quiet", "callbacks.figures=false", "callbacks.predictions=1000000"]
QUIET += ["task.baselines=false"]
HOLIDAYS = 0.05
"""Probability of each day to be one."""
BATCHES = {"all": 256, "one": 16}
LOCAL_EPOCHS = SERIES * BATCHES["one"] // BATCHES["all"]
"""Times as many epochs for a network of one series, so that it has as many batches."""
RESAMPLES = 2000


@dataclass(frozen=True)
class Panel:
    """The series side by side.

    Attributes:
        sold: what is forecast, [S, days].
        holidays: 1 on a holiday of the series, else 0, [S, days].
    """

    sold: np.ndarray
    holidays: np.ndarray

    @classmethod
    def made(cls, seed: int) -> "Panel":
        """Return what the generator makes."""
        random = np.random.default_rng(seed)
        levels = np.exp(random.uniform(0, np.log(1000), (SERIES, 1)))
        weeks = np.exp(random.uniform(0.5, 1.5, (SERIES, 1)) * WEEK[np.arange(DAYS) % 7])
        holidays = random.random((SERIES, DAYS)) < HOLIDAYS
        noise = np.exp(0.1 * random.normal(size=(SERIES, DAYS)))
        return cls(levels * weeks * np.where(holidays, 0.5, 1) * noise, holidays.astype(int))

    @property
    def naive(self) -> np.ndarray:
        """The mean change from day to day in the training part of each series, [S]."""
        changes: np.ndarray = np.abs(np.diff(self.sold[:, :TRAINED])).mean(1)
        return changes

    def table(self, chosen: np.ndarray) -> pd.DataFrame:
        """Return some of the series as a table with a row for each day of each."""
        days = np.datetime64("2024-01-01") + np.arange(DAYS)
        return pd.DataFrame(
            {
                "series": np.repeat([f"s{number:03}" for number in chosen], DAYS),
                "day": np.tile(days, len(chosen)),
                "value": self.sold[chosen].ravel(),
                "holiday": self.holidays[chosen].ravel(),
            }
        )


def errors_of(panel: Panel, chosen: np.ndarray, settings: list[str], *, known: bool) -> pd.DataFrame:
    """Train one network on some series; return its scaled test errors: series, is_holiday, error."""
    data = Series.from_frame(
        panel.table(chosen),
        targets="value",
        time="day",
        series_id="series",
        scaling="series",
        known=["holiday"] if known else [],
        input_steps=READ,
        horizon_steps=ASKED,
        val_share=0.1,
        test_share=0.2,
    )
    with redirect_stdout(sys.stderr):  # the summary of each run
        run = seqlab.train(*NETWORK, *QUIET, *settings, data=data)
    found = pd.read_csv(run.path / "predictions.csv")
    series = found["series"].str[1:].astype(int).to_numpy()
    day = pd.to_datetime(found["after"]) + pd.to_timedelta(found["hours_ahead"], unit="h")
    number = (day - pd.Timestamp("2024-01-01")).dt.days.to_numpy()
    true = panel.sold[series, number]
    if not np.allclose(true, found["true"], rtol=1e-3):
        raise AssertionError("the run has other truths than the panel")
    error = np.abs(found["predicted"].to_numpy() - true) / panel.naive[series]
    return pd.DataFrame({"series": series, "is_holiday": panel.holidays[series, number] > 0, "error": error})


def by_series(errors: pd.DataFrame) -> pd.Series:
    """Return the MASE of each series."""
    return errors.groupby("series")["error"].mean()


def ratio(first: pd.Series, second: pd.Series, random: np.random.Generator) -> tuple[float, float, float]:
    """Return the ratio of two mean errors of the same series, and the ends of its 95 % interval."""
    second = second.loc[first.index]
    drawn = random.integers(len(first), size=(RESAMPLES, len(first)))
    ratios = first.to_numpy()[drawn].mean(1) / second.to_numpy()[drawn].mean(1)
    return float(first.mean() / second.mean()), *map(float, np.quantile(ratios, [0.025, 0.975]))


def main(arguments: list[str] | None = None) -> int:
    """Print both comparisons; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--local", type=int, default=10, help="series with a network of their own")
    parser.add_argument("--epochs", type=int, default=5, help="of a network of all series")
    parser.add_argument("--seed", type=int, default=0, help="of the panel and the networks")
    parser.add_argument("--out", type=Path, help="where the runs are kept; otherwise they are removed")
    parser.add_argument("--check", action="store_true", help="exit with 1 unless both goals are reached")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as temporary:
        common = [f"seed={options.seed}", f"paths.output_dir={options.out or temporary}"]
        return compare(options, common)


def compare(options: argparse.Namespace, common: list[str]) -> int:
    """Train and print; return the exit code."""
    panel, random = Panel.made(options.seed), np.random.default_rng(options.seed)
    every, some = np.arange(SERIES), np.sort(random.permutation(SERIES)[: options.local])
    of_all = [*common, f"trainer.max_epochs={options.epochs}", f"data.batch_size={BATCHES['all']}"]
    of_one = [
        *common,
        f"trainer.max_epochs={LOCAL_EPOCHS * options.epochs}",
        f"data.batch_size={BATCHES['one']}",
    ]
    known = errors_of(panel, every, of_all, known=True)
    past = errors_of(panel, every, of_all, known=False)
    local = pd.concat([errors_of(panel, some[[place]], of_one, known=True) for place in range(len(some))])
    days = [errors[errors["is_holiday"]] for errors in (known, past)]
    compared = {
        f"(a) one network of {SERIES} series / one for each, {len(some)} series": (
            by_series(known)[some],
            by_series(local),
            0.9,
        ),
        f"(b) holidays known ahead / not, on holidays, {SERIES} series": (*map(by_series, days), 0.5),
        f"    the same on all days, {SERIES} series": (by_series(known), by_series(past), np.inf),
    }
    print("| | MASE | of the other | ratio (95 % interval) |\n| :-- | --: | --: | --: |")
    missed = False
    for name, (first, second, most) in compared.items():
        value, low, high = ratio(first, second, random)
        print(
            f"| {name} | {first.mean():.3f} | {second.mean():.3f} | {value:.3f} ({low:.3f} to {high:.3f}) |"
        )
        missed |= value > most
    return int(options.check and missed)


if __name__ == "__main__":
    sys.exit(main())
