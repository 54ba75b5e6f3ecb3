"""Registries: names for classes, their settings, and the user's modules."""
