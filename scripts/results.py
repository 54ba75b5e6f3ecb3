"""Write docs/results.md from run folders: every preset's test score, mean ± 95 % interval over seeds.

Run:  python scripts/results.py [FOLDER] [--run] [--minutes 60] [--only names_quick parity_lstm]

FOLDER, outputs/results by default, has the runs. With --run those that are missing are trained first, one
seed of every preset before the next seed. What is done is not trained again, and what was interrupted goes
on, so the page may come about over days. A preset whose run takes over ten minutes has three seeds, others
five. Only finished runs count that have the preset's own settings and are not on the built-in samples.
"""

import argparse
import math
import os
import re
import shlex
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path, PurePath
from statistics import fmean, stdev
from typing import Any

from scipy.stats import t

from seqlab.comparison.runs import Run, read_run

ROOT = Path(__file__).parents[1]
Runs = dict[str, dict[int, Run]]
"""The runs of each preset, by seed."""
PAGE = ROOT / "docs/results.md"
FREE = {"experiment", "seed", "resume", "verbosity", "init_from", "data.root", "data.path", "data.test_path"}
"""Settings that a run of a preset may have been given; and those below ``paths``."""
SEEDS, SEEDS_OF_LONG, LONG = 5, 3, 600
"""Seeds of a preset, and of one whose run takes more than so many seconds."""
HEAD = """# Results

What presets get on test data that it has never seen: the mean over seeds ± half of the 95 % interval
of the mean (Student's t), beside the baselines that the runs have recorded on the same data. The score is
the one whose value on validation data has chosen the weights. Seeds change initial weights, order and
dropout but not the split, so the interval does not say how another split would turn out.

`python scripts/results.py --run` measures what is missing and writes this page."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Train what is missing if asked to, and write the page; return the exit code."""
    options = _options(arguments)
    names = options.only or list(presets())
    if unknown := set(names) - set(presets()):
        print(f"no presets: {', '.join(sorted(unknown))}; there are: {', '.join(presets())}", file=sys.stderr)
        return 2
    failed = train_missing(names, options.folder, options.minutes) if options.run else []
    PAGE.write_text(page(measured(options.folder)), encoding="utf-8")
    for name, seed in failed:
        print(f"{name} with seed {seed} has failed; its folder is below {options.folder}", file=sys.stderr)
    return int(bool(failed))


def presets() -> dict[str, list[str]]:
    """Return the arguments of each preset that is one run, as its file says how to run it."""
    found = {}
    for file in sorted((ROOT / "conf/experiment").glob("*.yaml")):
        text = file.read_text(encoding="utf-8")
        if "override /sweep" not in text:
            (said, *_) = re.findall(r"Run:  python train\.py (.*)", text)
            others = [word for word in shlex.split(said) if not re.match(r"-m$|experiment=", word)]
            found[file.stem] = [f"experiment={file.stem}", *others]
    return found


def measured(folder: Path) -> Runs:
    """Return the finished runs below a folder that show what a preset gets, the latest of each seed."""
    found: Runs = defaultdict(dict)
    known = presets()
    runs = [read_run(file.parent) for file in folder.rglob("run.json")]
    for run in sorted(runs, key=lambda run: str(run.record.get("ended"))):
        given = dict(one.split("=", 1) for one in run.record.get("overrides", ()) if "=" in one)
        own = all(name in FREE or name.startswith("paths.") for name in given)
        real = run.record.get("data", {}).get("source") != "sample"
        if run.status == "done" and own and real and given.get("experiment") in known:
            found[given["experiment"]][run.record["seed"]] = run
    return found


def wanted(runs: dict[int, Run]) -> int:
    """Return how many seeds a preset has, given those measured so far."""
    return SEEDS_OF_LONG if any(run.record["seconds"] > LONG for run in runs.values()) else SEEDS


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
            if not _train(name, seed, folder, done):
                failed.append((name, seed))
    return failed


def _train(name: str, seed: int, folder: Path, done: Runs) -> bool:
    """Train one run and return whether it is done."""
    words = presets()[name]
    for number, word in enumerate(words):
        if begun := re.fullmatch(r"init_from=outputs/(\w+)/RUN", word):
            if seed not in done[begun[1]]:
                return False
            words[number] = f"init_from={done[begun[1]][seed].path.resolve()}"
    place = [f"seed={seed}", "resume=auto", f"paths.output_dir={folder.resolve()}", "verbosity=quiet"]
    data = Path(os.environ.get("SEQLAB_DATA_DIR", ROOT)).resolve()  # where files that a preset names lie
    print(f"{name}, seed {seed}", flush=True)
    command = [sys.executable, "-m", "seqlab", "train", *words, *place]
    subprocess.run(command, cwd=data, env=os.environ | {"SEQLAB_DATA_DIR": str(data)}, check=False)
    return seed in measured(folder)[name]


def page(found: Runs) -> str:
    """Return the page: a table for each data set and score, and what is not measured."""
    tables: dict[str, Runs] = defaultdict(dict)
    for name, runs in found.items():
        tables[_title(_one(runs))][name] = runs
    parts = [HEAD]
    for title, rows in sorted(tables.items()):
        parts += [
            f"## {title}",
            _table(rows),
            _made([run for runs in rows.values() for run in runs.values()]),
        ]
    return "\n\n".join([*parts, "## Not measured yet", _missing(found)]) + "\n"


def _one(runs: dict[int, Run]) -> Run:
    """Return one of the runs of a preset, which have all but the seed in common."""
    return next(iter(runs.values()))


def _score(run: Run) -> dict[str, Any]:
    """Return what run.json says of the score that has chosen the weights."""
    name = run.record["task"]["monitor"].partition("/")[2]
    (found,) = (one for one in run.record["task"]["scores"] if one["name"] == name)
    return dict(found)


def _title(run: Run) -> str:
    score = _score(run)
    unit = score["unit"] or "units of the target"
    return f"{run.record['data']['name']}: {score['label']}, {unit}, {score['better']} is better"


def _table(rows: Runs) -> str:
    """Return a row for each preset, the best first."""
    ranked = []
    for name, runs in rows.items():
        one, score = _one(runs), _score(_one(runs))
        key = f"test/{score['name']}"
        values = [run.metrics[key] for run in runs.values()]
        kept = one.record["baselines"].items()
        digits = score["digits"]
        beside = ", ".join(f"{called} {known[key]:.{digits}f}" for called, known in kept if key in known)
        minutes = fmean(run.record["seconds"] for run in runs.values()) / 60
        command = f"seqlab train {shlex.join(presets()[name])}"
        cells = [f"`{command}`", interval(values, digits), beside, _seeds(runs), f"{minutes:.1f}"]
        ranked.append((fmean(values) * (1 if score["better"] == "lower" else -1), f"| {' | '.join(cells)} |"))
    head = "| command | test | baselines | seeds | minutes |\n|:--|--:|:--|--:|--:|"
    return "\n".join([head, *(line for _, line in sorted(ranked))])


def interval(values: Sequence[float], digits: int) -> str:
    """Return the mean of values ± half of its 95 % interval; one value as it is."""
    if len(values) == 1:
        return f"{values[0]:.{digits}f}"
    half = float(t.ppf(0.975, len(values) - 1)) * stdev(values) / math.sqrt(len(values))
    return f"{fmean(values):.{digits}f} ± {half:.{digits}f}"


def _seeds(runs: dict[int, Run]) -> str:
    return f"{len(runs)}" if len(runs) >= wanted(runs) else f"{len(runs)} of {wanted(runs)}"


def _made(runs: Sequence[Run]) -> str:
    """Return on what machine, versions and data the runs of a table were made, and when."""
    machines = {f"{run.record['platform']}, {run.record['device']}" for run in runs}
    versions = {", ".join(f"{key} {value}" for key, value in run.record["versions"].items()) for run in runs}
    days = sorted({run.record["ended"][:10] for run in runs})
    when = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
    return f"({when}; {'; '.join(sorted(machines))}; {'; '.join(sorted(versions))}; {_data(runs)}.)"


def _data(runs: Sequence[Run]) -> str:
    """Return the files of the runs, and how many samples they trained on and are tested on."""
    found = dict.fromkeys(
        f"{PurePath(data.get('path') or data['name']).name}, {data['sizes']['train']:,} training and "
        f"{data['sizes']['test']:,} test samples"
        for data in (run.record["data"] for run in runs)
    )
    return "; ".join(found)


def _missing(found: Runs) -> str:
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
