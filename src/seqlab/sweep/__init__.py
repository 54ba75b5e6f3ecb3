"""Many runs: a pool of devices, jobs that can be continued, and what is shown of them."""
