"""Using finished runs: predict, evaluate, explain."""
