"""The arguments of ``seqlab train``, prepared for Hydra, which accepts less than users write."""

import re
from collections.abc import Sequence
from difflib import get_close_matches
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import NoReturn

from seqlab.config.choices import CHOICES, NAMED
from seqlab.config.hydra_syntax import parse
from seqlab.config.packaged import PACKAGED, SECTIONS
from seqlab.errors import ConfigError, near
from seqlab.io.override import quoted


def as_choice(argument: str) -> str:
    """Return ``optimizer._target_=NAME``, as Hydra's users do, or ``optimizer.name=NAME``, as a choice."""
    return re.sub(rf"^\+*({'|'.join(NAMED)})\.(_target_|name)=", r"\1=", argument)


LITERAL = re.compile(r"name|paths\.output_dir|data\.(root|url|(\w+_)?path)")
"""Settings whose value is one text, whatever it looks like to Hydra."""
ITEM = re.compile(r"""(?:'[^']*'|"[^"]*"|[^,'"])+""")


def as_typed(argument: str, *, is_sweep: bool) -> str:
    """Return a setting with quotes for Hydra where its grammar refuses the value or reads another one.

    Args:
        argument: such as ``data.text=评论``, ``data.text=[评论,标题]``, ``name=2024``.
        is_sweep: whether commas separate the values of a sweep.
    """
    key, equals, value = argument.partition("=")
    if not equals or argument.startswith("-") or "${" in value:
        return argument
    opens = value[:1] if len(value) > 1 else ""
    parsed = parse(argument)
    if LITERAL.fullmatch(key) and not is_sweep:
        is_read = parsed and not parsed.is_sweep_override() and parsed.value() in (value, None)
        return argument if is_read or opens in ("'", '"') else f"{key}={quoted(value)}"
    if parsed:
        return argument
    if opens == "[" and value.endswith("]"):
        found = f"{key}=[{_items(value[1:-1])}]"
    elif opens in ("'", '"', "[", "{"):
        return argument
    else:
        found = f"{key}={_items(value) if is_sweep else quoted(value)}"
    return found if parse(found) else argument


def _items(values: str) -> str:
    return ",".join(item if parse(f"x={item}") else quoted(item) for item in ITEM.findall(values))


def allow_option(argument: str) -> str:
    """Let ``model.options.dt=0.05`` and ``optimizer.amsgrad=true`` add a key; the class checks it."""
    name, _, value = argument.partition("=")
    group, dot, key = name.partition(".")
    is_inside = "." in key and not group.startswith("hydra")
    is_mapping = dot and value.startswith("{") and argument[0] not in "+~"
    is_own = dot and group in CHOICES and group not in SECTIONS and key not in _keys_in_files(group)
    return f"++{argument}" if is_own or is_inside or is_mapping else argument


@cache
def _keys_in_files(group: str) -> set[str]:
    """Return the keys in the files of a group; these are never added."""
    texts = (file.read_text(encoding="utf-8") for file in PACKAGED.joinpath(group).glob("*.yaml"))
    return {found for text in texts for found in re.findall(r"^(\w+):", text, re.MULTILINE)}


SURE = 0.75
"""How alike a word and an option are that is meant: a setting with dashes is less alike to any."""


def refuse_spaces(arguments: Sequence[str]) -> None:
    """Refuse spaces around an equals sign: the shell makes words of what stands between them.

    Raises:
        ConfigError: the command has, for example, ``model = lstm``.
    """
    for before, word, after in zip(["", *arguments], arguments, [*arguments[1:], ""], strict=False):
        key = "" if "=" in before else before
        if word.startswith("="):
            value = word[1:] or after
            raise ConfigError(f"write {key or 'KEY'}={value}, without spaces around the equals sign")
        is_value = after and "=" not in after and not after.startswith(("-", "~"))
        if word.endswith("=") and word.count("=") == 1 and is_value:
            raise ConfigError(f"write {word}{after}, without spaces around the equals sign")


def is_one_run(arguments: Sequence[str]) -> bool:
    """Return whether a command needs Hydra only to compose: it has no option and no setting of Hydra."""
    return not any(argument.lstrip("+~").startswith(("-", "hydra")) for argument in arguments)


def options_first(arguments: Sequence[str]) -> list[str]:
    """Put Hydra's options before the settings, since Hydra does not accept them in between.

    Raises:
        ConfigError: Hydra has no such option.
    """
    from seqlab.compat import hydra  # noqa: PLC0415 (slow)

    def refuse(message: str) -> NoReturn:
        raise ConfigError(f"{message}; see seqlab train --hydra-help")

    parser = hydra.parser()
    parser.error = refuse  # type: ignore[method-assign]
    known = hydra.options(parser)
    options: list[str] = []
    settings: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        name, is_joined, _ = argument.partition("=")
        if not name.startswith("-"):
            settings.append(argument)
            continue
        if name not in known:
            if get_close_matches(name, known, cutoff=SURE):
                raise ConfigError(f"no option '{name}'; {near(name, known)}")
            after = argument.partition("=")[2] or next(rest, "…")
            raise ConfigError(f"no option '{name}'; settings have no dashes: {name.lstrip('-')}={after}")
        options.append(argument)
        if known[name] is None and not is_joined:
            options += [value for value in (next(rest, None),) if value is not None]
    parser.parse_args(options)
    return options + settings


def config_dir(arguments: Sequence[str]) -> Path | None:
    """Return the user's folder of configurations."""
    return next((Path(value) for value in _values(arguments, "--config-dir", "-cd")), None)


def refuse_shadowed(arguments: Sequence[str]) -> None:
    """Refuse a user's file with the name of a packaged one: Hydra would silently take the packaged one.

    Raises:
        ConfigError: --config-dir has a file with the name of one of seqlab's.
    """
    folder = config_dir(arguments)
    if folder is not None and not folder.is_dir():
        raise ConfigError(f"--config-dir={folder}: the folder does not exist")
    if folder is None or folder.resolve() == PACKAGED.resolve():
        return
    for file in sorted(folder.rglob("*.yaml")):
        name = file.relative_to(folder)
        if (PACKAGED / name).exists():
            raise ConfigError(f"{file} has the name of seqlab's {name}; rename it")


def _values(arguments: Sequence[str], *names: str) -> list[str]:
    """Return the values of a command-line option, as ``--name value`` or ``--name=value``."""
    following = [after for before, after in pairwise(arguments) if before in names]
    joined = [argument.partition("=")[2] for argument in arguments if argument.partition("=")[0] in names]
    return following + [value for value in joined if value]


SWEEPING = frozenset({"-m", "--multirun", "hydra.mode=MULTIRUN"})
"""Arguments that start a sweep."""


def refuse_swept_command(arguments: Sequence[str]) -> None:
    """Refuse to sweep over launchers or sweeps, to resume several runs, and Hydra's basic launcher.

    Raises:
        ConfigError: the command has, for example, sweep=cells,seeds.
    """
    for argument in arguments:
        parsed = None if argument.startswith("-") else parse(argument)
        if parsed and parsed.key_or_group == "resume" and not SWEEPING.isdisjoint(arguments):
            raise ConfigError(f"{argument} resumes one run; to resume a sweep: seqlab sweep resume FOLDER")
        if parsed and parsed.key_or_group == "hydra/launcher" and parsed.value() == "basic":
            raise ConfigError(f"{argument} ignores what the folder already contains; use launcher=basic")
        if parsed and parsed.key_or_group in ("sweep", "launcher") and parsed.is_sweep_override():
            raise ConfigError(f"{argument}: only one at a time; run the command once for each")


IDLE = {
    "hydra.run.dir": "the folder of a run is below paths.output_dir, in one of its name",
    "hydra.job.chdir": "the working folder stays; a run writes into its folder",
    "hydra.output_subdir": "a run folder has config.yaml",
}
"""Hydra's settings without an effect here, and what to know instead."""
SCHEMES = ("file", "pkg", "seqlab", "structured")


def refuse_hydras(arguments: Sequence[str]) -> None:
    """Refuse what Hydra would silently ignore, or not find.

    Raises:
        ConfigError: the command has, for example, hydra.run.dir=here.
    """
    for argument in arguments:
        key, _, value = argument.lstrip("+~").partition("=")
        if key in IDLE and value.strip("'\"") not in ("null", "."):  # what Lightning adds for its processes
            raise ConfigError(f"{argument} has no effect; {IDLE[key]}")
        schemes = re.findall(r"(\w+)://", value) if key == "hydra.searchpath" else []
        if foreign := [scheme for scheme in schemes if scheme not in SCHEMES]:
            raise ConfigError(
                f"{argument}: Hydra cannot read from {foreign[0]}://; name folders or pkg://PACKAGE"
            )


SEVERAL = ("callbacks", "experiment", "logger", "sweep")
"""Groups of which several files can be chosen at once."""


def refuse_several(arguments: Sequence[str]) -> None:
    """Refuse several files of a group that allows one: Hydra would merge them, and the last would win.

    Raises:
        ConfigError: the command has, for example, model=[lstm,gru].
    """
    groups = {folder.name for folder in PACKAGED.iterdir() if folder.is_dir()} - {*SEVERAL}
    for argument in arguments:
        parsed = None if argument.startswith("-") else parse(argument)
        if parsed and parsed.key_or_group in groups and isinstance(parsed.value(), list):
            raise ConfigError(
                f"{argument}: name one file of {parsed.key_or_group}/; set single keys beside it"
            )
