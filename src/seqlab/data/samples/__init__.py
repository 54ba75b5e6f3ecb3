"""Small made-up data for runs without a network; real data are always preferred."""
