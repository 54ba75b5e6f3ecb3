"""Which GPUs are found without torch."""

import pytest

from seqlab.io import devices
from seqlab.io.devices import count_gpus, visible_gpus


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        (None, ["0", "1", "2", "3", "4", "5"]),
        ("2, 5", ["2", "5"]),
        ("4,7,5", ["4"]),
        ("GPU-1aaa,MIG-5c5-d", ["GPU-1aaa", "MIG-5c5-d"]),
        ("GPU-9", []),
        ("", []),
    ],
)
def test_visible_is_what_the_environment_names_and_the_machine_has(monkeypatch, six_gpus, chosen, expected):
    if chosen is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", chosen)
    assert visible_gpus() == expected


@pytest.mark.parametrize("chosen", [None, "0,1"])
def test_without_nvidias_tools_there_are_no_gpus_whatever_the_environment_names(
    monkeypatch, list_gpus, chosen, tmp_path
):
    list_gpus("")
    if chosen is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", chosen)
    assert visible_gpus() == []

    def is_missing(*_arguments, **_settings):
        raise FileNotFoundError

    monkeypatch.setattr(devices.subprocess, "run", is_missing)
    monkeypatch.setattr(devices, "DRIVER", tmp_path)
    devices._listed_gpus.cache_clear()
    assert visible_gpus() == []
    devices._listed_gpus.cache_clear()
    (tmp_path / "0000:01:00.0").mkdir()
    assert visible_gpus() == ["0"]


def test_how_many_other_drivers_have_only_torch_can_say(monkeypatch, list_gpus, six_gpus, tmp_path):
    monkeypatch.setattr(devices, "UNLISTED", (str(tmp_path / "kfd"),))
    assert count_gpus() == 6
    list_gpus("")
    assert count_gpus() == 0
    (tmp_path / "kfd").touch()
    assert count_gpus() is None
