"""What does a run leave behind? A folder from which everything else can start."""

from seqlab.runs.folder import RunFolder, read_history
from seqlab.runs.paths import check_writable, new_path, shared_path
from seqlab.runs.summary import print_summary

__all__ = ["RunFolder", "check_writable", "new_path", "print_summary", "read_history", "shared_path"]
