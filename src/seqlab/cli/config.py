"""seqlab config: print a part of the configuration, with a comment after each key."""

import argparse

from seqlab.cli.parser import add_imports
from seqlab.errors import ConfigError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument(
        "choice",
        nargs="*",
        metavar="GROUP=NAME",
        help="for example data=text_csv; only a group for its default; experiment for a list of all presets; "
        "nothing for the whole configuration",
    )
    add_imports(parser)


def run(options: argparse.Namespace) -> None:
    """Print the choice as YAML."""
    from seqlab.config import commented  # noqa: PLC0415
    from seqlab.config.choices import module_of  # noqa: PLC0415
    from seqlab.io.terminal import say  # noqa: PLC0415
    from seqlab.registry import plugins  # noqa: PLC0415

    given = [one for one in options.choice if not one.startswith("imports=")]
    imported = (one.partition("=")[2].strip("[]").split(",") for one in options.choice if one not in given)
    if len(given) > 1:
        raise ConfigError(f"{' '.join(given)}: one choice at a time")
    group, _, name = given[0].partition("=") if given else ("", "", "")
    plugins.load(
        [
            *options.imports,
            *(one.strip() for named in imported for one in named),
            *filter(None, [module_of(name)]),
        ]
    )
    say((commented.choice(group, name or None) if group else commented.whole()).removesuffix("\n"))
