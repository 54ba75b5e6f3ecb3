"""How do many runs share machines? A pool of devices, clusters, searches; jobs that can be resumed."""
