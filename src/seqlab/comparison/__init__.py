"""Comparing runs: reading (runs), grouping (differences, groups), showing (table, export, page, figures/)."""

from seqlab.comparison.table import print_report

__all__ = ["print_report"]
