"""seqlab report: all runs below a folder, side by side."""

import argparse
from importlib.util import find_spec
from pathlib import Path

from seqlab.errors import ConfigError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what can be typed behind the command."""
    parser.add_argument("folder", nargs="?", default="outputs", type=Path)
    parser.add_argument("--runs", action="store_true", help="every run, not the mean over seeds")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write the table too")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a page with all figures too")


def run(options: argparse.Namespace) -> None:
    """Print the comparison, and write what is asked for."""
    from seqlab.report.export import write_csv  # noqa: PLC0415
    from seqlab.report.groups import compare  # noqa: PLC0415
    from seqlab.report.runs import read_runs  # noqa: PLC0415
    from seqlab.report.table import print_comparison  # noqa: PLC0415

    if options.html and not all(map(find_spec, ("plotly", "jinja2"))):
        raise ConfigError("--html needs plotly: pip install 'seqlab[report]'")
    questions, others = compare(read_runs(options.folder), by_seed=not options.runs)
    if options.csv:
        write_csv(questions, others, options.csv)
    if options.html:
        from seqlab.report.page import write_page  # noqa: PLC0415 (imports plotly)

        write_page(questions, others, options.html, title=str(options.folder))
    print_comparison(questions, others)
