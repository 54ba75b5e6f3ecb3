"""Functions of tensors that belong to no module."""
