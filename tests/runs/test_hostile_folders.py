# ruff: noqa: E501 (a table of attacks, one a line)
"""Run folders whose settings, records and tables are broken or made to do harm."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

Damage = Callable[[Path], Any]


def text(content: str | bytes) -> Damage:
    return lambda file: file.write_bytes(content if isinstance(content, bytes) else content.encode())


def settings(**changes: Any) -> Damage:
    """Return what changes the settings; ``model__hidden_size`` is a key of a section."""

    def damage(file: Path) -> None:
        found = yaml.safe_load(file.read_text())
        for name, value in changes.items():
            section, _, key = name.rpartition("__")
            (found[section] if section else found)[key] = value
        file.write_text(yaml.safe_dump(found))

    return damage


def record(**changes: Any) -> Damage:
    return lambda file: file.write_text(json.dumps(json.loads(file.read_text()) | changes))


def special(make: Damage) -> Damage:
    def damage(file: Path) -> None:
        file.unlink()
        make(file)

    return damage


def module_inside(file: Path) -> None:
    (file.parent / "payload.py").write_text("open('executed', 'w')")
    settings(imports=[".".join(file.parent.parts) + ".payload"])(file)


ALIASES = "\n".join(
    [
        "a: &a [x, x, x, x, x, x, x, x, x, x]",
        *(f"{b}: &{b} [{', '.join([f'*{a}'] * 10)}]" for a, b in zip("abcdefgh", "bcdefghi", strict=True)),
    ]
)
MERGED = "\n".join(
    [
        "a: &a {x: 1}",
        *(
            f"{b}: &{b} {{<<: [{', '.join([f'*{a}'] * 10)}]}}"
            for a, b in zip("abcdefgh", "bcdefghi", strict=True)
        ),
    ]
)
DATA = {"name": "names", "source": "sample"}

HOSTILE: dict[str, tuple[str, Damage, str]] = {
    "no settings": ("config.yaml", Path.unlink, "is missing"),
    "a link for settings": ("config.yaml", special(lambda file: file.symlink_to("run.log")), "is a link"),
    "a pipe for settings": ("config.yaml", special(os.mkfifo), "is a pipe"),
    "a folder for settings": ("config.yaml", special(Path.mkdir), "is a folder"),
    "17 MB of settings": ("config.yaml", text("x: " + "x" * 2**24), "more than the"),
    "settings of which 10⁹ are aliases": ("config.yaml", text(ALIASES), "has an alias, *a"),
    "settings merged 10⁸ times": ("config.yaml", text(MERGED), "has an alias, *a"),
    "100,000 settings in one another": ("config.yaml", text("[" * 100_000), "nest"),
    "settings cut off": ("config.yaml", text("model: ["), "is not YAML (line 2"),
    "a list of settings": ("config.yaml", text("- a"), "settings"),
    "empty settings": ("config.yaml", text(""), "settings"),
    "settings in Latin-1": ("config.yaml", text("a: é".encode("latin-1")), "is not UTF-8 at byte 3"),
    "bytes for settings": ("config.yaml", text(bytes(range(128))), "is not YAML"),
    "a call in settings": ("config.yaml", text("a: !!python/object/apply:os.system ['touch executed']"), "is not YAML"),
    "the 31st of February": ("config.yaml", text("a: 2026-02-31"), "is not YAML"),
    "a seed that is a list": ("config.yaml", settings(seed=[1]), "seed"),
    "no record": ("run.json", text(""), "is not JSON"),
    "a link for a record": ("run.json", special(lambda file: file.symlink_to("run.log")), "is a link"),
    "a pipe for a record": ("run.json", special(os.mkfifo), "is a pipe"),
    "a folder for a record": ("run.json", special(Path.mkdir), "is a folder"),
    "a record of 17 MB": ("run.json", text(b"x" * (2**24 + 1)), "more than the 16,777,216"),
    "a record in one another": ("run.json", text('{"x":' * 100_000), "is nested too deeply"),
    "a record cut off": ("run.json", text('{"status": "do'), "is not JSON"),
    "a record in UTF-16": ("run.json", text("{}".encode("utf-16")), "is not UTF-8 at byte 0"),
    "a list for a record": ("run.json", text("[]"), "is not the record of a run"),
    "half a character": ("run.json", text('{"error": "\\ud800"}'), "is not JSON"),
    "a number of 5000 digits": ("run.json", text('{"x": ' + "9" * 5000 + "}"), "is not JSON"),
    "data that are a list": ("run.json", record(data=[]), "is damaged: 'data'"),
    "a source that is a number": ("run.json", record(data=DATA | {"source": 3}), "is damaged: 'data.source'"),
    "a path that is a list": ("run.json", record(data=DATA | {"path": [1]}), "is damaged: 'data.path'"),
    "targets that are a number": ("run.json", record(data=DATA | {"series": {"targets": 3}}), "is damaged: 'data.series.targets'"),
    "scores that are words": ("run.json", record(metrics={"test/accuracy": "good"}), "is damaged: 'metrics.test/accuracy'"),
    "baselines that are a list": ("run.json", record(baselines=[1]), "is damaged: 'baselines'"),
    "a count of words": ("run.json", record(parameters="many"), "is damaged: 'parameters'"),
    "a status that is a list": ("run.json", record(status=["done"]), "is damaged: 'status'"),
    "a later format": ("run.json", record(format=2), "has format 2 of seqlab 0"),
    "a format that is a word": ("run.json", record(format="new"), "has format 'new' of seqlab 0"),
}  # fmt: skip
"""What no command can use."""

UNUSABLE: dict[str, tuple[Damage, str]] = {
    "an unknown setting": (settings(model__hiden_size=3), "model.hiden_size is unknown; did you mean 'hidden_size'"),
    "settings without a section": (lambda file: file.write_text("imports: []"), "is missing"),
    "sections that are numbers": (settings(model=3), "model must be a valid dictionary"),
    "an unknown cell": (settings(model__cell="lsm"), "no cell named 'lsm'; did you mean 'lstm'"),
    "a network wider than its weights": (settings(model__hidden_size=30_000), "does not have the network's shape"),
    "a network too wide for any machine": (settings(model__hidden_size=10**18), "describes a network that cannot be built"),
    "a network of 10⁹ layers": (settings(model__num_layers=10**9), "too few for 1000000000 layers"),
    "another encoder": (settings(model__encoder="linear"), "model.encoder=linear does not read tokens"),
    "another task": (settings(data__name="jena_climate"), "data."),
    "a word for modules": (settings(imports="os"), "does not contain the settings of a run"),
    "a number for a module": (settings(imports=[3]), "does not contain the settings of a run"),
    "a module that is not there": (settings(imports=["nope"]), "imports=nope: a run's own modules are executed only if you name them"),
    "a module of no name": (settings(imports=[""]), "imports="),
    "a module of the run folder": (module_inside, "from which nothing is imported"),
}  # fmt: skip
"""Settings that cannot be used with these weights; a report shows them as they are."""


@pytest.mark.product(6)
@pytest.mark.parametrize("attack", HOSTILE)
def test_a_folder_that_cannot_be_read_is_refused_in_one_line(run, command, reading, attack):
    name, damage, words = HOSTILE[attack]
    damage(run / name)
    _is_refused(*command(*reading(run)), run / name, words)


@pytest.mark.product(3)
@pytest.mark.parametrize("attack", UNUSABLE)
def test_settings_that_cannot_be_used_are_refused_line_by_line(run, command, reading, attack):
    damage, words = UNUSABLE[attack]
    damage(run / "config.yaml")
    _is_refused(*command(*reading(run)), run, words)


def _is_refused(code: int, shown: str, complaint: list[str], file: Path, words: str) -> None:
    assert (code, shown) == (2, "")
    complaint = [line for line in complaint if line.startswith("seqlab: ")]
    assert complaint
    for line in complaint:
        assert str(file) in line
        assert len(line) < 400 + len(str(file.resolve()))
    assert words in complaint[0]
    assert not list(Path.cwd().rglob("executed"))


@pytest.mark.parametrize("attack", HOSTILE)
def test_a_report_lists_what_is_broken_with_its_reason_beside_what_is_not(run, command, attack):
    name, damage, words = HOSTILE[attack]
    sound = Path(shutil.copytree(run, "out/sound"))
    damage(run / name)
    code, shown, complaint = command("report", "out")
    assert (code, complaint) == (0, [])
    assert f"{sound.name} " in shown
    (line,) = (line for line in shown.splitlines() if line.startswith("  damaged"))
    assert f"{name} " in line
    assert words in " ".join(line.split())
    shutil.rmtree(sound)
    code, shown, complaint = command("report", "out")
    assert (code, shown, len(complaint)) == (2, "", 1)
    assert words in complaint[0]
    assert not list(Path.cwd().rglob("executed"))


@pytest.mark.parametrize("attack", UNUSABLE)
def test_a_report_imports_and_builds_nothing(run, command, attack):
    UNUSABLE[attack][0](run / "config.yaml")
    code, _, complaint = command("report", "out")
    assert (code, complaint) == (0, [])
    assert not list(Path.cwd().rglob("executed"))


def test_nothing_is_imported_from_a_run_folder_that_is_the_working_folder(run, command, reading, monkeypatch):
    (run / "payload.py").write_text("open('executed', 'w')")
    settings(imports=["payload"])(run / "config.yaml")
    monkeypatch.chdir(run)
    code, _, complaint = command(*reading(Path()))
    assert code == 2
    assert "imports=payload could be a file of " in complaint[0]
    assert "from which nothing is imported" in complaint[0]
    assert not Path("executed").exists()


TABLES: dict[str, tuple[str, Damage]] = {
    "a pipe": ("confusion.csv", special(os.mkfifo)),
    "a link": ("classes.csv", special(lambda file: file.symlink_to("run.log"))),
    "another table": ("confusion.csv", text("a,b\n1,2\n")),
    "bytes": ("confusion.csv", text(bytes(range(256)))),
    "a cell without end": ("confusion.csv", text('true,predicted,count\n"' + "x" * 2**25)),
    "curves in a pipe": ("metrics.jsonl", special(os.mkfifo)),
    "curves that are a folder": ("metrics.jsonl", special(Path.mkdir)),
    "curves of lists": ("metrics.jsonl", text('[1]\n{"epoch": [1]}\n{"epoch": 1e999, "val/loss": 1}\n')),
    "curves in one another": ("metrics.jsonl", text('{"epoch":' * 100_000)),
}


def test_tables_and_curves_that_cannot_be_read_are_named_and_the_page_is_written(run, command):
    pytest.importorskip("plotly")
    for number, (name, damage) in enumerate(TABLES.values()):
        folder = Path(shutil.copytree(run, f"out/run{number}"))
        settings(seed=number)(folder / "config.yaml")
        damage(folder / name)
    code, shown, complaint = command("report", "out", "--runs", "--html", "page.html")
    assert (code, complaint) == (0, [])
    page = Path("page.html").read_text(encoding="utf-8")
    for number, (name, _) in enumerate(TABLES.values()):
        said = [line for line in (shown + page).splitlines() if f"run{number}" in line and name in line]
        assert said, f"run{number}: {name}"
