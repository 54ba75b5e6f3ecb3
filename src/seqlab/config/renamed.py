"""Former names of settings, values and scores, which still work in this release, with a warning.

Other names of settings that are understood without one are in ``ALIASES``.
"""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from seqlab.io.terminal import tell

KEYS = {
    "callbacks.score_drawn": "callbacks.score_balanced",
    "data.marks": "data.bos_eos",
}
"""Settings by their former names."""
VALUES = {
    "data.split": {"honest": "grouped"},
    "data.sampling": {"by_class": "balanced"},
}
"""Values of settings by their former names."""
ALIASES = {f"model.cell.{name}": f"model.{name}" for name in ("zoneout", "recurrent_dropout", "weight_drop")}
"""What is typed for a setting of the cell, which is a name and has no settings of its own."""
STAGES = {"drawn": "balanced"}
"""The stages of scores by their former names, as in "drawn/accuracy"."""
OVERRIDE = re.compile(r"([+~]*)([^=]+)(=?)(.*)", re.DOTALL)


def present_overrides(overrides: Iterable[str], *, warns: bool = False) -> list[str]:
    """Return overrides with present names; if ``warns``, print a warning for every former name."""
    return [_override(override, warns=warns) for override in overrides]


def present_settings(raw: Mapping[str, Any], *, warns: bool = False) -> dict[str, Any]:
    """Return settings with present names; other mistakes are left alone.

    Args:
        raw: the sections of a configuration by name, such as "data".
        warns: whether to print a warning for every former name.
    """
    found = {name: dict(value) if isinstance(value, Mapping) else value for name, value in raw.items()}
    for former, present in KEYS.items():
        group, key = former.split(".")
        if isinstance(section := found.get(group), dict) and key in section:
            section[present.split(".")[1]] = section.pop(key)
            _warn(former, present, warns=warns)
    for setting, names in VALUES.items():
        group, key = setting.split(".")
        section = found.get(group)
        value = section.get(key) if isinstance(section, dict) else None
        if isinstance(section, dict) and isinstance(value, str) and value in names:
            section[key] = names[value]
            _warn(f"{setting}={value}", f"{setting}={names[value]}", warns=warns)
    return found


def present_scores(scores: Mapping[str, Any]) -> dict[str, Any]:
    """Return scores with the present names of their stages."""
    split = {name: name.partition("/") for name in scores}
    return {
        f"{STAGES.get(stage, stage)}{slash}{rest}": scores[name]
        for name, (stage, slash, rest) in split.items()
    }


def _override(override: str, *, warns: bool) -> str:
    match = None if override.startswith("-") else OVERRIDE.fullmatch(override)
    if match is None:
        return override
    prefix, key, equals, value = match.groups()
    key = ALIASES.get(key, key)
    override = f"{prefix}{key}{equals}{value}"
    present = KEYS.get(key, key)
    for former, name in VALUES.get(present, {}).items():
        value = re.sub(rf"\b{former}\b", name, value)
    changed = f"{prefix}{present}{equals}{value}"
    if changed != override:
        _warn(override, changed, warns=warns)
    return changed


def _warn(former: str, present: str, *, warns: bool) -> None:
    if warns:
        _warn_once(f"warning: {former} is now {present}; the former name works only in this release")


@cache
def _warn_once(line: str) -> None:
    tell(line)
