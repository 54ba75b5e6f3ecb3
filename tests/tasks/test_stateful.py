"""Forecasts of networks that go on, from window to window, with the state in which the last one ended."""

# ruff: noqa: PD011 (these are the values of windows)

import numpy as np
import pandas as pd
import pytest
import torch
from hydra import compose, initialize_config_module

from seqlab.config.compose import make_config
from seqlab.data import SequenceData, Series
from seqlab.errors import ConfigError
from seqlab.models.lightning_module import SequenceModule

READ, ASKED = 6, 2


@pytest.fixture
def data(tmp_path):
    """Return hourly numbers with a gap."""
    count = 400
    numbers = np.random.default_rng(0).normal(size=(count, 2)).round(3)
    times = pd.date_range("2020-01-01", periods=count, freq="h").astype(str)
    frame = pd.DataFrame({"time": times, "a": numbers[:, 0], "b": numbers[:, 1]}).drop(index=[340])
    frame.to_csv(tmp_path / "mine.csv", index=False)
    settings = {"targets": ["a"], "input_steps": READ, "horizon_steps": ASKED, "calendar": False}
    return SequenceData(Series(path=str(tmp_path / "mine.csv"), stateful=True, batch_size=4, **settings))


def module_of(data, cell="lstm"):
    torch.manual_seed(0)
    return SequenceModule(data.spec, cell=cell, hidden_size=6, num_layers=2)


@pytest.mark.parametrize("cell", ["lstm", "gru", "phased_lstm"])
def test_carrying_the_state_is_reading_all_the_past_at_once(data, cell):
    module = module_of(data, cell).eval()
    samples = data.samples["test"]
    starts = samples.starts.numpy()
    module.reset("test")
    found = {}
    for batch in data.test_dataloader():
        outputs = module._outputs("test", batch).detach()
        found |= {int(row): one for row, one in zip(batch.ids, outputs, strict=True) if row >= 0}
    assert sorted(found) == list(range(len(samples)))
    known = set(starts.tolist())
    for window, start in enumerate(starts.tolist()):
        first = start
        while first - READ in known:
            first -= READ
        past = samples.values[None, first : start + READ]
        with torch.no_grad():
            expected = module(past, torch.tensor([past.shape[1]]))[0]
        torch.testing.assert_close(found[window], expected, atol=1e-6, rtol=0)
    assert len(set(starts.tolist())) < starts[-1] - starts[0] + 1  # a gap is among them


def test_no_gradient_crosses_a_cut(data):
    module = module_of(data)
    first, second = list(data.train_dataloader())[:2]
    first, second = (batch._replace(x=batch.x.clone().requires_grad_()) for batch in (first, second))
    module._step("train", first)
    loss = module._step("train", second)
    before, after = torch.autograd.grad(loss, [first.x, second.x], allow_unused=True)
    assert before is None
    assert after.abs().sum() > 0


def test_what_comes_after_a_row_to_ignore_begins_anew(data):
    module = module_of(data)
    batch = data.samples["train"].batch(torch.tensor([3, 30]))
    alone = module(batch.x, batch.lengths)
    module._outputs("val", batch._replace(ids=torch.tensor([-1, 30])))
    found = module._outputs("val", batch)
    torch.testing.assert_close(found[0], alone[0])
    assert not torch.allclose(found[1], alone[1])


def test_a_forecast_reads_all_rows_since_the_last_gap(data):
    asked = data.spec.unlabelled(data.dataset, [], data.dataset.find().path)
    assert asked.samples.lengths.tolist() == [400 - 341]


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        (
            "model.bidirectional=true",
            "model.bidirectional=true reads a window from its end, and",
        ),
        ("model.reverse=true", "model.reverse=true reads a window from its end, and"),
        ("model.instance_norm=revin", "model.instance_norm=revin is of one window's steps, .*=none"),
        ("model.encoder=segments", "model.encoder=segments is of one window's steps, .*=auto"),
        ("model.pooling=mean", "model.pooling=mean is of one window's steps, .* use model.pooling=last"),
    ],
)
def test_a_network_that_cannot_go_on_is_refused(setting, message):
    given = ["data=series_csv", "data.path=a.csv", "data.targets=[a]", "data.stateful=true"]
    with (
        initialize_config_module("seqlab.conf", version_base="1.3"),
        pytest.raises(ConfigError, match=message),
    ):
        make_config(compose("config", [*given, setting]))


@pytest.mark.parametrize(
    "settings",
    [{"instance_norm": "revin"}, {"channels": "independent"}, {"decoder": "parallel", "segment": 1}],
)
def test_a_module_that_would_leave_a_part_out_is_refused(data, settings):
    data.setup()
    with pytest.raises(ConfigError, match="states that are carried from batch to batch need"):
        SequenceModule(data.spec, cell="gru", hidden_size=6, **settings)
