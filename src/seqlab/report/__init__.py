"""How do runs compare? Read (runs), grouped (differences, groups), shown (table, export, page, figures/)."""

from seqlab.report.table import print_report

__all__ = ["print_report"]
