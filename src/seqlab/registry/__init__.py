"""Which classes are there? Names for classes, the user's modules, and the types of settings."""
