"""``python -m seqlab`` is the ``seqlab`` command."""

import sys

if not sys.flags.safe_path:
    del sys.path[0]  # the working folder, whose modules would come before the installed ones

from seqlab.cli import process

process()
