"""Networks and batches that the tests of diagnostics share."""

import pytest
import torch

from seqlab.data.batches import Batch
from seqlab.diagnostics import LayerRun, recording
from seqlab.models.lightning_module import SequenceModule
from seqlab.nn import Recurrent

LENGTHS = (6, 1, 4, 2)


@pytest.fixture
def probe() -> Batch:
    """Return four sequences of up to six tokens, with classes."""
    torch.manual_seed(1)
    x = torch.randint(1, 9, (4, 6))
    for row, length in enumerate(LENGTHS):
        x[row, length:] = 0
    return Batch(x, torch.tensor(LENGTHS), torch.tensor([0, 2, 1, 1]), torch.arange(4))


def module_of(cell: str = "lstm", **model: object) -> SequenceModule:
    torch.manual_seed(0)
    spec = {"kind": "tokens", "input_size": 9, "classes": ["a", "b", "c"]}
    settings = {"cell": cell, "hidden_size": 5, "embedding_size": 4, "dropout": 0.5} | model
    return SequenceModule(spec=spec, model=settings).double()


def stepwise(task: str, vocabulary: int = 9, **model: object) -> SequenceModule:
    """Return a language model or a tagger, whose outputs are of every step."""
    torch.manual_seed(0)
    spec = {"kind": "tokens", "task": task, "input_size": vocabulary}
    spec |= {"widths": [1] * vocabulary} if task == "language_model" else {}
    spec |= {"classes": ["a", "b", "c"], "tagged_steps": 0} if task == "tagging" else {}
    settings = {"hidden_size": 5, "embedding_size": 4, "cell": "gru"} | model
    return SequenceModule(spec=spec, model=settings).double()


def run_of(
    network: Recurrent, x: torch.Tensor, lengths: torch.Tensor | None = None, layer: int = 0
) -> LayerRun:
    with recording(network) as runs:
        network(x, lengths)
    return runs[layer]
