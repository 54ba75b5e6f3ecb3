"""Checkpoints: writing them, and checking everything in them that is read."""
