"""Which devices jobs get, and how many at a time."""

import pytest

from seqlab.config.sweep import PoolConfig
from seqlab.errors import ConfigError
from seqlab.sweep import devices
from seqlab.sweep.devices import Slot, make_slots


@pytest.fixture(autouse=True)
def _six(six_gpus):
    """Every test here is on a machine with six GPUs."""


@pytest.fixture
def eight_cores(monkeypatch):
    monkeypatch.setattr(devices, "cores", lambda: 8)


@pytest.mark.parametrize(
    ("given", "jobs", "gpus", "expected"),
    [
        ([0, 1, 2, 3], 1, 1, [("0",), ("1",), ("2",), ("3",)]),
        ([0, 1], 2, 1, [("0",), ("1",), ("0",), ("1",)]),
        ([0, 1, 2, 3], 1, 2, [("0", "1"), ("2", "3")]),
        ([3, 4, 5], 1, 2, [("3", "4")]),
    ],
)
def test_devices_are_shared_out_among_jobs(given, jobs, gpus, expected, eight_cores):
    slots = make_slots(given, jobs_per_device=jobs, gpus_per_job=gpus)
    assert [slot.devices for slot in slots] == expected
    assert {slot.threads for slot in slots} == {8 // len(expected)}


def test_auto_takes_all_that_are_visible(monkeypatch, eight_cores):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,5")
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


@pytest.mark.parametrize(
    ("chosen", "given", "gpus", "line"),
    [
        (
            None,
            [0, 6],
            1,
            r"launcher\.devices=\[0,6\]: GPU 6 does not exist; the GPUs here are 0, 1, 2, 3, 4, 5;",
        ),
        ("2,3", [0, 2], 1, r"launcher\.devices=\[0,2\]: GPU 0 does not exist; the GPUs here are 2, 3;"),
        ("-1", [0, 1], 1, r"launcher\.devices=\[0,1\]: GPU 0 does not exist; no GPU is visible here;"),
        (
            None,
            [0, 1],
            3,
            r"launcher\.gpus_per_job=3 is more than the available GPUs: launcher\.devices names 2",
        ),
        ("2", "auto", 2, r"launcher\.gpus_per_job=2 is more than the available GPUs: the GPUs here are 2"),
        (
            "-1",
            "auto",
            2,
            r"launcher\.gpus_per_job=2 is more than the available GPUs: no GPU is visible here",
        ),
    ],
)
def test_gpus_that_are_not_there_are_refused(monkeypatch, chosen, given, gpus, line):
    if chosen is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", chosen)
    with pytest.raises(ConfigError, match=line):
        make_slots(given, jobs_per_device=1, gpus_per_job=gpus)


def test_a_gpu_that_is_named_twice_is_refused():
    settings = {"name": "pool", "jobs_per_device": 1, "gpus_per_job": 1, "fail_fast": False}
    with pytest.raises(ValueError, match=r"\[0, 0\] names a GPU twice; use launcher\.jobs_per_device"):
        PoolConfig(devices=[0, 0], **settings)
