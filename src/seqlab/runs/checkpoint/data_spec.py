"""The description of the training data in a checkpoint."""

from typing import Any

from seqlab.data import DataSpec, read_spec
from seqlab.io.safe_read import UnreadableError


def spec_of(content: dict[str, Any]) -> DataSpec:
    """Return the ``DataSpec`` in a checkpoint.

    Raises:
        UnreadableError: it is missing, or contradicts itself.
    """
    hyper_parameters = content.get("hyper_parameters")
    given = hyper_parameters.get("spec") if isinstance(hyper_parameters, dict) else None
    try:
        spec = read_spec(given)
    except (ValueError, OverflowError) as error:
        raise UnreadableError("does not describe the data that it was trained on") from error
    if not spec.fits():
        raise UnreadableError("describes its data inconsistently")
    return spec
