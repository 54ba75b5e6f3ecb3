"""Sweeps: many runs on a pool of devices or a cluster, searches, and jobs that can be resumed."""
