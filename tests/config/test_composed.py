"""What Hydra composes is kept: it equals what Hydra composes, and changes with the sources."""

import pytest
from hydra import compose, initialize_config_module

from seqlab.config import composed as module
from seqlab.config.composed import composed

CHOICES = ["model=gru", "logger=[csv,tensorboard]"]


@pytest.fixture
def by_hydra(monkeypatch, tmp_path):
    """Return the list of what Hydra is asked to compose, with an empty cache."""
    monkeypatch.setenv("SEQLAB_CACHE_DIR", str(tmp_path / "cache"))
    asked = []
    real = module._by_hydra
    monkeypatch.setattr(module, "_by_hydra", lambda overrides: asked.append(overrides) or real(overrides))
    return asked


def test_what_is_kept_is_what_hydra_composes(by_hydra, tmp_path, monkeypatch):
    first = composed(CHOICES)
    monkeypatch.chdir(tmp_path)
    kept = composed(CHOICES)
    assert len(by_hydra) == 1
    assert kept.hydra.runtime.cwd == str(tmp_path)
    with initialize_config_module("seqlab.conf", version_base="1.3"):
        whole = compose("config", CHOICES, return_hydra_config=True)
    for one in (first, kept):
        assert {key: one[key] for key in one if key != "hydra"} == {
            key: whole[key] for key in whole if key != "hydra"
        }
        assert one.hydra.runtime.choices == whole.hydra.runtime.choices


def test_a_changed_source_is_composed_again(by_hydra, monkeypatch):
    composed([])
    found = list(module._sources())
    assert {"names.py", "signature.py", "config.yaml"} <= {path.rpartition("/")[2] for path, *_ in found}
    monkeypatch.setattr(module, "_sources", lambda: [*found[:-1], ("changed", 1, 1)])
    composed([])
    assert len(by_hydra) == 2


@pytest.mark.parametrize(
    "override", ["optimizer=rmsprop", "optimizer=torch.optim.SGD", "seed=1", "model=a,b"]
)
def test_classes_without_a_file_are_not_kept(override):
    assert not module._chooses_packaged(override)
    assert module._chooses_packaged("optimizer=adam")
