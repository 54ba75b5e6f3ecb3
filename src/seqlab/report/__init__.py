"""Comparing finished runs."""

from seqlab.report.table import print_report

__all__ = ["print_report"]
