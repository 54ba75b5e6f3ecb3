"""Python's door: train, load and compare runs without the command line."""
