"""What a caller may hand to recurrent layers, and what is said of the rest."""

import pytest
import torch
from torch.nn.utils.rnn import pack_padded_sequence

from seqlab import State
from seqlab.cells import LTC, Interval, register_cell
from seqlab.errors import ConfigError, EngineError
from seqlab.models.sequence_model import SequenceModel
from seqlab.nn import Recurrent
from seqlab.nn.parts import InputSpec

X, LENGTHS, H = torch.zeros(3, 5, 4), torch.tensor([5, 2, 1]), torch.zeros(1, 3, 6)
META = torch.device("meta")


@pytest.fixture(params=["native", "torch", "eager", "reference"])
def network(request):
    torch.manual_seed(0)
    return Recurrent("lstm", input_size=4, hidden_size=6, engine=request.param)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            (pack_padded_sequence(X, LENGTHS, batch_first=True),),
            TypeError,
            "x is a PackedSequence; padded inputs",
        ),
        (([[[0.0] * 4]],), TypeError, r"x must be a tensor \[B, T, 4\], got list"),
        ((X.to_sparse(),), TypeError, "x must be a dense tensor .* got a torch.sparse_coo one"),
        ((X.double(),), TypeError, "x is torch.float64 and the weights torch.float32"),
        ((X.long(),), TypeError, "x must be of a floating type, got torch.int64; use x.to"),
        ((X[0],), ValueError, r"got \[5, 4\]; one sequence \[T, I\] is a batch of one: x\[None\]"),
        ((X, [5, 2, 1]), TypeError, r"lengths must be a tensor of 3 integers.*, got list; use torch.tensor"),
        ((X, LENGTHS.float()), TypeError, r"integers.*, got torch.float32; use lengths.long\(\)"),
        ((X, LENGTHS > 1), TypeError, "integers.*, got torch.bool"),
        ((X, LENGTHS[:2]), ValueError, r"a tensor of 3 integers.*, got \[2\]"),
        ((X, LENGTHS[:, None]), ValueError, r"got \[3, 1\]"),
        ((X, LENGTHS - 1), ValueError, "lengths must be from 1 to 5, got 0 to 4"),
        ((X, LENGTHS + 1), ValueError, "lengths must be from 1 to 5, got 2 to 6"),
        ((X, LENGTHS.to(META)), ValueError, "without values, on the device meta"),
        (
            (X, None, (H, H)),
            TypeError,
            r"state must be seqlab.State\(h=…, c=…\), each \[1, 3, 6\], got tuple",
        ),
        ((X, None, H), TypeError, "got torch.Tensor"),
        ((X, None, State(h=H)), ValueError, "state must hold h, c, got h"),
        ((X, None, State(h=H, c=0)), TypeError, r"state c must be a tensor \[1, 3, 6\], got int"),
        ((X, None, State(h=H, c=H[:, :2])), ValueError, r"state c must be \[1, 3, 6\], got \[1, 2, 6\]"),
        ((X, None, State(h=H, c=H.double())), TypeError, "x is torch.float32 and state c torch.float64"),
        ((X, None, State(h=H, c=H.to(META))), ValueError, "x is on cpu and state c on meta"),
        ((X.to(META),), ValueError, "x is on meta and the weights on cpu"),
    ],
)
def test_what_does_not_fit_is_told_in_one_line(network, arguments, error, message):
    refused = r"|engine=\w+ cannot run here: "  # an engine may have a reason of its own
    with pytest.raises((error, EngineError), match=message + refused) as raised:
        network(*arguments)
    assert len(str(raised.value).splitlines()) == 1


def test_weights_on_another_device_are_refused(network):
    network(X)
    network.layers[0].U = torch.nn.Parameter(network.layers[0].U.to(META))
    with pytest.raises(ValueError, match="x is on cpu and the weights on meta"):
        network(X)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int8, torch.int16, torch.int32, torch.uint16])
def test_lengths_of_any_integers_mean_the_same(network, dtype):
    found, expected = (network(X + 1, lengths)[0] for lengths in (LENGTHS.to(dtype), LENGTHS))
    assert torch.equal(found, expected)


def test_bidirectional_outputs_take_lengths_of_any_integers():
    both = Recurrent("gru", input_size=4, hidden_size=6, bidirectional=True)
    assert torch.equal(both(X, LENGTHS.to(torch.uint8))[0], both(X, LENGTHS)[0])


def test_autocast_does_not_excuse_a_type_that_it_does_not_cast(network):
    with torch.autocast("cpu"), pytest.raises(TypeError, match=r"x is torch.float64 and the weights torch.f"):
        network(X.double())


@pytest.mark.parametrize("dropout", [-0.1, 1.0, 1.5])
def test_dropout_is_a_probability_below_1(dropout):
    with pytest.raises(ConfigError, match=f"dropout must be 0 to below 1, got {dropout}"):
        Recurrent("lstm", input_size=4, hidden_size=6, dropout=dropout)


def test_side_inputs_that_nobody_gives_have_their_default():
    network = Recurrent("ltc", input_size=4, hidden_size=6, num_layers=2, bidirectional=True)
    x = torch.randn(3, 5, 4)
    given = network(x, LENGTHS, inputs={"dt": torch.ones(3, 5)})[0]
    assert torch.equal(network(x, LENGTHS)[0], given)
    assert not torch.equal(network(x, LENGTHS, inputs={"dt": torch.full((3, 5), 0.5)})[0], given)


class Needing(LTC):
    """A cell that must be told the time."""

    inputs = {"dt": (), "clock": Interval(default=1.0)}


def test_a_side_input_without_default_must_be_given():
    network = Recurrent(Needing, input_size=4, hidden_size=6)
    assert network(X, inputs={"dt": X[:, :, 0]})[0].shape == (3, 5, 6)
    for inputs, found in ((None, "none"), ({"clock": X[:, :, 0]}, "clock")):
        with pytest.raises(ValueError, match=rf"wants inputs={{'dt': …, 'clock': …}} .*, got {found}"):
            network(X, inputs=inputs)


def test_a_network_that_no_data_give_a_side_input_says_which():
    register_cell("needing")(Needing)
    with pytest.raises(ConfigError, match=r"cell 'needing' reads x.dt at every step, .* Interval\(default"):
        SequenceModel(cell="needing")


SPEC = {"kind": "features", "input_size": 4, "side_inputs": {"dt": 1}}


def test_what_the_data_give_beside_x_is_the_last_columns():
    torch.manual_seed(0)
    model = SequenceModel(InputSpec.of(SPEC), cell="ltc", hidden_size=6, bidirectional=True)
    x = torch.rand(3, 5, 4) + 0.1
    recurrent = model.recurrent
    readings, _ = recurrent.read(x[:, :, :3], LENGTHS, inputs={"dt": x[:, :, 3]})
    expected = model.head(torch.cat([model.pooling(reading, LENGTHS) for reading in readings], -1))
    torch.testing.assert_close(model(x, LENGTHS), expected, atol=0, rtol=0)


@pytest.mark.parametrize(
    ("cell", "beside", "message"),
    [
        ("gru", {"dt": 1}, "data.side_inputs.dt: cell 'gru' reads no x.dt; it has none"),
        ("ltc", {"td": 1}, "data.side_inputs.td: cell 'ltc' reads no x.td; did you mean 'dt'"),
        ("gru_d", {"mask": 2}, "data.side_inputs.mask has 2 columns, and x.mask of cell 'gru_d' has 3"),
    ],
)
def test_data_that_do_not_suit_the_cells_side_inputs_are_a_mistake_of_the_settings(cell, beside, message):
    inputs = InputSpec("features", 3, side_inputs=beside)
    with pytest.raises(ConfigError, match=message):
        SequenceModel(inputs, cell=cell)


def test_a_batch_of_none_has_outputs_states_and_gradients(network):
    x = X[:0].clone().requires_grad_()
    outputs, final = network(x, LENGTHS[:0])
    outputs.sum().backward()
    assert (outputs.shape, final.h.shape, final.c.shape) == ((0, 5, 6), (1, 0, 6), (1, 0, 6))
    assert x.grad.shape == (0, 5, 4)


def test_without_numbers_there_are_shapes():
    network = Recurrent("lstm", input_size=4, hidden_size=6, engine="torch").to(META)
    outputs, final = network(X.to(META), LENGTHS.to(META))
    assert (outputs.shape, final.c.shape) == ((3, 5, 6), (1, 3, 6))
