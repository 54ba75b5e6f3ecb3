"""What can be done with a finished run? Predict, evaluate, explain."""
