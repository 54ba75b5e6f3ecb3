"""Measured series: read, put on a regular grid, cut into windows."""
