"""Settings in Hydra's own writing: a value that it takes as it is, and what an override says."""

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException


def quoted(text: str) -> str:
    """Return a value that Hydra takes as it is, whatever characters it has."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def parse(override: str) -> Override | None:
    """Return what an override says, None if Hydra cannot read it."""
    try:
        return OverridesParser.create().parse_override(override)
    except HydraException:
        return None
