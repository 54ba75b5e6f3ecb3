"""Run the README's main job and put what it prints into the README, with machine, versions and command.

Run:  python scripts/update_readme.py path/to/data
"""

import os
import platform
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[1]
COMMAND = ["python", "train.py", "model=lstm", "data=names"]
MARKS = ("<!-- output -->\n", "<!-- /output -->")


def main() -> None:
    """Run, shorten, replace."""
    data = Path(sys.argv[1]).resolve()
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
    readme = ROOT / "README.md"
    before, rest = readme.read_text(encoding="utf-8").split(MARKS[0])
    _, after = rest.split(MARKS[1])
    text = f"{before}{MARKS[0]}```text\n{shown}\n```\n\n{note}{MARKS[1]}{after}"
    readme.write_text(text, encoding="utf-8")


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*: (.*)", info.read_text()) if info.exists() else None
    return found.group(1) if found else platform.processor() or platform.machine()


if __name__ == "__main__":
    main()
