"""What the tests on clusters share: one sweep in which all jobs but the last are good."""

import json
import os
import subprocess
import sys

import pytest

from seqlab.data import samples

SMALL = [
    "data=names",
    "data.source=auto",
    "debug=default",
    "trainer.accelerator=cpu",
    "verbosity=quiet",
    "callbacks.figures=false",
    "callbacks.predictions=false",
    "logger=none",
    "task.baselines=false",
    "engine=eager",
    "hydra.sweep.dir=out",
]


class ClusterSweeps:
    """Sweeps on a cluster, started as a user starts them.

    Args:
        folder: in which they run.
        launcher: its settings.
    """

    def __init__(self, folder, launcher):
        self.folder, self.launcher = folder, launcher
        for name in "abcde":
            (folder / name).symlink_to(f"{samples.__path__[0]}/names")

    def run(self, *arguments):
        command = [sys.executable, "-m", "seqlab", "train", "-m", *SMALL, *self.launcher, *arguments]
        return subprocess.run(
            command, cwd=self.folder, capture_output=True, text=True, timeout=300, check=False
        )

    def records(self):
        files = sorted((self.folder / "out").glob("*/run.json"))
        return [json.loads(file.read_text()) for file in files]


@pytest.fixture(scope="session")
def cluster_sweeps():
    return ClusterSweeps


@pytest.fixture(scope="session")
def absent():
    """Return what a test does that lacks its cluster: it skips, or fails where one was promised."""
    return pytest.fail if os.environ.get("SEQLAB_CLUSTER") == "1" else pytest.skip
