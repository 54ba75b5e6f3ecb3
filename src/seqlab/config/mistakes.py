"""Finding all mistakes of a command: overrides that do not fit, and invalid values of the others.

Hydra composes in a fifth of a second, so it composes once, with what is chosen; keys are set in the result.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from hydra.errors import HydraException, MissingConfigException
from omegaconf import DictConfig, open_dict
from omegaconf.errors import OmegaConfBaseException
from yaml import MarkedYAMLError

from seqlab.config.choices import modules_of
from seqlab.config.compose import keys_of, make_config
from seqlab.config.composed import composed
from seqlab.config.hydra_syntax import apply, parse, values_of
from seqlab.config.packaged import PACKAGED
from seqlab.errors import SeqlabError
from seqlab.io.override import quoted
from seqlab.registry import plugins

OF_COMPOSING = (HydraException, OmegaConfBaseException, MarkedYAMLError)


class Misfit(NamedTuple):
    """A value of an override that does not fit, and Hydra's error."""

    override: str
    value: str
    error: Exception


class Command:
    """The overrides of a command; the first values that fit make a configuration.

    Args:
        overrides: the overrides as they were typed.
        folders: the folders with the user's configurations.
        is_sweep: whether overrides may have several values.
        raised: Hydra's first error, if it is known.

    Attributes:
        known: the existing keys and groups.
        points: the configurations, without Hydra's settings, by their overrides.
        hydra: Hydra's settings.
    """

    def __init__(
        self,
        overrides: Sequence[str],
        folders: Sequence[Path] = (),
        *,
        is_sweep: bool = False,
        raised: Exception | None = None,
    ) -> None:
        self.roots = [PACKAGED, *folders]
        self.search = searching(folders)
        self.values = {override: _values(override) if is_sweep else [override] for override in overrides}
        self._misfits: list[Misfit] = []
        choices = [override for override in self.values if self._is_choice(override)]
        if raised:
            self._refuse_missing(choices, raised)
        chosen = self._choose(choices)
        self.known = _known(chosen)
        self._set([override for override in self.values if override not in choices], chosen)
        self.hydra = chosen.hydra
        self.points = {tuple(self._point()): _without_hydra(chosen), **self._others()}

    @property
    def misfits(self) -> list[Misfit]:
        """The values that do not fit, in the order of the command."""
        order = list(self.values)
        return sorted(self._misfits, key=lambda misfit: order.index(misfit.override))

    def refusals(self) -> list[str]:
        """Return a line for every invalid value of an existing key."""
        found = []
        for overrides, config in self.points.items():
            lines = _refused(config)
            found += lines and (suiting_other_data(overrides) or lines)
        return found

    def _is_choice(self, override: str) -> bool:
        """Return whether an override chooses a file of a group."""
        parsed = parse(override)
        return parsed is not None and any((root / parsed.key_or_group).is_dir() for root in self.roots)

    def _refuse(self, override: str, error: Exception) -> None:
        self._misfits.append(Misfit(override, self.values[override].pop(0), error))

    def _choose(self, choices: Sequence[str]) -> DictConfig:
        """Compose with the first value of each choice that fits."""
        while True:
            left = [override for override in choices if self.values[override]]
            try:
                return self._compose(left)
            except (*OF_COMPOSING, ValueError) as error:
                if not left:
                    raise
                if not self._refuse_missing(left, error):
                    self._refuse(*self._first_misfit(left))

    def _refuse_missing(self, choices: Sequence[str], error: Exception) -> bool:
        """Refuse the choice whose file an error reports as missing; return whether there is one."""
        missing = "=".join(str(getattr(error, "missing_cfg_file", "")).rsplit("/", 1))
        culprits = [override for override in choices if self.values[override][:1] == [missing]]
        if culprits:
            self._refuse(culprits[0], error)
        return bool(culprits)

    def _first_misfit(self, choices: Sequence[str]) -> tuple[str, Exception]:
        """Return the first choice with which Hydra does not compose."""
        for count, override in enumerate(choices, start=1):
            try:
                self._compose(choices[:count])
            except (*OF_COMPOSING, ValueError) as error:
                return override, error
        raise AssertionError("all of them do")

    def _compose(self, choices: Iterable[str]) -> DictConfig:
        return composed([*self.search, *(self.values[override][0] for override in choices)])

    def _set(self, overrides: Iterable[str], config: DictConfig) -> None:
        """Set the first value of each key that fits."""
        unchosen = tuple(
            f"{misfit.override.partition('=')[0]}."
            for misfit in self._misfits
            if isinstance(misfit.error, MissingConfigException)
        )
        for override in overrides:
            if override.startswith(unchosen):
                self.values[override] = []  # its keys depend on the choice that is wrong
            while self.values[override]:
                try:
                    apply(self.values[override][0], config)
                    break
                except OF_COMPOSING as error:
                    self._refuse(override, error)

    def _point(self, other: str = "", value: str = "") -> list[str]:
        """Return the first values that fit, or another value of one override."""
        fitting = {override: values[0] for override, values in self.values.items() if values}
        return [*self.search, *(fitting | ({other: value} if other else {})).values()]

    def _others(self) -> dict[tuple[str, ...], DictConfig]:
        """Compose with every further value of a sweep."""
        found = {}
        for override, values in self.values.items():
            for value in values[1:]:
                point = self._point(override, value)
                try:
                    found[tuple(point)] = _without_hydra(composed(point))
                except (*OF_COMPOSING, ValueError) as error:
                    self._misfits.append(Misfit(override, value, error))
        return found


def searching(folders: Iterable[Path]) -> list[str]:
    """Return the setting that adds folders to Hydra's search path."""
    return [f"hydra.searchpath=[{quoted(f'file://{folder}')}]" for folder in folders]


def suiting_other_data(overrides: Sequence[str]) -> list[str]:
    """Return what is wrong with an experiment whose settings do not suit the data beside it."""
    given = {override.partition("=")[0]: override for override in overrides}
    if not {"data", "experiment"} <= given.keys():
        return []
    of_data = ("data=", "data.", "+data.", "++data.", "~data.")
    try:
        suiting = composed([override for override in overrides if not override.startswith(of_data)])
    except OF_COMPOSING:  # the others are wrong too
        return []
    own = f"data={suiting.hydra.runtime.choices.data}"
    rest = _refused(_without_hydra(suiting))
    if own == given["data"] or set(_refused(_without_hydra(composed(overrides)))) <= set(rest):
        return []
    return [f"{given['experiment']} is for {own}; leave {given['data']} out, or the experiment", *rest]


def _known(config: DictConfig) -> set[str]:
    """Return the keys and groups of a composed configuration."""
    names = [*keys_of(config), *map(str, config.hydra.runtime.choices)]
    return {name for name in names if "hydra" not in name}


def _without_hydra(whole: DictConfig) -> DictConfig:
    with open_dict(whole):
        del whole["hydra"]
    return whole


def _refused(config: DictConfig) -> list[str]:
    """Return the messages of validating a configuration."""
    try:
        plugins.load(modules_of(config))
        make_config(config)
    except SeqlabError as error:
        return str(error).splitlines()
    except OF_COMPOSING as error:
        key = getattr(error, "full_key", None)
        return [f"{key}: {first_line(error)}" if key else first_line(error)]
    return []


def _values(override: str) -> list[str]:
    """Return an override for each value of a swept one."""
    parsed = parse(override)
    if parsed is None or not parsed.is_sweep_override():
        return [override]
    return [f"{parsed.get_key_element()}={value}" for value in values_of(parsed)]


def first_line(error: Exception) -> str:
    """Return the first line of an error's message that says something."""
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
