"""Put what commands print into the README: the main job with machine and versions, and a language model.

Run:  python scripts/update_readme.py path/to/data
      python scripts/update_readme.py --written RUN

The first trains the main job. The second takes the scores of a finished run of shakespeare_quick on the real
plays, and what it writes.
"""

import argparse
import json
import os
import platform
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[1]
COMMAND = ["python", "train.py", "model=lstm", "data=names"]
WRITE = ["DUKE", "--length", "300", "--temperature", "0.8", "--seed", "1"]


def main(arguments: list[str] | None = None) -> None:
    """Run, shorten, replace."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, nargs="?", help="the folder of the real data")
    parser.add_argument("--written", type=Path, metavar="RUN", help="a finished run of shakespeare_quick")
    options = parser.parse_args(arguments)
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8")
    if options.data:
        text = replaced(text, "output", main_job(options.data.resolve()))
    if options.written:
        text = replaced(text, "written", written(options.written))
    readme.write_text(text, encoding="utf-8")


def replaced(text: str, name: str, content: str) -> str:
    """Return the README with other content between the marks of this name."""
    begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
    before, rest = text.split(begin)
    _, after = rest.split(end)
    return f"{before}{begin}{content}{end}{after}"


def written(run: Path) -> str:
    """Return the scores of a language model beside its baselines, and what it writes."""
    record = json.loads((run / "run.json").read_text(encoding="utf-8"))
    if record["status"] != "done" or record["data"]["source"] != "real":
        raise SystemExit(f"{run} is not a finished run on the real plays")
    scores, beside = record["metrics"], record["baselines"]
    command = [sys.executable, "-m", "seqlab", "generate", str(run.resolve()), *WRITE]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return (
        f"On the last tenth of the plays the preset gets {scores['test/loss']:.3f} nats "
        f"({scores['test/bits_per_character']:.2f} bits) per character, where interpolated n-grams get "
        f"{beside['ngram']['test/loss']:.3f}\nand lzma {beside['lzma']['test/bits_per_character']:.2f} bits; "
        f"in windows of 64 from a zero state it gets {scores['test/loss_windows_64']:.3f}, of 256 "
        f"{scores['test/loss_windows_256']:.3f}. It writes (`seqlab generate RUN {' '.join(WRITE)}`):\n\n"
        f"```text\n{done.stdout.strip()}\n```\n"
    )


def main_job(data: Path) -> str:
    """Return what the main job prints, shortened."""
    command = [sys.executable, *COMMAND[1:], f"data.root={data}"]
    environment = os.environ | {"COLUMNS": "100"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    epochs = [line for line in done.stderr.splitlines() if line.startswith("epoch ")]
    shown = "\n".join(["…", *epochs[-2:], *done.stdout.splitlines()])
    shown = shown.replace(str(data), "path/to/data").replace(f"{ROOT}/", "")
    shown = "\n".join(line.rstrip() for line in shown.splitlines() if line.strip())
    versions = ", ".join(f"{name} {version(name)}" for name in ("seqlab", "torch", "lightning"))
    machine = f"{os.cpu_count()} cores of {_processor()}, Python {platform.python_version()}, {versions}"
    note = f"({machine}; `python scripts/update_readme.py path/to/data` renews this.)\n"
    return f"```text\n{shown}\n```\n\n{note}"


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*: (.*)", info.read_text()) if info.exists() else None
    return found.group(1) if found else platform.processor() or platform.machine()


if __name__ == "__main__":
    main()
