"""Labelled texts: read in pieces, encoded once, memory-mapped."""
