"""What does a run leave behind? A folder from which everything else can start."""
