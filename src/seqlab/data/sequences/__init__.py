"""Numeric sequences of any length, each with a target."""
