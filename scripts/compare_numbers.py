"""Do the presets give the same numbers, to the last bit, as in another tree?

Run:  python scripts/compare_numbers.py OTHER [PRESET ...] [--batches 8] [--data FOLDER]

OTHER is a clone with a .venv. Every preset that both have, and every model on the names, is trained with
seed 1 for an epoch of so many batches in both. The metrics of run.json and of every epoch must be equal.
Ends with exit code 1 if any is not.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from seqlab.config.renamed import present_scores

HERE = Path(__file__).parents[1]
SETTINGS = (
    *("seed=1", "trainer.accelerator=cpu", "trainer.max_epochs=1", "verbosity=quiet"),
    *("callbacks.figures=false", "callbacks.predictions=false", "logger=none"),
)


def numbers_of(tree: Path, overrides: list[str], batches: int) -> Any:
    """Train in a tree; return every score that its record and its curves hold, or what it complained of."""
    limits = [f"trainer.limit_{part}_batches={batches}" for part in ("train", "val", "test")]
    with tempfile.TemporaryDirectory() as folder:
        command = [str(tree / ".venv/bin/python"), str(tree / "train.py"), *overrides, *SETTINGS, *limits]
        done = subprocess.run(
            [*command, f"paths.output_dir={folder}"], capture_output=True, text=True, check=False, cwd=folder
        )
        records = list(Path(folder).rglob("run.json"))
        if done.returncode or len(records) != 1:
            return f"exit code {done.returncode}: {done.stderr.strip()[-300:]}"
        record = json.loads(records[0].read_text())
        curves = [json.loads(line) for line in (records[0].parent / "metrics.jsonl").read_text().splitlines()]
    scores = [
        present_scores(found) for found in (record["metrics"], *curves)
    ]  # the other's names may be former
    return {"scores": scores, "baselines": record.get("baselines")}


def trainings(trees: list[Path], wanted: list[str]) -> dict[str, list[str]]:
    """Return the overrides of what is compared by its name."""

    def shared(group: str) -> list[str]:
        names = ({file.stem for file in (tree / "conf" / group).glob("*.yaml")} for tree in trees)
        return sorted(set.intersection(*names))

    known = {name: [f"experiment={name}"] for name in shared("experiment")}
    known |= {f"names, {name}": [f"model={name}", "data=names"] for name in shared("model")}
    return {name: known[name] for name in wanted or known}


def main() -> None:
    """Compare and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("other", type=Path)
    parser.add_argument("--batches", type=int, default=8)
    parser.add_argument("--data", type=Path, help="the folder of real data; else the samples")
    parser.add_argument("presets", nargs="*")
    asked = parser.parse_args()
    os.environ |= {"OMP_NUM_THREADS": "1", "SEQLAB_OFFLINE": "1"}
    if asked.data:
        os.environ["SEQLAB_DATA_DIR"] = str(asked.data.resolve())
    trees, differing = [HERE, asked.other.resolve()], 0
    for name, overrides in trainings(trees, asked.presets).items():
        here, there = (numbers_of(tree, overrides, asked.batches) for tree in trees)
        same = here == there and isinstance(here, dict)
        differing += not same
        print(f"{name:32} {'same' if same else f'DIFFERS: {here} / {there}'}", flush=True)
    print(f"{differing} differ")
    sys.exit(min(differing, 1))


if __name__ == "__main__":
    main()
