"""Write docs/results.md: every preset's test score, mean ± 95 % interval over seeds.

Run:  python scripts/results.py [FOLDER] [--run] [--minutes 60] [--only names_quick parity_lstm]

FOLDER, outputs/results by default, has the runs. What they got is kept in docs/results.json, so that the page
may come about over days and on several machines; of a preset that has changed since, nothing counts any more.
With --run what is missing is trained first, one seed of every preset before the next seed, and what was
interrupted goes on. A preset whose run takes over ten minutes has three seeds, others five. Only finished
runs count that have all the settings that the preset has today, and are not on the built-in samples.
"""

import argparse
import json
import math
import os
import re
import shlex
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path, PurePath
from statistics import fmean, stdev
from typing import Any

import yaml
from hydra import compose, initialize_config_module
from scipy.stats import t

from seqlab.comparison.runs import Run, read_run
from seqlab.config.compose import make_config

ROOT = Path(__file__).parents[1]
PRESETS = ROOT / "conf/experiment"
PAGE, KEPT = ROOT / "docs/results.md", ROOT / "docs/results.json"
FREE = {
    "experiment",
    "name",
    "seed",
    "resume",
    "verbosity",
    "init_from",
    "data.root",
    "data.path",
    "data.test_path",
}
"""Settings that a run of a preset may have been given; and those below ``paths``."""
SEEDS, SEEDS_OF_LONG, LONG = 5, 3, 600
"""Seeds of a preset, and of one whose run takes more than so many seconds."""
HEAD = """# Results

What presets get on test data that they have never seen: the mean over seeds ± half of its 95 % confidence
interval (Student's t), beside the baselines that the runs have recorded on the same data. The score is
the one whose value on validation data has chosen the weights. Seeds change initial weights, order and
dropout but not the split, so the interval does not say how another split would turn out. The CRPS of a
baseline that forecasts a point is its absolute error.

`python scripts/results.py --run` measures what is missing and writes this page."""


@dataclass(frozen=True)
class Result:
    """What one run of a preset got.

    Attributes:
        preset: its name.
        seed: its seed.
        settings: what the preset said.
        score: which score this is, as run.json describes it.
        value: that score on test data.
        baselines: the same score of what was compared, by name.
        seconds: how long it took.
        ended: when.
        made: on what machine, with which versions.
        data: name of the data set; its file with the numbers of training and test samples.
    """

    preset: str
    seed: int
    settings: Mapping[str, Any]
    score: Mapping[str, Any]
    value: float
    baselines: Mapping[str, float]
    seconds: float
    ended: str
    made: tuple[str, str]
    data: tuple[str, str]

    @classmethod
    def of(cls, preset: str, run: Run) -> "Result":
        """Return that of a finished run."""
        record = run.record
        score, data = _score(record), record["data"]
        key, sizes = f"test/{score['name']}", data["sizes"]
        file = PurePath(data.get("path") or data["name"]).name
        return cls(
            preset,
            record["seed"],
            said(preset),
            score,
            run.metrics[key],
            {called: known[key] for called, known in record["baselines"].items() if key in known},
            record["seconds"],
            record["ended"],
            made_by(record),
            (data["name"], f"{file}, {sizes['train']:,} training and {sizes['test']:,} test samples"),
        )


Results = dict[str, dict[int, Result]]
"""The results of each preset, by seed."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Train what is missing if asked to, and write the page; return the exit code."""
    options = _options(arguments)
    names = options.only or list(presets())
    if unknown := set(names) - set(presets()):
        print(f"no presets: {', '.join(sorted(unknown))}; there are: {', '.join(presets())}", file=sys.stderr)
        return 2
    failed = train_missing(names, options.folder, options.minutes) if options.run else []
    found = measured(options.folder)
    keep(found)
    PAGE.write_text(page(found), encoding="utf-8")
    for name, seed in failed:
        print(f"{name} with seed {seed} has failed; its folder is below {options.folder}", file=sys.stderr)
    return int(bool(failed))


def presets() -> dict[str, list[str]]:
    """Return the arguments of each preset that is one run, as its file says how to run it."""
    found = {}
    for file in sorted(PRESETS.glob("*.yaml")):
        text = file.read_text(encoding="utf-8")
        if "override /sweep" not in text:
            (said, *_) = re.findall(r"Run:  python train\.py (.*)", text)
            others = [word for word in shlex.split(said) if not re.match(r"-m$|experiment=", word)]
            found[file.stem] = [f"experiment={file.stem}", *others]
    return found


def said(preset: str) -> dict[str, Any]:
    """Return what a preset sets, with what it begins from: "model.hidden_size" to value, "/model" to name."""
    settings = yaml.safe_load((PRESETS / f"{preset}.yaml").read_text(encoding="utf-8"))
    found: dict[str, Any] = {}
    for one in settings.pop("defaults", ()):
        if isinstance(one, dict):
            found |= {group.removeprefix("override "): name for group, name in one.items()}
        elif one != "_self_":
            found |= said(one)
    for group, section in settings.items():
        is_group = isinstance(section, dict)
        found |= {f"{group}.{key}": value for key, value in section.items()} if is_group else {group: section}
    return found


def runs_of(folder: Path) -> dict[str, dict[int, Run]]:
    """Return the finished runs below a folder that show what a preset gets, the latest of each seed."""
    found: dict[str, dict[int, Run]] = defaultdict(dict)
    known = presets()
    runs = [read_run(file.parent) for file in folder.rglob("run.json")]
    for run in sorted(runs, key=lambda run: str(run.record.get("ended"))):
        given = dict(one.split("=", 1) for one in run.record.get("overrides", ()) if "=" in one)
        own = all(name in FREE or name.startswith("paths.") for name in given)
        real = run.record.get("data", {}).get("source") != "sample"
        preset = given.get("experiment")
        if run.status == "done" and own and real and preset in known and _is_of_today(run, preset):
            found[preset][run.record["seed"]] = run
    return found


@cache
def settings_of(preset: str) -> dict[str, Any]:
    """Return all settings that a run of a preset has today: "model.hidden_size" to value."""
    with initialize_config_module("seqlab.conf", version_base="1.3"):
        config = make_config(compose("config", presets()[preset]))
    found: dict[str, Any] = {}
    for group, section in config.model_dump(mode="json").items():
        is_group = isinstance(section, dict)
        found |= {f"{group}.{key}": value for key, value in section.items()} if is_group else {group: section}
    return found


def _is_of_today(run: Run, preset: str) -> bool:
    """Return whether a run had the settings that the preset has today."""
    return all(
        run.settings.get(name, value) == value
        for name, value in settings_of(preset).items()
        if name not in FREE and not name.startswith("paths.")
    )


def measured(folder: Path) -> Results:
    """Return what is kept of earlier runs, and what those below a folder got, the latest of each seed."""
    found: Results = defaultdict(dict)
    for one in kept():
        found[one.preset][one.seed] = one
    for preset, runs in runs_of(folder).items():
        for seed, run in runs.items():
            result = Result.of(preset, run)
            if seed not in found[preset] or found[preset][seed].ended <= result.ended:
                found[preset][seed] = result
    return found


def kept() -> list[Result]:
    """Return the results that are kept, of presets that have not changed since."""
    if not KEPT.exists():
        return []
    known = presets()
    results = [
        Result(**one | {"made": tuple(one["made"]), "data": tuple(one["data"])})
        for one in json.loads(KEPT.read_text(encoding="utf-8"))
    ]
    return [one for one in results if one.preset in known and one.settings == said(one.preset)]


def keep(found: Results) -> None:
    """Write results down, a line each."""
    lines = [
        json.dumps(asdict(one), ensure_ascii=False)
        for _, results in sorted(found.items())
        for _, one in sorted(results.items())
    ]
    KEPT.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")


def wanted(results: Mapping[int, Result]) -> int:
    """Return how many seeds a preset has, given those measured so far."""
    return SEEDS_OF_LONG if any(one.seconds > LONG for one in results.values()) else SEEDS


def train_missing(names: Sequence[str], folder: Path, minutes: float) -> list[tuple[str, int]]:
    """Train the seeds that are missing and return those that failed.

    Args:
        names: of presets.
        folder: of the runs.
        minutes: after which no further run begins.
    """
    end, failed = time.monotonic() + 60 * minutes, []
    for seed in range(SEEDS):
        for name in names:
            done = measured(folder)
            if seed in done[name] or seed >= wanted(done[name]) or time.monotonic() > end:
                continue
            if not _train(name, seed, folder):
                failed.append((name, seed))
    return failed


def _train(name: str, seed: int, folder: Path) -> bool:
    """Train one run, after that which it begins from, and return whether it is done."""
    words = presets()[name]
    for number, word in enumerate(words):
        if begun := re.fullmatch(r"init_from=outputs/(\w+)/RUN", word):
            if seed not in runs_of(folder)[begun[1]] and not _train(begun[1], seed, folder):
                return False
            words[number] = f"init_from={runs_of(folder)[begun[1]][seed].path.resolve()}"
    place = [f"seed={seed}", "resume=auto", f"paths.output_dir={folder.resolve()}", "verbosity=quiet"]
    data = Path(os.environ.get("SEQLAB_DATA_DIR", ROOT)).resolve()  # where files that a preset names lie
    print(f"{name}, seed {seed}", flush=True)
    command = [sys.executable, "-m", "seqlab", "train", *words, *place]
    subprocess.run(command, cwd=data, env=os.environ | {"SEQLAB_DATA_DIR": str(data)}, check=False)
    return seed in runs_of(folder)[name]


def page(found: Results) -> str:
    """Return the page: a table for each file and score, and what is not measured."""
    tables: dict[tuple[str, str], Results] = defaultdict(dict)
    for name, results in found.items():
        if results:
            tables[_title(_one(results)), _one(results).data[1]][name] = results
    parts = [HEAD]
    for (title, _), rows in sorted(tables.items()):
        parts += [
            f"## {title}",
            _table(rows),
            _made([one for results in rows.values() for one in results.values()]),
        ]
    return "\n\n".join([*parts, "## Not measured yet", _missing(found)]) + "\n"


def _one(results: Mapping[int, Result]) -> Result:
    """Return one of the results of a preset, which have all but the seed in common."""
    return next(iter(results.values()))


def _score(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return what run.json says of the score that has chosen the weights."""
    name = record["task"]["monitor"].partition("/")[2]
    (found,) = (one for one in record["task"]["scores"] if one["name"] == name)
    return dict(found)


def _title(one: Result) -> str:
    score = one.score
    unit = score["unit"] or "units of the target"
    target = one.settings.get("data.target")  # one file may have several, such as category and sentiment
    data = f"{one.data[0]}, {target}" if target else one.data[0]
    return f"{data}: {score['label']}, {unit}, {score['better']} is better"


def _table(rows: Results) -> str:
    """Return a row for each preset, the best first."""
    ranked = []
    for name, results in rows.items():
        score = _one(results).score
        digits = score["digits"]
        values = [one.value for one in results.values()]
        known = _one(results).baselines.items()
        beside = ", ".join(f"{called} {value:.{digits}f}" for called, value in known)
        minutes = fmean(one.seconds for one in results.values()) / 60
        command = f"seqlab train {shlex.join(presets()[name])}"
        cells = [f"`{command}`", interval(values, digits), beside, _seeds(results), f"{minutes:.1f}"]
        ranked.append((fmean(values) * (1 if score["better"] == "lower" else -1), f"| {' | '.join(cells)} |"))
    head = "| command | test | baselines | seeds | minutes |\n|:--|--:|:--|--:|--:|"
    return "\n".join([head, *(line for _, line in sorted(ranked))])


def interval(values: Sequence[float], digits: int) -> str:
    """Return the mean of values ± half of its 95 % interval; one value as it is."""
    if len(values) == 1:
        return f"{values[0]:.{digits}f}"
    half = float(t.ppf(0.975, len(values) - 1)) * stdev(values) / math.sqrt(len(values))
    return f"{fmean(values):.{digits}f} ± {half:.{digits}f}"


def _seeds(results: Mapping[int, Result]) -> str:
    count, most = len(results), wanted(results)
    return f"{count}" if count >= most else f"{count} of {most}"


def _made(results: Sequence[Result]) -> str:
    """Return on what machine, versions and data the runs of a table were made, and when."""
    files = dict.fromkeys(one.data[1] for one in results)
    made = when_and_where([one.ended for one in results], [one.made for one in results])
    return f"({made}; {'; '.join(files)}.)"


def made_by(record: Mapping[str, Any]) -> tuple[str, str]:
    """Return on what machine and with which versions a run was made, as its run.json says."""
    versions = ", ".join(f"{name} {value}" for name, value in record["versions"].items())
    return f"{record['platform']}, {record['device']}", versions


def when_and_where(ended: Sequence[str], made: Sequence[tuple[str, str]]) -> str:
    """Return the days on which runs ended, and the machines and versions that made them."""
    days = sorted({one[:10] for one in ended})
    when = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
    machines, versions = (sorted(set(told)) for told in zip(*made, strict=True))
    return f"{when}; {'; '.join(machines)}; {'; '.join(versions)}"


def _missing(found: Results) -> str:
    """Return the commands of the presets of which a seed is missing."""
    left = [words for name, words in presets().items() if len(found[name]) < wanted(found[name])]
    if not left:
        return "Every preset is measured."
    commands = "\n".join(f"seqlab train {shlex.join(words)}" for words in left)
    return f"At least one seed of these is missing:\n\n```sh\n{commands}\n```"


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, nargs="?", default=ROOT / "outputs/results")
    parser.add_argument("--run", action="store_true", help="train what is missing first")
    parser.add_argument("--minutes", type=float, default=math.inf, help="begin no run after so many minutes")
    parser.add_argument("--only", nargs="+", metavar="PRESET", help="the presets to train")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
