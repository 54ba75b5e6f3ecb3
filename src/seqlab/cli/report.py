"""seqlab report: compare all runs below a folder."""

import argparse
from importlib.util import find_spec
from pathlib import Path

from seqlab.errors import ConfigError, needs_extra
from seqlab.io.terminal import say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument(
        "folders",
        nargs="*",
        default=[Path("outputs")],
        type=Path,
        metavar="folder",
        help="runs, or folders below which there are runs; outputs by default",
    )
    parser.add_argument("--runs", action="store_true", help="show every run instead of means over seeds")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="also write the table")
    parser.add_argument("--html", type=Path, metavar="FILE", help="also write a page with all figures")
    parser.add_argument(
        "--markdown", type=Path, metavar="FILE", help="also write a text to hand in, its figures beside it"
    )


def run(options: argparse.Namespace) -> None:
    """Write the requested files, print the comparison, and name the files."""
    from seqlab.comparison.export import write_csv  # noqa: PLC0415
    from seqlab.comparison.groups import compare  # noqa: PLC0415
    from seqlab.comparison.runs import read_runs  # noqa: PLC0415
    from seqlab.comparison.table import print_comparison  # noqa: PLC0415

    if options.html and not all(map(find_spec, ("plotly", "jinja2"))):
        raise ConfigError(needs_extra("--html", "plotly", "report"))
    benchmarks, others = compare(read_runs(*options.folders), by_seed=not options.runs)
    named = " ".join(map(str, options.folders))
    if options.csv:
        write_csv(benchmarks, others, options.csv)
    if options.html:
        from seqlab.comparison.page import write_page  # noqa: PLC0415 (imports plotly)

        write_page(benchmarks, others, options.html, title=named)
    if options.markdown:
        from seqlab.comparison.markdown import write_markdown  # noqa: PLC0415 (imports matplotlib)

        write_markdown(benchmarks, others, options.markdown, title=f"Report on {named}")
    print_comparison(benchmarks, others)
    for written in filter(None, (options.csv, options.html, options.markdown)):
        say(f"{written}  {written.stat().st_size:,} bytes")
