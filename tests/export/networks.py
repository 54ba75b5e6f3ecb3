"""Networks with random weights, and how they answer through seqlab and through onnxruntime."""

from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import helper

from seqlab.data import DataSpec, SeriesSpec, TextSpec
from seqlab.data.sequences.declared import SequenceSettings, SequencesSpec
from seqlab.data.series.spec import SeriesSettings
from seqlab.data.streams.declared import StreamSettings, StreamSpec
from seqlab.data.text.cleaning import TextSettings
from seqlab.data.text.vocabulary import Vocabulary
from seqlab.export.network import network_graph
from seqlab.export.onnx_model import IR_VERSION, OPSETS
from seqlab.models.lightning_module import SequenceModule
from seqlab.models.predictor import Predictor

SHAPES = ((1, 1), (3, 6), (5, 17))
"""Batch size and steps."""
COMMON = {"name": "made", "source": "real", "origin": "", "sha256": "", "sizes": {}}
TEXTS = TextSpec(
    **COMMON,
    kind="tokens",
    task="classification",
    input_size=9,
    classes=("one", "two", "three"),
    symbols=Vocabulary.of(["ab", "ac", "b", "ca", "d"]).symbols,
    # 2 · 9 + 3 is the code of token 3 behind token 2; the largest is of three tokens.
    ngrams=(4 * 9 + 5, 5 * 9 + 6, 6 * 9 + 4, 4 * 81 + 5 * 9 + 6),
    text=TextSettings(),
)
WORDS = StreamSpec(
    **COMMON,
    kind="tokens",
    task="language_model",
    input_size=9,
    symbols=(*TEXTS.symbols[:4], *"abcde"),
    widths=(0, 1, 0, 0, 1, 1, 1, 1, 1),
    stream=StreamSettings(),
)
SERIES = SeriesSpec(
    **COMMON,
    kind="features",
    task="forecasting",
    input_size=3,
    series=SeriesSettings(
        measured=("p", "T", "wind"),
        columns=("p", "T", "wind"),
        means=(989.2, 9.45, 2.1),
        scales=(8.35, 8.42, 1.54),
        targets=("wind", "T"),
        step_minutes=60.0,
        input_steps=6,
        horizon_steps=4,
    ),
)
IRREGULAR = SequencesSpec(
    **COMMON,
    kind="features",
    task="classification",
    input_size=5,
    features=("p", "q", "x.dt", "x.mask p", "x.mask q"),
    side_inputs={"dt": 1, "mask": 2},
    classes=("one", "two", "three"),
    sequences=SequenceSettings(means=(5.0, -1.0, 0.0, 0.0, 0.0), scales=(2.0, 3.0, 4.0, 1.0, 1.0)),
)


def network(spec: DataSpec, task: dict[str, Any] | None = None, **model: Any) -> SequenceModule:
    """Return a network whose weights are all random, biases and norms too."""
    torch.manual_seed(0)
    settings = {"hidden_size": 6, "embedding_size": 5, "engine": "reference", **model}
    module = SequenceModule(spec=spec.as_dict(), model=settings, task=task)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return module.eval()


def model_of(module: SequenceModule, spec: DataSpec) -> onnx.ModelProto:
    opsets = [helper.make_opsetid(domain, version) for domain, version in OPSETS.items()]
    model = helper.make_model(network_graph(module, spec), opset_imports=opsets, ir_version=IR_VERSION)
    onnx.checker.check_model(model, full_check=True)
    return model


def session_of(model: onnx.ModelProto) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])


def batch(spec: DataSpec, rows: int, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Return right-padded inputs, whose padding holds anything, and lengths from 1 to all steps."""
    random = np.random.default_rng(rows * 100 + steps)
    lengths = random.integers(1, steps + 1, rows)
    lengths[0] = steps
    if spec.kind == "tokens":
        x = random.integers(1, spec.input_size, (rows, steps))
        x[np.arange(steps) >= lengths[:, None]] = 0
        return x, lengths
    columns = spec.series if isinstance(spec, SeriesSpec) else spec.sequences
    x = random.normal(size=(rows, steps, spec.input_size)) * columns.scales + columns.means
    x[np.arange(steps) >= lengths[:, None]] = 1e6
    return x, lengths


def assert_same_answers(
    spec: DataSpec,
    task: dict[str, Any] | None = None,
    *,
    shapes: tuple[tuple[int, int], ...] = SHAPES,
    **settings: Any,
) -> None:
    """Compare onnxruntime with the reference engine; and count the Scans, one a layer and direction."""
    module = network(spec, task, **settings)
    model = model_of(module, spec)
    scans = settings.get("num_layers", 1) * (1 + settings.get("bidirectional", False))
    decoder = module.model.decoder
    scans *= 1 if decoder is None else 1 + (1 if decoder.name == "parallel" else decoder.segments)
    assert sum(node.op_type == "Scan" for node in model.graph.node) == scans
    session = session_of(model)
    predictor = Predictor.of(module, spec, data=None)
    for rows, steps in shapes:
        x, lengths = batch(spec, rows, steps)
        (found,) = session.run(None, {spec.kind: x, "lengths": lengths})
        # One by one and unpadded: what is padding must not matter.
        for row, length in enumerate(lengths):
            alone = torch.from_numpy(x[row : row + 1, :length]), torch.tensor([length])
            expected = predictor.predict(*alone).numpy()
            np.testing.assert_allclose(found[row : row + 1], expected, rtol=1e-5, atol=1e-6)
