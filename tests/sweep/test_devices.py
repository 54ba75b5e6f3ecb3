"""Which devices jobs get, and how many at a time."""

import pytest

from seqlab.errors import ConfigError
from seqlab.sweep import devices
from seqlab.sweep.devices import Slot, make_slots, visible_gpus


@pytest.fixture
def eight_cores(monkeypatch):
    monkeypatch.setattr(devices, "cores", lambda: 8)


@pytest.mark.parametrize(
    ("given", "jobs", "gpus", "expected"),
    [
        ([0, 1, 2, 3], 1, 1, [("0",), ("1",), ("2",), ("3",)]),
        ([0, 1], 2, 1, [("0",), ("1",), ("0",), ("1",)]),
        ([0, 1, 2, 3], 1, 2, [("0", "1"), ("2", "3")]),
        ([4, 5, 6], 1, 2, [("4", "5")]),
    ],
)
def test_devices_are_shared_out_among_jobs(given, jobs, gpus, expected, eight_cores):
    slots = make_slots(given, jobs_per_device=jobs, gpus_per_job=gpus)
    assert [slot.devices for slot in slots] == expected
    assert {slot.threads for slot in slots} == {8 // len(expected)}


def test_auto_takes_all_that_are_visible(monkeypatch, eight_cores):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,5")
    assert visible_gpus() == ["2", "5"]
    assert [slot.devices for slot in make_slots("auto", jobs_per_device=1, gpus_per_job=1)] == [
        ("2",),
        ("5",),
    ]


@pytest.mark.parametrize("hidden", ["", "-1"])
def test_without_gpus_jobs_share_the_processor(monkeypatch, eight_cores, hidden):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
    slots = make_slots("auto", jobs_per_device=4, gpus_per_job=1)
    assert slots == [Slot((), 2)] * 4
    assert slots[0].environment() == {"OMP_NUM_THREADS": "2"}


def test_a_job_sees_its_own_devices_alone():
    assert Slot(("1", "3"), 4).environment() == {"OMP_NUM_THREADS": "4", "CUDA_VISIBLE_DEVICES": "1,3"}


def test_more_jobs_than_cores_get_a_thread_each(monkeypatch):
    monkeypatch.setattr(devices, "cores", lambda: 2)
    assert {slot.threads for slot in make_slots([0], jobs_per_device=5, gpus_per_job=1)} == {1}


def test_a_job_cannot_have_more_devices_than_there_are():
    with pytest.raises(ConfigError, match=r"launcher\.gpus_per_job=3, but there are only 2: 0, 1"):
        make_slots([0, 1], jobs_per_device=1, gpus_per_job=3)
