"""The door: ``python train.py model=lstm data=names`` is ``seqlab train model=lstm data=names``."""

import sys

if not sys.flags.safe_path:
    del sys.path[0]  # this folder, whose modules would come before the installed ones

from seqlab.cli import process, train

if __name__ == "__main__":
    process(train)
