"""The command line: what can be typed, and what each command prints."""

from seqlab.cli.main import main, process, train

__all__ = ["main", "process", "train"]
