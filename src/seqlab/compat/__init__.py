"""What is used of libraries without a public name? One module a library."""

TRIED = {
    "hydra-core": "1.3.8",
    "lightning": "2.6.6",
    "submitit": "1.5.4",
    "torch": "2.13.0",
    "torchmetrics": "1.9.0",
}
"""The versions that these modules were tried with."""
