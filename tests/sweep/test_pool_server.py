"""The server from which jobs are forked: a process that has touched a GPU cannot be forked."""

import subprocess
import sys

import pytest

REFUSING = """
import torch

def refuse(*_arguments, **_settings):
    raise AssertionError("a GPU was touched")

for name in ("_lazy_init", "is_available", "device_count", "current_device", "get_device_properties"):
    setattr(torch.cuda, name, refuse)
"""


@pytest.mark.slow
def test_what_the_server_imports_touches_no_gpu():
    code = REFUSING + "import seqlab.sweep.worker, seqlab.training.fit"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
