"""What does a run write? A folder from which everything else can start."""
