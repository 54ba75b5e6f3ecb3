"""What is answered to settings of data that cannot be, before a file is read."""

from .cases import OWN, SERIES, T

REFUSED = {
    "a misspelt separator": (OWN, {"separator": "semicolom"}, "data.separator | semicolom | semicolon"),
    "a separator by its sign": (OWN, {"separator": ";"}, "data.separator | comma | semicolon"),
    "a misspelt key": (OWN, {"seperator": "comma"}, "data.seperator | unknown | 'separator'"),
    "a misspelt encoding": (OWN, {"encoding": "utf9"}, "data.encoding | utf9 | gb18030"),
    "an encoding of other things": (OWN, {"encoding": "hex"}, "data.encoding | hex | gb18030"),
    "no such home": (OWN, {"path": "~nobody-here/mine.csv"}, "data.path | nobody-here"),
    "a text column without a name": (OWN, {"text": ""}, "data.text"),
    "no targets": (SERIES, {"targets": []}, "data.targets"),
    "a target twice": (SERIES, {"targets": [T, T]}, f"data.targets | {T}"),
    "a target that is no list": (SERIES, {"targets": {"a": 3}}, "data.targets | list"),
    "no steps": (SERIES, {"step_minutes": 0}, "data.step_minutes | 0"),
    "steps without end": (SERIES, {"step_minutes": float("inf")}, "data.step_minutes"),
    "a sentinel that is no number": (SERIES, {"sentinels": ["none"]}, "data.sentinels | none"),
    "duplicates misspelt": (SERIES, {"duplicates": "frist"}, "data.duplicates | first"),
    "shares of more than all": (SERIES, {"test_share": 0.95}, "val_share + test_share | below 1"),
}  # fmt: skip
"""Mistakes: the data set, the setting, and what the line must hold, parted by " | "."""
