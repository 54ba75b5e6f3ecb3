"""Does every engine compute on the GPU what the reference engine computes in float64 on the processor?"""

import copy
import warnings
from collections.abc import Iterator

import torch
from gpu_place import ENGINES, Place, Row
from measure import PRESETS, unsupported_reason
from torch import Tensor

from seqlab.nn import Recurrent

BOUNDS = {"32-true": 1e-4, "bf16-mixed": 0.2}
"""Largest error of a tensor, relative to its largest number; bfloat16 has 8 bits, and errors add up."""


def cells_agree(place: Place) -> Iterator[Row]:
    """Compare every cell, engine and precision with the reference engine in float64 on the processor."""
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    B, T, I, H = (3, 4, 3, 4) if place.quick else (17, 24, 9, 32)  # noqa: E741 (the field's name)
    for cell in PRESETS:
        torch.manual_seed(0)
        truth = Recurrent(cell, input_size=I, hidden_size=H, bidirectional=True, engine="reference").double()
        x, lengths = torch.randn(B, T, I, dtype=torch.float64), torch.randint(1, T + 1, (B,))
        lengths[0] = T
        expected = answers(truth, x, lengths)
        for engine in ENGINES:
            for precision, bound in BOUNDS.items():
                row: Row = {"cell": cell, "engine": engine, "precision": precision}
                if reason := unsupported_reason(engine, cell, place.device):
                    yield row | {"refusal": reason}
                    continue
                own = copy.deepcopy(truth).float().to(place.device)
                own.engine = engine
                with warnings.catch_warnings(record=True) as warned:
                    warnings.simplefilter("always")
                    with torch.autocast(place.device, torch.bfloat16, enabled=precision == "bf16-mixed"):
                        found = answers(own, x.float().to(place.device), lengths)
                error = max(relative_error(one, other) for one, other in zip(found, expected, strict=True))
                yield row | {
                    "error": error,
                    "ok": error <= bound,
                    "warnings": sorted({str(each.message) for each in warned}),
                }


def answers(network: Recurrent, x: Tensor, lengths: Tensor) -> list[Tensor]:
    """Return outputs, final states and all gradients on the processor, in float64; padding is 0."""
    x = x.clone().requires_grad_()
    outputs, final = network(x, lengths)
    assert final is not None
    inside = (torch.arange(x.shape[1]) < lengths[:, None])[:, :, None].to(x.device)
    told = [torch.where(inside, outputs, 0), *final.values()]
    total = sum(
        (part.double() * torch.linspace(-1, 1, part.numel()).view_as(part).to(part)).sum() for part in told
    )
    gradients = torch.autograd.grad(total, [x, *network.parameters()])  # type: ignore[arg-type]
    return [part.detach().cpu().double() for part in (*told, *gradients)]


def relative_error(found: Tensor, expected: Tensor) -> float:
    """Return the largest difference, relative to the largest number; NaN if any is."""
    return float((found - expected).abs().max() / expected.abs().max().clamp(min=1e-12))
