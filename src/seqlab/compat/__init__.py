"""Private names of libraries that seqlab uses: one module per library."""

TRIED = {
    "hydra-core": ("1.3.8",),
    "lightning": ("2.6.6",),
    "submitit": ("1.5.4",),
    "torch": ("2.13.0", "2.14.1"),
    "torchmetrics": ("1.9.0",),
}
"""The versions that these modules were tried with; the tests run every day with the first."""
