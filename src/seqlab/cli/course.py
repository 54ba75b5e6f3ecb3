"""seqlab course: train the networks of a course's reports, and write what can be handed in."""

import argparse
from importlib.util import find_spec
from pathlib import Path

from seqlab.errors import ConfigError, SweepError, needs_extra
from seqlab.io.override import quoted
from seqlab.io.terminal import say

HAND_IN = "report"
"""The name of the text and of the page, without their endings."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument(
        "settings",
        nargs="*",
        metavar="KEY=VALUE",
        help="settings of all runs, such as seed=0,1,2; experiment=… chooses some of the runs",
    )
    parser.add_argument("--quick", action="store_true", help="three networks on the built-in sample")
    parser.add_argument(
        "--folder", type=Path, help="of the runs and the report (default: outputs/course, or course_quick)"
    )


def run(options: argparse.Namespace) -> None:
    """Train what is not trained yet, one failure hurting no other; write the report on all that is there."""
    from seqlab.cli.main import sweep  # noqa: PLC0415 (imports this)

    if wrong := next((text for text in options.settings if "=" not in text or text[0] in "-~"), None):
        raise ConfigError(f"'{wrong}' is no setting; write KEY=VALUE, such as seed=0,1,2")
    if not all(map(find_spec, ("plotly", "jinja2"))):
        raise ConfigError(needs_extra("the course's page", "plotly", "report"))
    name = "course_quick" if options.quick else "course"
    folder = options.folder or Path("outputs") / name
    try:
        sweep([f"sweep={name}", f"hydra.sweep.dir={quoted(str(folder))}", *options.settings])
    except SweepError:  # some runs failed, which the report lists
        _hand_in(folder)
        raise
    _hand_in(folder)


def _hand_in(folder: Path) -> None:
    from seqlab.comparison.groups import compare  # noqa: PLC0415
    from seqlab.comparison.markdown import write_markdown  # noqa: PLC0415
    from seqlab.comparison.page import write_page  # noqa: PLC0415
    from seqlab.comparison.runs import read_runs  # noqa: PLC0415

    compared = compare(read_runs(folder))
    text, page = (folder / f"{HAND_IN}.{ending}" for ending in ("md", "html"))
    write_markdown(*compared, text, title="Course report")
    write_page(*compared, page, title="Course report")
    say(f"{text}\n{page}")
