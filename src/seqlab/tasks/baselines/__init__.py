"""Baselines: the simple predictions that a network must beat."""
