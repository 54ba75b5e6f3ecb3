"""What a sweep on a cluster needs and refuses, without a cluster."""

import pytest
from omegaconf import OmegaConf

from hydra_plugins import seqlab_cluster
from seqlab.config.sweep import RayConfig
from seqlab.errors import ConfigError
from seqlab.sweep import slurm
from seqlab.sweep.job import Job


@pytest.mark.parametrize("launcher", [seqlab_cluster.Slurm, seqlab_cluster.Ray])
def test_a_missing_extra_is_answered_with_its_pip_command(monkeypatch, launcher):
    monkeypatch.setattr(seqlab_cluster, "find_spec", lambda _module: None)
    with pytest.raises(
        ConfigError, match=rf"launcher={launcher.name} needs .*pip install 'seqlab\[{launcher.name}\]'"
    ):
        launcher().setup(hydra_context=None, task_function=None, config=None)


def jobs(*devices, cpus=4, gpus=0):
    launcher = {
        "gpus_per_job": gpus,
        "cpus_per_job": cpus,
        "memory_gb": 1,
        "minutes": 5,
        "partition": None,
        "max_jobs": 8,
        "sbatch": {"qos": "long"},
    }
    configs = [
        OmegaConf.create({"launcher": launcher, "trainer": {"devices": many, "num_nodes": 1}})
        for many in devices
    ]
    return configs[0], [Job(number, "", (), None, config) for number, config in enumerate(configs)]


def test_a_job_has_a_process_for_each_device_and_they_share_its_cores():
    asked = slurm._resources(*jobs(2, cpus=5, gpus=2))
    assert (asked["tasks_per_node"], asked["cpus_per_task"], asked["gpus_per_node"]) == (2, 2, 2)
    assert asked["additional_parameters"] == {"qos": "long"}


@pytest.mark.parametrize(("devices", "count"), [(1, 1), (3, 3), ([0, 2], 2), ("auto", 4)])
def test_devices_are_counted_however_they_are_written(devices, count):
    config, _ = jobs(devices, gpus=4)
    assert slurm.processes(config) == count


def test_without_gpus_none_are_asked_for():
    assert slurm._resources(*jobs(1))["gpus_per_node"] is None


def test_jobs_of_different_sizes_are_refused():
    with pytest.raises(ConfigError, match=r"same trainer\.devices"):
        slurm._resources(*jobs(1, 2))


def test_more_processes_than_cores_are_refused():
    with pytest.raises(ConfigError, match="cpus_per_job=1 is too few for the 2 processes"):
        slurm._resources(*jobs(2, cpus=1))


@pytest.mark.parametrize("gpus", [0, 0.25, 1, 2])
def test_ray_takes_a_share_of_a_gpu_or_whole_ones(gpus):
    assert RayConfig(name="ray", address=None, gpus_per_job=gpus, cpus_per_job=1).gpus_per_job == gpus


def test_ray_takes_no_share_beyond_one_gpu():
    with pytest.raises(ValueError, match=r"got 1\.5"):
        RayConfig(name="ray", address=None, gpus_per_job=1.5, cpus_per_job=1)
