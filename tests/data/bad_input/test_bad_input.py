"""What is answered to malformed files: an error that says what to do, a counted warning, or nothing.

The cases stand in tables beside this file, one for each kind of data; `cases.py` says how to add one.
"""

import json
import logging
import os
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_module
from omegaconf import OmegaConf

from seqlab import cli
from seqlab.config.validation import validate
from seqlab.errors import ConfigError, DataError

from .cases import FOLDER, JENA, KINDS, NAMES, OWN, SERIES, SHOP, Case, error, fine, loaded, written
from .further import FURTHER_CASES, lines
from .names import NAMES_CASES, names
from .reviews import REVIEWS_CASES, reviews
from .settings import REFUSED
from .weather import WEATHER_CASES, weather

TABLES = {
    "names": (NAMES_CASES, (NAMES,)),
    "reviews": (REVIEWS_CASES, (SHOP, OWN)),
    "weather": (WEATHER_CASES, (JENA, SERIES)),
    "further": (FURTHER_CASES, (SHOP, OWN, JENA, SERIES)),
}
"""Each with the data sets that are asked, unless a case names others."""


def every() -> Iterator[tuple[str, Case, str]]:
    """Return every case with its name, for each data set that is asked."""
    for name, (table, usual) in TABLES.items():
        for item, cases in table.items():
            for case in cases:
                for kind in case.on or usual:
                    yield f"{name}: {item}{case.form and f' ({case.form})'} - {kind}", case, kind


ERRORS = [pytest.param(case, kind, id=name) for name, case, kind in every() if case.left is None]
OTHERS = [pytest.param(case, kind, id=name) for name, case, kind in every() if case.left is not None]
TYPED = {f"{name.split(':')[0]} - {kind}": (case, kind) for name, case, kind in every() if case.left is None}
"""One error of each table on each data set, the last: these go through the command line, too."""


@pytest.mark.parametrize(("case", "kind"), ERRORS)
def test_what_cannot_be_read_is_an_error_that_says_where_and_what_to_do(case, kind, tmp_path):
    settings = written(case, kind, tmp_path)
    with pytest.raises(DataError) as caught:
        loaded(settings, kind)
    message = str(caught.value).replace(str(tmp_path), "")
    file = case.file or KINDS[kind].file
    assert file in message or (case.content in (None, FOLDER) and "/files" in message)
    assert case.missing(message) == [], message
    assert len(message.splitlines()) == 1
    assert len(message) < 600
    advised = set(re.findall(r"data\.([a-z_]+)", message))
    assert advised <= set(KINDS[kind].make.model_fields), "advises a setting that this data set has not"


@pytest.mark.parametrize(("case", "kind"), OTHERS)
def test_what_can_be_read_is_read_and_what_is_odd_is_counted(case, kind, tmp_path, caplog):
    data = loaded(written(case, kind, tmp_path), kind)
    said = "\n".join(one.getMessage() for one in caplog.records if one.levelno >= logging.WARNING)
    assert case.says or not said, said
    assert case.missing(said) == [], said
    assert sum(data.spec.sizes.values()) == sum(map(len, data.samples.values())) == case.left
    assert case.check(data)


@cache
def composed(kind: str) -> dict[str, Any]:
    """Return the usual configuration for a data set."""
    with initialize_config_module("seqlab.conf", version_base="1.3"):
        made: Any = OmegaConf.to_container(compose("config", overrides=[f"data={kind}"]))
    return made


@pytest.mark.parametrize(("kind", "changed", "says"), REFUSED.values(), ids=REFUSED)
def test_a_setting_that_cannot_be_is_refused_before_the_file_is_read(kind, changed, says, tmp_path):
    usual = composed(kind)
    settings = written(error("", None, says), kind, tmp_path)
    with pytest.raises(ConfigError) as caught:
        validate({**usual, "data": {**usual["data"], **settings, **changed}})
    (line,) = str(caught.value).splitlines()
    assert error("", None, says).missing(line) == [], line


def typed(settings: dict[str, Any]) -> list[str]:
    return [f"data.{key}={'null' if value is None else repr(value)}" for key, value in settings.items()]


def complain_once(code: int, stderr: str, case: Case) -> None:
    assert code == 2, stderr
    assert "Traceback" not in stderr
    said = [line for line in stderr.splitlines() if not line.startswith("warning: ")]
    assert 1 <= len(said) <= 2
    assert all(line.startswith("seqlab: ") for line in said)
    assert case.missing(stderr) == [], stderr
    assert list(Path("out").rglob("*")) == []


@pytest.mark.parametrize(("case", "kind"), TYPED.values(), ids=TYPED)
def test_the_command_answers_in_a_line_and_leaves_nothing(case, kind, train, tmp_path, capfd):
    settings = written(case, kind, tmp_path)
    code = train(f"data={kind}", *typed(settings), "verbosity=quiet")
    complain_once(code, capfd.readouterr().err, case)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
@pytest.mark.parametrize("place", ["file", "folder"])
@pytest.mark.parametrize(
    ("kind", "content", "file"),
    [
        (NAMES, names(), ""),
        (SHOP, reviews(), ""),
        (OWN, reviews(), ""),
        (OWN, lines(), "mine.jsonl"),
        (OWN, names(), ""),
        (JENA, weather(), ""),
        (SERIES, weather(), ""),
    ],
)
def test_a_file_that_may_not_be_read_is_an_error_that_names_it(kind, content, file, place, tmp_path):
    settings = written(error("", content, "", file=file), kind, tmp_path)
    locked = [*(tmp_path / "files").iterdir()] if place == "file" else [tmp_path / "files"]
    for path in locked:
        path.chmod(0)
    try:
        with pytest.raises(DataError, match="files"):
            loaded(settings, kind)
    finally:
        for path in locked:
            path.chmod(0o755)


@pytest.mark.slow
def test_characters_that_training_had_not_are_all_one_and_are_counted(train, tmp_path, monkeypatch, capfd):
    settings = written(fine("", names(), 20), NAMES, tmp_path)
    quick = ("trainer.max_epochs=1", "model.hidden_size=4", "callbacks=none", "logger=none")
    assert train("data=names", *typed(settings), *quick, "task.baselines=false", "verbosity=quiet") == 0
    (record,) = Path("out").rglob("run.json")
    capfd.readouterr()
    monkeypatch.setattr(sys, "argv", ["seqlab", "predict", str(record.parent), "ΩaЖ", "ЖaΩ", "--json"])
    assert cli.main() == 0
    answer = capfd.readouterr()
    first, second = json.loads(answer.out)
    assert first["probabilities"] == second["probabilities"]
    assert "2 characters did not occur in training: Ω Ж" in answer.err
