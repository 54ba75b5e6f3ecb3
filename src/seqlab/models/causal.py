"""A language model may not see what it predicts: a network is tried on a few tokens before it is trained."""

import copy

import torch

from seqlab.errors import ConfigError
from seqlab.models.sequence_model import SequenceModel

STEPS, CUT = 8, 5


def check_causal(model: SequenceModel, vocabulary: int) -> None:
    """Refuse a network that answers otherwise when tokens come in two batches than when they come in one.

    Such a network reads tokens that are still to come, or more of those before than its state holds.

    Args:
        model: answers at every step.
        vocabulary: tokens that it knows.

    Raises:
        ConfigError: it is such.
    """
    x = torch.arange(STEPS)[None] % vocabulary
    random = torch.Generator().manual_seed(0)
    model = copy.deepcopy(model).eval()
    with torch.no_grad():
        for weights in model.parameters():  # some of which may start at 0
            weights.add_(0.3 * torch.randn(weights.shape, generator=random).to(weights.dtype))
        whole, _ = model.carry(x, torch.tensor([STEPS]), None)
        first, state = model.carry(x[:, :CUT], torch.tensor([CUT]), None)
        rest, _ = model.carry(x[:, CUT:], torch.tensor([STEPS - CUT]), state)
    tolerance = torch.finfo(model.read_dtype()).eps ** 0.5 * float(whole.abs().max())
    if not float((torch.cat([first, rest], 1) - whole).abs().max()) <= tolerance:
        raise ConfigError(
            f"task=language_model: with encoder {type(model.encoder).__name__} an answer depends on more "
            "than a token and the network's state; use model.encoder=embedding and model.bidirectional=false"
        )
