"""What was compared, in words: the networks, the data, the split, the seeds, the best, and the baselines."""

from collections.abc import Sequence

from seqlab.comparison.criteria import have_different_tokens
from seqlab.comparison.groups import Benchmark, Group, labelled

MEANINGS = {
    "majority": "always predicts what is most frequent in the training part",
    "token_majority": "gives every token the tag that it has most often in the training part",
    "char_ngrams": "is a linear model of the character n-grams of a text",
    "linear_summary": "is a linear model of the mean, spread, extremes and ends of each channel",
    "mean": "always predicts the mean of the training part",
    "median": "always predicts the median of the training part",
    "persistence": "repeats the last known value",
    "yesterday": "repeats the value at the same time of the last known day",
    "climatology": "forecasts the training part's mean for the hour and the season",
    "ridge": "is a linear (ridge) regression on the inputs of the network",
    "nlinear": "is a linear model of each target's own past, less its last value",
    "dlinear": "is a linear model of the trend and the rest of each target's own past",
    "boosting": "is gradient boosting on the inputs of the network",
    "ets": "is exponential smoothing of each series up to the forecast (statsforecast's AutoETS)",
    "theta": "is the Theta method on each series up to the forecast (statsforecast)",
    "auto_arima": "is a seasonal ARIMA model of each series up to the forecast (statsforecast's AutoARIMA)",
    "unigram": "knows only how frequent each token is in the training part",
    "ngram": "predicts the next token from the few before it, as counted in the training part",
    "lzma": "is what a general-purpose compressor makes of the same text",
}
"""What each baseline does; it follows the name."""


def in_words(benchmark: Benchmark) -> list[str]:
    """Return paragraphs that say what a benchmark's table compares; empty if no run is finished."""
    if not benchmark.groups:
        return []
    score = deciding(benchmark)
    kept = f"Of each run, the weights of the epoch with the best {_monitor(benchmark)} were kept. "
    found = [_networks(benchmark), kept * bool(_monitor(benchmark)) + _split(benchmark)]
    return [*found, *(_best(benchmark, score) if score else ()), *_baselines(benchmark, score)]


def deciding(benchmark: Benchmark) -> str | None:
    """Return the score by which groups are sorted, such as "test/accuracy"; None if no group has it."""
    names = [monitor.partition("/")[2] for monitor in benchmark.criteria.deciding]
    found = (f"{stage}/{name}" for stage in ("test", "val") for name in names)
    return next((name for name in found if any(group.values(name) for group in benchmark.groups)), None)


def listed(names: Sequence[str]) -> str:
    """Return ``a, b and c``."""
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def _networks(benchmark: Benchmark) -> str:
    groups = benchmark.groups
    names = listed([group.label for group in groups])
    data = benchmark.runs[0].record["data"].get("name", "the same data")
    many = f"{len(groups)} networks are compared on {data}: {names}."
    text = many if len(groups) > 1 else f"One network, {names}, was trained on {data}."
    if benchmark.is_sample:
        text += " The data are its small built-in sample, so the scores say nothing about the real data."
    each = {tuple(str(run.settings.get("seed")) for run in group.runs) for group in groups}
    if len(each) > 1:
        return f"{text} They were trained with different seeds; the table says with how many."
    (seeds,) = each
    text += " Each was trained" if len(groups) > 1 else " It was trained"
    if len(seeds) == 1:
        return f"{text} once, with seed {seeds[0]}: how much chance matters is not known."
    return (
        f"{text} {len(seeds)} times, with seeds {listed(seeds)}; a score is the mean over "
        "them, ± the standard deviation (n − 1)."
    )


def _split(benchmark: Benchmark) -> str:
    if have_different_tokens(benchmark.runs):
        return (
            "Scores are of the test part, which no network has seen in training. The networks predict "
            "different tokens, so a loss or a perplexity, which is of a token, does not tell which is better"
            + ("; bits per character do." if benchmark.criteria.deciding else ".")
        )
    sizes = [run.record["data"].get("sizes") for group in benchmark.groups for run in group.runs]
    if not isinstance(sizes[0], dict):
        return "Scores are of the test part, which no network has seen in training."
    if any(one != sizes[0] for one in sizes):
        return (
            "The runs do not all have the same split, so their scores are of different test samples: "
            "compare them with care."
        )
    train, val, test = (f"{sizes[0].get(split, 0):,}" for split in ("train", "val", "test"))
    return (
        f"Scores are of the {test} test samples, which no network has seen in training: {train} samples were "
        f"trained on, {val} chose the weights."
    )


def _best(benchmark: Benchmark, score: str) -> list[str]:
    first, *others = [group for group in benchmark.groups if group.values(score)]
    shown = benchmark.criteria.score(score)
    said = f"{first.label} has the best {shown.heading}, {shown.text(first.mean(score) or 0.0)}"
    if others:
        said += f"; next is {others[0].label} with {shown.text(others[0].mean(score) or 0.0)}"
    return [f"{said} ({shown.better} is better)."]


def _baselines(benchmark: Benchmark, score: str | None) -> list[str]:
    if not benchmark.baselines:
        return []
    names = dict.fromkeys(name.partition(" (")[0] for name in benchmark.baselines)
    told = [f"{name} {MEANINGS[name]}" for name in names if name in MEANINGS]
    said = ["A baseline shows what is possible without a network.", *[f"{'; '.join(told)}."] * bool(told)]
    for name, metrics in benchmark.baselines.items():
        if score in metrics:
            said.append(_against(benchmark, score, labelled(name, metrics), metrics[score]))
    return [" ".join(said)]


def _against(benchmark: Benchmark, score: str, name: str, value: float) -> str:
    """Return which networks have a better score than a baseline."""
    shown = benchmark.criteria.score(score)
    sign = -1 if shown.better == "lower" else 1

    def is_better(group: Group) -> bool:
        mean = group.mean(score)
        return mean is not None and sign * (mean - value) > 0

    better = [group.label for group in benchmark.groups if is_better(group)]
    is_every = len(better) == len(benchmark.groups)
    who = "every network" if is_every else listed(better or ["no network"])
    return f"Better than {name} ({shown.text(value)}): {who}."


def _monitor(benchmark: Benchmark) -> str:
    return listed(benchmark.criteria.monitors) if benchmark.criteria.monitors else ""
