"""A kind of data of the user's own, with a spec of its own: one file, used in every command."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

MINE = '''
"""Lists of numbers, and whether they rise or fall."""

from dataclasses import dataclass

import numpy as np
import torch

from seqlab import register_dataset
from seqlab.data import Dataset, DataSpec, Loaded
from seqlab.data.batches import FeatureSamples, Followed, Unlabelled
from seqlab.data.spec import register_spec
from seqlab.errors import DataError


@register_spec("unit")
@dataclass(frozen=True, kw_only=True)
class TrendSpec(DataSpec):
    """Lists of numbers that are divided by a unit."""

    unit: float

    def scaled(self, x):
        return (x / self.unit).float()

    def add_scaling(self, graph, x):
        return graph.cast(graph.add("Div", x, graph.constant("unit", self.unit)), graph.FLOAT)

    def unlabelled(self, data, texts, file):
        if not texts:
            raise DataError("give a list of numbers")
        rows = np.array([[float(number) for number in text.split()] for text in texts])
        return Unlabelled(FeatureSamples.of(rows[..., None], np.zeros(len(rows))), texts)

    def followed(self, data, text, file):
        samples, _ = self.unlabelled(data, [text] if text else [], file)
        return Followed(text, samples.batch(torch.tensor([0])).x, text.split(), {})


@register_dataset("trends")
class Trends(Dataset):
    """Lists of numbers, and whether they rise or fall."""

    task = "classification"
    kind = "features"

    def load(self):
        random = np.random.default_rng(0)
        spec = TrendSpec(
            name=self.name, kind=self.kind, task=self.task, source="real", origin="numpy", sha256="0",
            input_size=1, features=("number",), sizes={"train": 64, "val": 16, "test": 16},
            classes=("falls", "rises"), unit=10.0,
        )
        samples = {}
        for split, size in spec.sizes.items():
            x = random.normal(0, 10, (size, 5, 1))
            y = (x[:, -1, 0] > x[:, 0, 0]).astype(np.int64)
            samples[split] = FeatureSamples.of(spec.scaled(torch.from_numpy(x)).numpy(), y)
        return Loaded(spec, samples, lambda split, index: f"{split} {index}")
'''
TINY = ("model.hidden_size=4", "trainer.max_epochs=1", "callbacks=none", "logger=none")
MINE_TOO = ("--imports", "my_trends")


@pytest.fixture
def run(train, monkeypatch):
    """Train on a kind of data that one file of the working folder defines; return the run folder."""
    Path("my_trends.py").write_text(MINE)
    monkeypatch.syspath_prepend(Path.cwd())
    assert train("imports=[my_trends]", "data=trends", "engine=eager", *TINY) == 0
    (record,) = Path("out").rglob("run.json")
    yield record.parent
    sys.modules.pop("my_trends", None)


def test_a_kind_of_data_of_ones_own_is_one_file(run, command):
    asked = ("1 2 3 4 5", "9.5 3 -2 -8 1")
    code, shown, said = command("predict", run, *asked, "--json", *MINE_TOO)
    assert (code, said) == (0, "")
    answers = json.loads(shown)
    assert [answer["text"] for answer in answers] == list(asked)

    for format_ in ("onnx", "safetensors"):
        assert command("export", run, "--to", format_, "--out", f"mine.{format_}", *MINE_TOO)[0] == 0
        code, shown, _ = command("predict", f"mine.{format_}", *asked, "--json", *MINE_TOO)
        for answer, expected in zip(json.loads(shown), answers, strict=True):
            assert answer["classes"] == expected["classes"]
            np.testing.assert_allclose(answer["probabilities"], expected["probabilities"], rtol=1e-5)

    code, shown, _ = command("explain", run, asked[1], *MINE_TOO)
    *_, last, _, figure = shown.rstrip().splitlines()
    best = answers[1]
    assert last.split()[:4] == ["5", "1", best["classes"][0], f"{best['probabilities'][0]:.3f}"]
    assert Path(figure).exists()

    for use in ("predict", "explain"):
        assert command(use, run, *MINE_TOO) == (2, "", "seqlab: give a list of numbers\n")
