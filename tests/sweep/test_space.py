"""Sweep overrides as a search space."""

import pytest
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.utils import create_config_search_path
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from seqlab.errors import ConfigError
from seqlab.sweep.space import read_space


@pytest.fixture(scope="module")
def loader():
    return ConfigLoaderImpl(create_config_search_path("pkg://seqlab.conf"))


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("model=gru,lstm", CategoricalDistribution(["gru", "lstm"])),
        ("model=choice(gru,lstm,gru)", CategoricalDistribution(["gru", "lstm"])),
        ("model=glob(lstm_l*)", CategoricalDistribution(["lstm_layernorm"])),
        ("trainer.gradient_clip_val=null,0.5", CategoricalDistribution(["null", "0.5"])),
        ("optimizer.lr=interval(1e-4,1e-2)", FloatDistribution(1e-4, 1e-2)),
        ("optimizer.lr=tag(log,interval(1e-4,1e-2))", FloatDistribution(1e-4, 1e-2, log=True)),
        ("model.hidden_size=range(32,257,32)", IntDistribution(32, 256, step=32)),
        ("model.hidden_size=range(8,0,-3)", IntDistribution(2, 8, step=3)),
        ("model.hidden_size=tag(log,range(1,9))", IntDistribution(1, 8, log=True)),
        ("model.hidden_size=tag(log,int(interval(16,256)))", IntDistribution(16, 256, log=True)),
        ("model.dropout=range(0.1,0.45,0.1)", FloatDistribution(0.1, 0.4, step=0.1)),
    ],
)
def test_an_override_becomes_a_distribution(loader, written, expected):
    (dimension,) = read_space(loader, {}, [written]).dimensions
    assert dimension.distribution == expected
    assert dimension.name == written.partition("=")[0]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("optimizer.lr=interval(1e-2,1e-4)", "the first number must be below the second"),
        ("optimizer.lr=interval(1,1)", "the first number must be below the second"),
        ("optimizer.lr=tag(log,interval(0,1))", "a log scale must start above 0"),
        ("optimizer.lr=tag(logarithmic,interval(1,2))", "the only tag allowed is log"),
        ("model=tag(log,choice(gru,lstm))", "the only tag allowed is log"),
        ("model=interval(1,2)", "model is a choice; list some of bigru, bilstm"),
        ("model=range(1,2)", "model is a choice; list some of bigru, bilstm"),
        ("model.hidden_size=range(5,5)", "contains no value; the end is not part of a range"),
        ("model.hidden_size=range(1,5,0)", "the step must not be 0"),
        ("model.hidden_size=tag(log,range(1,9,2))", "a log scale must start above 0 and have no step"),
        ("optimizer.lr=tag(log,range(1.0,5.0))", "a range with a log scale is of integers; use interval(…)"),
        ("model=gru", "nothing to search: give a setting several values"),
    ],
)
def test_what_cannot_be_searched_is_refused_in_a_line(loader, written, said):
    with pytest.raises(ConfigError) as error:
        read_space(loader, {}, [written])
    assert said in str(error.value)
    assert len(str(error.value).splitlines()) == 1


def test_the_command_line_goes_before_a_file(loader):
    params = {"model": "gru,lstm", "model.hidden_size": "int(interval(4,8))", "seed": "1"}
    space = read_space(loader, params, ["model=rnn", "optimizer.lr=1,2", "++model.options.dt=0.1,0.2"])
    assert space.fixed == ("model=rnn", "seed=1")
    assert [one.name for one in space.dimensions] == ["model.hidden_size", "optimizer.lr", "model.options.dt"]
    assert space.overrides({"model.hidden_size": 5, "optimizer.lr": "2", "model.options.dt": "0.1"}) == [
        "model=rnn",
        "seed=1",
        "model.hidden_size=5",
        "optimizer.lr=2",
        "++model.options.dt=0.1",
    ]


def test_examples_hold_every_choice_both_ends_and_a_fraction(loader):
    space = read_space(loader, {}, ["model=gru,lstm,rnn", "optimizer.lr=interval(1,2)"])
    assert space.examples() == [
        ["model=gru", "optimizer.lr=1"],
        ["model=lstm", "optimizer.lr=1"],
        ["model=rnn", "optimizer.lr=1"],
        ["model=gru", "optimizer.lr=1"],
        ["model=gru", "optimizer.lr=1.382"],
        ["model=gru", "optimizer.lr=2"],
    ]
