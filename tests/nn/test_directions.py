"""A network that reads from the end only, against one that reads forwards what was turned by hand."""

import pytest
import torch

from seqlab import State
from seqlab.cells import LTC
from seqlab.errors import ConfigError
from seqlab.nn import Recurrent
from seqlab.registry.catalog import engines

LENGTHS = torch.tensor([6, 1, 4])


def turned(x):
    """Return each sequence reversed, its padding still at the end."""
    return torch.stack(
        [torch.cat([row[:length].flip(0), row[length:]]) for row, length in zip(x, LENGTHS, strict=True)]
    )


@pytest.mark.parametrize("engine", engines)
def test_reverse_reads_from_the_last_step_and_ends_at_the_first(engine):
    torch.manual_seed(0)
    sizes = {"input_size": 3, "hidden_size": [5, 4], "engine": engine}
    backward = Recurrent("lstm", reverse=True, **sizes).double()
    forward = Recurrent("lstm", **sizes).double()
    forward.load_state_dict(backward.state_dict())
    x = torch.randn(3, 6, 3, dtype=torch.float64)
    widths = {"h_l0": 5, "c_l0": 5, "h_l1": 4, "c_l1": 4}
    state = State({name: torch.randn(1, 3, width, dtype=x.dtype) for name, width in widths.items()})
    expected, last = forward(turned(x), LENGTHS, state)
    for row, length in enumerate(LENGTHS):
        x[row, length:] = torch.nan
    outputs, final = backward(x, LENGTHS, state)
    torch.testing.assert_close(outputs, turned(expected), rtol=0, atol=1e-14)
    torch.testing.assert_close(final.h_l1[0], outputs[:, 0], rtol=0, atol=0)
    for name in final:
        torch.testing.assert_close(final[name], last[name], rtol=0, atol=0)
    (reading,), _ = backward.read(x, LENGTHS, state)
    torch.testing.assert_close(reading, expected, rtol=0, atol=1e-14)


def test_reverse_is_the_second_direction_of_both():
    torch.manual_seed(0)
    both = Recurrent(LTC(), input_size=3, hidden_size=5, bidirectional=True, engine="eager")
    alone = Recurrent(LTC(), input_size=3, hidden_size=5, reverse=True, engine="eager")
    alone.layers[0].load_state_dict(both.layers[1].state_dict())
    x, dt = torch.randn(3, 6, 3), torch.rand(3, 6)
    outputs, _ = both(x, LENGTHS, inputs={"dt": dt})
    assert torch.equal(alone(x, LENGTHS, inputs={"dt": dt})[0], outputs[..., 5:])


def test_directions_that_contradict_are_refused():
    with pytest.raises(
        ConfigError, match="bidirectional=true reads both ways, reverse=true only from the end"
    ):
        Recurrent("gru", input_size=3, hidden_size=5, bidirectional=True, reverse=True)
