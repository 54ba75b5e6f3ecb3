"""The names of the baselines of forecasts, which ``task.baselines`` may list."""

USUAL = ("persistence", "yesterday", "climatology", "ridge", "nlinear", "dlinear")
"""Those that are cheap, and scored unless others are listed."""
ASKED = ("boosting",)
"""Those that take longer, and are scored if they are listed."""
FORECASTS = USUAL + ASKED
