"""Checking that a language model does not see what it predicts, on a few tokens before training."""

import copy

import torch

from seqlab.errors import ConfigError
from seqlab.models.sequence_model import SequenceModel

STEPS, CUT = 8, 5


def check_causal(model: SequenceModel, vocabulary: int) -> None:
    """Refuse a network whose outputs differ when the tokens come in two batches instead of one.

    Such a network reads later tokens, or earlier ones that are not in its state.

    Args:
        model: a network with an output at every step.
        vocabulary: the number of tokens in its vocabulary.

    Raises:
        ConfigError: the outputs differ.
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
            f"task=language_model: with encoder {type(model.encoder).__name__} an output depends on more "
            "than a token and the network's state; use model.encoder=embedding and model.bidirectional=false"
        )
