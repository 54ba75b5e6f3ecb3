"""Layers of different cells and widths, against modules of torch.nn that are stacked by hand, in float64."""

import pytest
import torch
from torch import nn, tanh

from seqlab import Cell, State
from seqlab.cells import GRU, LSTM, LTC
from seqlab.errors import CellError, ConfigError, EngineError
from seqlab.nn import Recurrent, from_torch, to_torch
from seqlab.registry.catalog import engines

LENGTHS = torch.tensor([6, 1, 3, 2])
INSIDE = (torch.arange(6) < LENGTHS[:, None])[:, :, None]
DOUBLE = {"dtype": torch.float64}


def in_torch(modules, x, starts):
    """Return each layer's outputs, and the final states in the order of the starts; a sequence at a time."""
    outputs, finals = [], []
    for row, length in enumerate(LENGTHS.tolist()):
        read, of_row, last = x[row : row + 1, :length], [], []
        for module, start in zip(modules, starts, strict=True):
            begin = tuple(part[:, row : row + 1].contiguous() for part in start)
            read, final = module(read, begin if len(begin) > 1 else begin[0])
            of_row.append(nn.functional.pad(read[0], (0, 0, 0, 6 - length)))
            last += final if isinstance(final, tuple) else [final]
        outputs.append(of_row)
        finals.append(last)
    by_layer = [torch.stack(of_layer) for of_layer in zip(*outputs, strict=True)]
    return by_layer, [torch.cat(parts, 1) for parts in zip(*finals, strict=True)]


@pytest.mark.product(3)
@pytest.mark.parametrize("bidirectional", [False, True], ids=["one_way", "both_ways"])
@pytest.mark.parametrize("engine", engines)
@pytest.mark.parametrize("outputs", ["last", "all"])
def test_a_gru_below_an_lstm_of_another_width_is_what_torch_stacks(outputs, engine, bidirectional):
    torch.manual_seed(1)
    ways = 1 + bidirectional
    settings = {"bidirectional": bidirectional, "batch_first": True}
    modules = [nn.GRU(3, 5, **settings).double(), nn.LSTM(5 * ways, 4, **settings).double()]
    ours = Recurrent(
        ["gru", LSTM],
        input_size=3,
        hidden_size=[5, 4],
        bidirectional=bidirectional,
        outputs=outputs,
        engine=engine,
    ).double()
    for place, module in enumerate(modules):
        for mine, copied in zip(ours.layers[place * ways :], from_torch(module).layers, strict=False):
            mine.load_state_dict(copied.state_dict())
    x = torch.randn(4, 6, 3, **DOUBLE, requires_grad=True)
    shapes = {"h_l0": 5, "h_l1": 4, "c_l1": 4}
    state = State({name: torch.randn(ways, 4, width, **DOUBLE) for name, width in shapes.items()})
    starts = [start.requires_grad_() for start in state.values()]

    by_layer, finals = in_torch(modules, x, [starts[:1], starts[1:]])
    expected = by_layer if outputs == "all" else by_layer[1:]
    found, final = ours(x, LENGTHS, state)
    assert list(final) == list(shapes)
    for value, truth in zip(found.split(ours.output_sizes[-len(expected) :], -1), expected, strict=True):
        torch.testing.assert_close(value, truth, atol=1e-12, rtol=0)
    for value, truth in zip(final.values(), finals, strict=True):
        torch.testing.assert_close(value, truth, atol=1e-12, rtol=0)

    def gradients(values, weights):
        return torch.autograd.grad(sum(value.sin().sum() for value in values), [x, *starts, *weights])

    got = gradients(
        [found, *final.values()], [weight for layer in ours.layers for weight in (layer.W, layer.U)]
    )
    names = (
        f"weight_{kind}_l0{end}" for _ in modules for end in ("", "_reverse")[:ways] for kind in ("ih", "hh")
    )
    owners = [module for module in modules for _ in range(2 * ways)]
    theirs = [getattr(owner, name) for owner, name in zip(owners, names, strict=True)]
    for value, truth in zip(got, gradients([*expected, *finals], theirs), strict=True):
        torch.testing.assert_close(value, truth, atol=1e-10, rtol=0)


def test_read_returns_all_layers_by_direction():
    rnn = Recurrent(
        ["gru", "rnn"],
        input_size=3,
        hidden_size=[5, 4],
        bidirectional=True,
        outputs="all",
        engine="reference",
    )
    x = torch.randn(4, 6, 3)
    outputs, _ = rnn(x, LENGTHS)
    (forward, backward), _ = rnn.read(x, LENGTHS)
    lower, upper = outputs.split(rnn.output_sizes, -1)
    assert (rnn.reading_size, rnn.output_size) == (forward.shape[2], outputs.shape[2]) == (9, 18)
    assert torch.equal(forward, torch.cat([lower[..., :5], upper[..., :4]], -1))
    first = torch.cat([lower[:, 0, 5:], upper[:, 0, 4:]], -1)
    assert torch.equal(backward[torch.arange(4), LENGTHS - 1], first)


def test_lists_of_equal_values_are_the_network_that_numbers_make():
    one = {"input_size": 3, "bidirectional": True, "dropout": 0.5, "engine": "eager"}
    torch.manual_seed(0)
    numbers = Recurrent("lstm", hidden_size=4, num_layers=2, **one)
    torch.manual_seed(0)
    lists = Recurrent(["lstm", "lstm"], hidden_size=[4, 4], **one)
    x = torch.randn(2, 5, 3)
    results = []
    for network in (numbers, lists):
        torch.manual_seed(1)
        results.append(network(x))
    (outputs, final), (others, another) = results
    assert list(numbers.state_dict()) == list(lists.state_dict())
    assert torch.equal(outputs, others)
    assert list(final) == list(another) == ["h", "c"]
    assert torch.equal(final.c, another.c)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_what_is_given_beside_x_reaches_the_layers_that_read_it(bidirectional):
    torch.manual_seed(0)
    both = {"bidirectional": bidirectional, "engine": "reference"}
    rnn = Recurrent([LTC(), "gru", LTC()], input_size=3, hidden_size=[3, 5, 4], **both)
    ways = 1 + bidirectional
    x, dt = torch.randn(4, 6, 3), torch.rand(4, 6)
    outputs, _ = rnn(x, LENGTHS, inputs={"dt": dt})
    read = x
    for place, (cell, width) in enumerate([("ltc", 3), ("gru", 5), ("ltc", 4)]):
        alone = Recurrent(cell, input_size=read.shape[2], hidden_size=width, **both)
        for mine, theirs in zip(alone.layers, rnn.layers[place * ways :], strict=False):
            mine.load_state_dict(theirs.state_dict())
        read, _ = alone(read, LENGTHS, inputs={} if cell == "gru" else {"dt": dt})
    torch.testing.assert_close(outputs, read, rtol=0, atol=0)
    with pytest.raises(ValueError, match=r"cell 'ltc' wants inputs=.*got dt, mask"):
        rnn(x, LENGTHS, inputs={"dt": dt, "mask": dt})


class Kept(Cell):
    """Its state is as wide as what it reads."""

    gates = ("h",)
    state = {"h": "H", "before": "I"}
    inputs = {"x": "I"}

    def step(self, x, u, s):
        return State(h=tanh(x.h + u.h(s.h)), before=x.x + s.before)


def test_a_state_as_wide_as_the_inputs_has_the_width_of_each_layers():
    rnn = Recurrent(Kept, input_size=3, hidden_size=5, num_layers=2, engine="eager")
    x = torch.randn(2, 6, 3)
    outputs, final = rnn(x)
    assert {name: list(value.shape) for name, value in final.items()} == {
        "h_l0": [1, 2, 5],
        "before_l0": [1, 2, 3],
        "h_l1": [1, 2, 5],
        "before_l1": [1, 2, 5],
    }
    torch.testing.assert_close(final.before_l0[0], x.sum(1))
    again, _ = rnn(x, state=final)
    assert not torch.equal(outputs, again)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"hidden_size": [4, 4, 4]},
            r"cell=\[gru\(\), lstm\(\)\] is for 2 layers and hidden_size=\[4, 4, 4\] for 3",
        ),
        ({"num_layers": 3}, r"cell=\[gru\(\), lstm\(\)\] is for 2 layers and num_layers=3 for 3"),
        ({"cell": "gru", "hidden_size": []}, r"num_layers must be 1 or more, got hidden_size=\[\]"),
        ({"hidden_size": [4, 0]}, "hidden_size must be 1 or more, got 0"),
        ({"outputs": "every"}, "outputs must be 'last' or 'all', got 'every'"),
        (
            {"hidden_size": [4, 6, 6], "between": "residual", "cell": "gru"},
            "between=residual adds what layer 2 of 3 reads, 4 wide, to its outputs, 6 wide; give",
        ),
        ({"cell": ["gru", "lsm"]}, "no cell named 'lsm'"),
    ],
)
def test_layers_that_do_not_fit_are_told_with_their_sizes(settings, message):
    made = {"cell": ["gru", "lstm"], "hidden_size": 4, "input_size": 4, **settings}
    with pytest.raises(ConfigError, match=message):
        Recurrent(**made)


def test_what_is_as_wide_as_the_inputs_fits_the_lowest_layer_only():
    Recurrent(["gru_d", "gru"], input_size=3, hidden_size=5)
    with pytest.raises(
        CellError, match="'mask' of cell 'gru_d' is as wide as the inputs, 3, and layer 2 of 2 reads 5"
    ):
        Recurrent(["gru", "gru_d"], input_size=3, hidden_size=5)


class Beside(Cell):
    """It adds something as wide as its state."""

    gates = ("h",)
    state = {"h": "H"}
    inputs = {"z": "H"}

    def step(self, x, u, s):
        return State(h=tanh(x.h + u.h(s.h) + x.z))


def test_what_is_given_to_all_layers_is_as_wide_in_each():
    rnn = Recurrent(Beside, input_size=3, hidden_size=[8, 8], engine="eager")
    assert rnn(torch.zeros(2, 4, 3), inputs={"z": torch.zeros(2, 4, 8)})[0].shape == (2, 4, 8)
    with pytest.raises(
        CellError, match="'z' of cell 'Beside' is 16 wide in layer 2 of 2, and 8 in one below"
    ):
        Recurrent(Beside, input_size=3, hidden_size=[8, 16])


def test_all_layers_run_on_one_engine():
    mixed = Recurrent(["gru", "lstm"], input_size=3, hidden_size=4, engine="torch")
    assert mixed.choice().engine.name == "torch"
    with pytest.raises(EngineError, match="engine=torch cannot run here: torch does not have cell 'mgu'"):
        Recurrent(["gru", "mgu"], input_size=3, hidden_size=4, engine="torch").choice()
    auto = Recurrent(["gru", "lstm"], input_size=3, hidden_size=4).choice(torch.float64)
    assert auto.reason == "auto: the fastest for cells 'gru' and 'lstm'"


def test_torch_has_no_module_for_layers_that_differ():
    for layers, message in [
        (Recurrent([GRU(), "lstm"], input_size=3, hidden_size=[5, 4]), "this network has gru 5, lstm 4"),
        (Recurrent("gru", input_size=3, hidden_size=[5, 4]), "this network has gru 5, gru 4"),
        (Recurrent("gru", input_size=3, hidden_size=5, reverse=True), "this network has reverse=True"),
        (Recurrent("gru", input_size=3, hidden_size=[5, 5], outputs="all"), "outputs='all'"),
    ]:
        with pytest.raises(ConfigError, match=message):
            to_torch(layers)
    assert to_torch(Recurrent("gru", input_size=3, hidden_size=[5, 5])).num_layers == 2


def test_printing_shows_every_cell_once():
    shown = repr(Recurrent(["gru", "lstm", "gru"], input_size=3, hidden_size=4, outputs="all", reverse=True))
    assert shown.count("gates r z n; state h; output h") == shown.count("gates i f g o; state h c") == 1
    assert "layers=3, directions=1, merge=concat, reverse=True, outputs=all, engine=auto" in shown
