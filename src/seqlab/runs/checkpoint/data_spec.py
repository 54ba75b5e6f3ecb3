"""What a checkpoint says of the data that its network was trained on."""

from typing import Any

from seqlab.data import DataSpec, read_spec
from seqlab.io.safe_read import UnreadableError


def spec_of(content: dict[str, Any]) -> DataSpec:
    """Return what the data of a checkpoint declared.

    Raises:
        UnreadableError: it is missing, or its parts do not fit together.
    """
    hyper_parameters = content.get("hyper_parameters")
    given = hyper_parameters.get("spec") if isinstance(hyper_parameters, dict) else None
    try:
        spec = read_spec(given)
    except (ValueError, OverflowError) as error:
        raise UnreadableError("does not say what data it was trained on") from error
    if not spec.fits():
        raise UnreadableError("describes its data in a way that cannot be")
    return spec
