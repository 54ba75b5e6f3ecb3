"""The wheel holds the code, conf/ as seqlab.conf, and the built-in samples."""

import subprocess
import sys
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.slow
def test_the_wheel_holds_everything_and_nothing_else(tmp_path):
    # The environment's own setuptools: building must not need the network.
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path, ROOT]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = tmp_path.glob("seqlab-*.whl")
    shipped = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    tracked = {
        f"{prefix}/{path.relative_to(folder)}"
        for prefix, folder in (
            ("seqlab", ROOT / "src/seqlab"),
            ("seqlab/conf", ROOT / "conf"),
            ("hydra_plugins", ROOT / "src/hydra_plugins"),
        )
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert shipped == tracked


def test_it_is_imported_in_the_folder_that_holds_a_clone_too(tmp_path):
    (tmp_path / "seqlab").mkdir()  # which Python could take for a package without code
    shown = subprocess.run(
        [sys.executable, "-c", "import seqlab; print(seqlab.__version__)"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (shown.stdout, shown.stderr) == (f"{version('seqlab')}\n", "")
