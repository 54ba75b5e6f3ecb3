"""What can be typed? The commands, and what they answer."""

from seqlab.cli.main import main, process, train

__all__ = ["main", "process", "train"]
