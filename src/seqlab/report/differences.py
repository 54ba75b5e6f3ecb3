"""Which settings tell runs apart?"""

from collections import Counter
from collections.abc import Sequence

from seqlab.report.runs import Run

COLUMNS = 4
"""Differing settings up to which each has a column of its own."""

GROUPS = ("model", "data", "task", "optimizer", "scheduler", "trainer", "callbacks")
"""Settings that can change a result; the seed too."""

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
    "callbacks.score_drawn",
}
"""Settings that have a column of their own, or do not change a result."""


def relevant(run: Run, *, seed: bool) -> dict[str, str]:
    """Return the settings that can change a run's result, as text, with or without its seed."""
    kept = {
        key: str(value)
        for key, value in run.settings.items()
        if key.partition(".")[0] in GROUPS and "." in key and key not in ELSEWHERE
    }
    return kept | ({"seed": str(run.settings.get("seed"))} if seed else {})


def tell_apart(runs: Sequence[Run], *, seed: bool) -> tuple[list[dict[str, str]], list[str]]:
    """Say for each run what tells it from the others.

    Returns:
        What is shown, by column: a few settings, or one column of what is unusual. And a label for each run:
        its cell and what is unusual about it.
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
    return shown, [
        f"{run.record.get('cell', '')} {text}".strip() for run, text in zip(runs, unusual, strict=True)
    ]


def _differing(settings: Sequence[dict[str, str]]) -> list[str]:
    """Return the keys that differ between all runs, or between those of one optimizer or scheduler.

    What one optimizer has and another has not is no difference beside their names.
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
    """Return the most frequent value; nothing, if some runs have none."""
    return "" if "" in values else Counter(values).most_common(1)[0][0]


def _short(keys: Sequence[str]) -> dict[str, str]:
    """Return a name for each key: its last part, its group for a name, the whole if two would be the same."""
    short = {}
    for key in keys:
        group, _, name = key.rpartition(".")
        short[key] = group if name == "name" else name
    often = Counter(short.values())
    return {key: name if often[name] == 1 else key for key, name in short.items()}
