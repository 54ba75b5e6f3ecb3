"""Numeric sequences of any length, each with an answer."""
