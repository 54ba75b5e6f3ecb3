"""How groups are told apart in figures, on paper and on a page."""

COLOURS = ("#0072b2", "#d55e00", "#009067", "#b4508f", "#8a6d00", "#3d8fc4", "#7a5cc0")
"""Of groups, in their order: readable on white and on dark; with the dashes also for colour-blind readers."""

DASHES = ((), (7, 3), (2, 2), (9, 3, 2, 3), (12, 4, 5, 4))
"""Lengths of lines and gaps, alternately; of groups, in their order."""


def colour(number: int) -> str:
    """Return the colour of the group with this number; after the last one they repeat."""
    return COLOURS[number % len(COLOURS)]


def dash(number: int) -> tuple[int, ...]:
    """Return the dashes of the group with this number, () for a solid line; they repeat at another colour."""
    return DASHES[number % len(DASHES)]
