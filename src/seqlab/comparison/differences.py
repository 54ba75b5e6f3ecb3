"""The settings that differ between runs."""

from collections import Counter
from collections.abc import Sequence

from seqlab.comparison.runs import Run

COLUMNS = 4
"""With more differing settings than this, they share one column."""

GROUPS = ("model", "data", "task", "optimizer", "scheduler", "trainer", "callbacks")
"""Sections of settings that can change a result; the seed can too."""

ELSEWHERE = {
    "model.cell",
    "data.name",
    "task.name",
    "data.root",
    "data.source",
    "data.url",
    "data.path",
    "task.baselines",
    "trainer.accelerator",
    "trainer.detect_anomaly",
    "trainer.devices",
    "trainer.log_every_n_steps",
    "trainer.num_nodes",
    "trainer.profiler",
    "trainer.strategy",
    "callbacks.diagnostics_every",
    "callbacks.diagnostics_samples",
    "callbacks.figures",
    "callbacks.predictions",
    "callbacks.predictions_format",
    "callbacks.score_balanced",
}
"""Settings in these sections that do not change a result, or already have a column.

Of devices, nodes and strategy counts how many processes they come to, which a run records.
"""
WORLD_SIZE = "trainer.world_size"
"""Stands for the recorded number of processes: each has batches of ``data.batch_size``."""


def relevant(run: Run, *, seed: bool) -> dict[str, str]:
    """Return what can change a run's result, as text: settings and processes, with or without its seed."""
    kept = {
        key: str(value)
        for key, value in run.settings.items()
        if key.partition(".")[0] in GROUPS and "." in key and key not in ELSEWHERE
    }
    kept[WORLD_SIZE] = str(run.record.get("world_size", 1))
    return kept | ({"seed": str(run.settings.get("seed"))} if seed else {})


def tell_apart(
    runs: Sequence[Run], called: Sequence[str], *, seed: bool
) -> tuple[list[dict[str, str]], list[str]]:
    """Return how each run differs from the others.

    Args:
        runs: the runs.
        called: their names.
        seed: whether their seeds tell them apart.

    Returns:
        For each run the settings to show, by column: a few settings, or one column of unusual values. And for
        each run a label: its name, and behind it its unusual values if others have the same name.
    """
    settings = [relevant(run, seed=seed) for run in runs]
    differing = _differing(settings)
    names = _short(differing)
    usual = {key: _usual([one.get(key, "") for one in settings]) for key in differing}
    unusual = [
        " ".join(f"{names[key]}={one[key]}" for key in differing if one.get(key, "") not in ("", usual[key]))
        for one in settings
    ]
    if len(differing) <= COLUMNS:
        shown = [{names[key]: one.get(key, "") for key in differing} for one in settings]
    else:
        shown = [{"settings": text} for text in unusual]
    often = Counter(called)
    return shown, [
        name if often[name] == 1 else f"{name} {text}".strip()
        for name, text in zip(called, unusual, strict=True)
    ]


def _differing(settings: Sequence[dict[str, str]]) -> list[str]:
    """Return the keys that differ between the runs; those of an optimizer only between runs that use it.

    A setting that only one of two optimizers has adds nothing to the difference between their names.
    """
    keys = list(dict.fromkeys(key for one in settings for key in one))
    found = []
    for key in keys:
        section = key.partition(".")[0]
        values: dict[str, set[str]] = {}
        for one in settings:
            values.setdefault(one.get(f"{section}.name", ""), set()).add(one.get(key, ""))
        is_everywhere = all(key in one for one in settings)
        if any(len(some) > 1 for some in values.values()) or (
            is_everywhere and len(set().union(*values.values())) > 1
        ):
            found.append(key)
    return found


def _usual(values: Sequence[str]) -> str:
    """Return the most frequent value; "" if some runs have none."""
    return "" if "" in values else Counter(values).most_common(1)[0][0]


def _short(keys: Sequence[str]) -> dict[str, str]:
    """Return a short name for each key: its last part, its group for ``….name``, all of it if ambiguous."""
    short = {}
    for key in keys:
        group, _, name = key.rpartition(".")
        short[key] = group if name == "name" else name
    often = Counter(short.values())
    return {key: name if often[name] == 1 else key for key, name in short.items()}
