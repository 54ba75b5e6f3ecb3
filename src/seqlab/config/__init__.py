"""The typed, validated configuration: what may be set, in which range, and what is said when it is wrong.

Field by field this is conf/, where every key is explained; here stand the types and ranges.

A key that comes later has a default here: what runs did before there was the key. conf/ sets every key, so
such a default speaks for older runs alone, and they keep their meaning whatever conf/ says by now.
"""

from seqlab.config.schema import OF_THE_COMMAND, Config, without_effect
from seqlab.config.validation import validate

__all__ = ["OF_THE_COMMAND", "Config", "validate", "without_effect"]
