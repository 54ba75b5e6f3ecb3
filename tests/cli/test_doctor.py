"""seqlab doctor says what is here."""

from importlib.metadata import PackageNotFoundError

import numpy as np
import torch

from seqlab.cli import doctor
from seqlab.io.cache import cache_dir, cached_folder, cached_text


def test_versions_devices_extras_and_the_sizes_of_caches_are_told(command, monkeypatch):
    cached_folder("things", "a", lambda folder: np.zeros(500_000).tofile(folder / "numbers"))
    cached_folder("things", "b", lambda folder: (folder / "content").touch())
    cached_text("texts", "a", "state", lambda: 2_000 * "a")

    def only_some(package):
        if package == "optuna":
            raise PackageNotFoundError(package)
        return "1.0"

    monkeypatch.setattr(doctor, "version", only_some)
    monkeypatch.setenv("COLUMNS", "200")
    code, shown, complaint = command("doctor")
    assert (code, complaint) == (0, "")
    lines = (line.strip().partition("  ") for line in shown.splitlines())
    told = {name: value.strip() for name, _, value in lines}
    assert "torch 1.0" in told["packages"]
    assert told["seqlab[optuna]"] == "without optuna: pip install 'seqlab[optuna]'"
    assert told["seqlab[onnx]"] == "installed"
    assert f"of which torch uses {torch.get_num_threads()}" in told["processors"]
    assert str(cache_dir()) in shown
    assert told["things"] == "4.0 MB in 2"
    assert told["texts"] == "2.0 kB in 1"
