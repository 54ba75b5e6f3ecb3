"""What can be typed? The commands, and what they answer."""

from seqlab.cli.main import main, train

__all__ = ["main", "train"]
