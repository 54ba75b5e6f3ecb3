"""Labelled texts: read in chunks, encoded once, memory-mapped."""
