"""How fast are the engines and the training on the GPU, and how much memory does a step take?"""

import math
from collections.abc import Callable, Iterator

import bench_training
import measure_cells
import torch
from gpu_place import ENGINES, Place, Row, peak
from measure import PRESETS
from torch import nn

from seqlab.nn import Recurrent


def speed(place: Place) -> Iterator[Row]:
    """Time every cell on torch and eager beside its counterpart in torch.nn."""
    for case in ("single",) if place.quick else ("names", "shopping"):
        for cell in PRESETS:
            rounds = 3 if place.quick else 7
            engines = ("torch", "eager")
            for one in measure_cells.compare(
                cell, case, engines, torch.get_num_threads(), rounds, device=place.device
            ):
                row: Row = {
                    "cell": cell,
                    "shape": f"{case}: {measure_cells.SHAPES[case]}",
                    "engine": one.variant,
                }
                if not math.isnan(one.value.median):
                    row |= {"ratio": one.value.median, "low": one.value.low, "high": one.value.high}
                    row |= {"against": one.against, "ms": 1e3 * one.own}
                yield row


def loop(place: Place) -> Iterator[Row]:
    """Time an epoch of seqlab's training beside one of a raw loop."""
    own, raw, count, what = bench_training.in_turns("auto", 2 if place.quick else 7, place.device)
    found = (raw / own).quantile(own.new_tensor([0.25, 0.5, 0.75])).tolist()
    yield {"trained": what, "samples_a_second": count / float(own.median()), "ratio": found[1]} | {
        "low": found[0],
        "high": found[2],
    }


def memory(place: Place) -> Iterator[Row]:
    """Tell the most memory that forward and backward take, on nn.LSTM and on the engines."""
    shape = measure_cells.SHAPES["single" if place.quick else "big"]
    x = torch.randn(shape.B, shape.T, shape.I, device=place.device, requires_grad=True)
    networks: dict[str, Callable[[], nn.Module]] = {
        engine: lambda engine=engine: Recurrent(
            "lstm", input_size=shape.I, hidden_size=shape.H, engine=engine
        )
        for engine in ENGINES
    }
    networks["nn.LSTM"] = lambda: nn.LSTM(shape.I, shape.H, batch_first=True)
    for name, make in networks.items():
        peak(place)
        measure_cells.step(make().to(place.device), x)()
        yield {"network": name, "shape": str(shape), "peak_mib": peak(place)}
