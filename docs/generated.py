"""Pages that are written from elsewhere: the README, every setting, every command, every public name."""

import inspect
import os
import re
from collections.abc import Iterator
from pathlib import Path

import seqlab
from seqlab.cli.commands import COMMANDS
from seqlab.cli.parser import Parser
from seqlab.config import commented
from seqlab.config.packaged import SECTIONS, text_of
from seqlab.registry.catalog import datasets

ROOT = Path(__file__).parents[1]
BESIDE = (
    "seqlab.nn.recurrent.Recurrent",
    "seqlab.api.run.Run",
    "seqlab.testing.check_cell",
)
"""What users name besides the names of seqlab itself."""


def write(folder: Path) -> None:
    """Write all pages into a folder, and touch none whose text has not changed."""
    folder.mkdir(exist_ok=True)
    pages = {"tour": [tour()], "commands": commands(), "python": names()} | dict(settings())
    for name, lines in pages.items():
        page, text = folder / f"{name}.md", "\n\n".join(lines) + "\n"
        if not page.exists() or page.read_text(encoding="utf-8") != text:
            page.write_text(text, encoding="utf-8")


def tour() -> str:
    """Return the README, whose links to what is no page of the site are only named."""

    def turned(link: re.Match[str]) -> str:
        text, target = link.groups()
        if not target.startswith("docs/"):
            return f"{text} (`{target}`)"
        return f"[{text}](../{target.removeprefix('docs/')})"

    return re.sub(
        r"\[([^]]+)\]\((?!http|#)([^)]+)\)", turned, (ROOT / "README.md").read_text(encoding="utf-8")
    )


def settings() -> Iterator[tuple[str, list[str]]]:
    """Yield a page for each group of conf/, with every choice, and their table of contents."""
    groups = dict(line.split(": ") for line in commented.offered().splitlines())
    contents = "\n".join(["```{toctree}", *(f"settings-{group}" for group in groups), "```"])
    whole = [
        "# Settings",
        "`seqlab config` prints all of these.",
        _block("yaml", commented.whole()),
        contents,
    ]
    yield "settings", whole
    for group, files in groups.items():
        names = [*files.split(", "), *(sorted(datasets) if group == "data" else ())]
        sections = [
            f"## {group}={name}\n\n{_block('yaml', _choice(group, name))}" for name in dict.fromkeys(names)
        ]
        above = [_shared(group)] if group in SECTIONS else [_listed(group)] if group == "experiment" else []
        yield f"settings-{group}", [f"# {group}", *above, *sections]


def _choice(group: str, name: str) -> str:
    """Return all settings of a choice; where all choices have the same ones, those that its file sets."""
    return text_of(f"{group}/{name}") if group in SECTIONS else commented.choice(group, name)


def _shared(group: str) -> str:
    """Return the settings that all choices of a group have, with the values of the default."""
    block = _block("yaml", commented.choice(group))
    return f"All have these settings, here as `seqlab config {group}` prints them.\n\n{block}"


def _listed(group: str) -> str:
    """Return what each choice of a group is, in a table with links to its settings."""
    rows = (f"| [{name}](#{group}{name}) | {title} |" for name, title in commented.titles(group).items())
    return "\n".join([f"| {group}= | |", "|---|---|", *rows])


def commands() -> list[str]:
    """Return the page of all commands, as ``--help`` prints them."""
    os.environ["COLUMNS"] = "100"  # argparse's width
    lines = ["# Commands", "`seqlab train` takes [settings](settings.md). The others use what it leaves."]
    for name, (module, purpose) in COMMANDS.items():
        parser = Parser(prog=f"seqlab {name}", description=purpose)
        module.add_arguments(parser)
        lines += [f"## seqlab {name}", _block("text", parser.format_help())]
    return lines


def names() -> list[str]:
    """Return the page of all public names, which autodoc fills."""
    lines = ["# Python", "What `import seqlab` offers, and the classes that a network is made of."]
    public = [f"seqlab.{name}" for name in seqlab.__all__ if not name.startswith("__")]
    for path in (*public, *BESIDE):
        module, _, name = path.rpartition(".")
        found = getattr(__import__(module, fromlist=[name]), name)
        kind = "class" if inspect.isclass(found) else "function" if callable(found) else "data"
        lines.append(f"```{{eval-rst}}\n.. auto{kind}:: {path}\n```")
    return lines


def _block(language: str, text: str) -> str:
    return f"```{language}\n{text.rstrip()}\n```"
