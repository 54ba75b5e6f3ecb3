"""What every cell must do, for the cells of seqlab and for yours.

Example:
    In a test file of your own::

        from seqlab.testing import check_cell

        def test_my_cell():
            check_cell(MyCell)
"""

import io
from collections.abc import Callable, Iterable

import torch
from torch import Tensor

from seqlab.cells import Bernoulli, Cell, State
from seqlab.cells.declared import Width
from seqlab.engines import serving
from seqlab.errors import CellError
from seqlab.nn import Recurrent
from seqlab.nn.inputs import given_inputs

B, T = 4, 6
SIZES = [(inputs, hidden) for inputs in range(3, 33) for hidden in range(5, 33)]
"""Input and hidden sizes; the first that a cell allows are taken: 3 and 5 unless its matrices have blocks."""
LENGTHS = (6, 1, 4, 2)
TOLERANCE = 1e-10


def check_cell(cell: str | type[Cell] | Cell) -> None:
    """Run every check on a cell, in float64 on the CPU.

    Args:
        cell: a registered name, a Cell class, or a cell made with options.

    Raises:
        AssertionError: a check fails; the message says which, and by how much.
        CellError: the declaration and the step do not fit.
    """
    for check in CHECKS:
        check(cell)


def check_shapes(cell: str | type[Cell] | Cell) -> None:
    """Outputs and final states have their widths, for one and two layers, one and two directions."""
    for layers in range(1, _depth(cell) + 1):
        for bidirectional in (False, True):
            network = _network(cell, num_layers=layers, bidirectional=bidirectional)
            outputs, final = network(_inputs(network), torch.tensor(LENGTHS), inputs=_beside(network))
            _same_shape("outputs", outputs, (B, T, network.output_size))
            for name, size in _sizes(network).items():
                _same_shape(f"final {name}", final[name], (layers * (1 + bidirectional), B, size))


def check_gradients(cell: str | type[Cell] | Cell) -> None:
    """Gradients equal finite differences, for inputs, initial states and every parameter that has any."""
    network = _network(cell)
    x = _inputs(network)[:2, :3].requires_grad_()
    state = _state(network, batch=2)
    beside = {name: value[:2, :3] for name, value in _beside(network).items()}

    def run(*tensors: Tensor) -> tuple[Tensor, ...]:
        start = State(zip(network.cell.state, tensors[1:], strict=True))
        outputs, final = network(tensors[0], state=start, inputs=beside)
        return outputs, *final.values()

    starts = [state[name].requires_grad_() for name in network.cell.state]
    torch.autograd.gradcheck(run, (x, *starts))
    total = _total(network(x, state=start, inputs=beside) for start in _starts(network, state))
    torch.autograd.backward(total)
    for name, parameter in _parameters(network).items():
        assert parameter.grad is not None, (
            f"{_name(cell)}: parameter {name} has no gradient: the step never uses it"
        )


def check_padding(cell: str | type[Cell] | Cell) -> None:
    """A padded batch gives what its sequences give one by one, whatever stands in the padding."""
    network = _network(cell, num_layers=_depth(cell), bidirectional=True)
    x, lengths, beside = _inputs(network), torch.tensor(LENGTHS), _beside(network)
    outputs, final = network(x, lengths, inputs=beside)
    for row, length in enumerate(LENGTHS):
        x[row, length:] = 1e3
        of_row = {name: value[row : row + 1, :length] for name, value in beside.items()}
        alone, alone_final = network(x[row : row + 1, :length], inputs=of_row)
        _close(cell, "padding", outputs[row, :length], alone[0])
        for name in network.cell.state:
            _close(cell, f"padding, final {name}", final[name][:, row], alone_final[name][:, 0])
    again, _ = network(x, lengths, inputs=beside)
    for row, length in enumerate(LENGTHS):
        _close(cell, "padding with other values", again[row, :length], outputs[row, :length])


def check_directions(cell: str | type[Cell] | Cell) -> None:
    """The backward direction is the forward one on the reversed sequence."""
    both = _network(cell, bidirectional=True)
    forward, backward = _network(cell), _network(cell)
    forward.layers[0].load_state_dict(both.layers[0].state_dict())
    backward.layers[0].load_state_dict(both.layers[1].state_dict())
    x, beside = _inputs(both), _beside(both)
    outputs, _ = both(x, inputs=beside)
    first, second = outputs.chunk(2, dim=-1)
    declared = both.cell.side_inputs
    turned = {name: declared[name].backwards(value, None) for name, value in beside.items()}
    _close(cell, "forward direction", first, forward(x, inputs=beside)[0])
    _close(cell, "backward direction", second, backward(x.flip(1), inputs=turned)[0].flip(1))


def check_determinism(cell: str | type[Cell] | Cell) -> None:
    """The same inputs give the same outputs, and a sequence can be read in two parts."""
    network = _network(cell)
    x, beside = _inputs(network), _beside(network)
    outputs, final = network(x, inputs=beside)
    assert torch.equal(outputs, network(x, inputs=beside)[0]), f"{_name(cell)}: two calls differ"
    first, middle = network(x[:, :2], inputs={name: value[:, :2] for name, value in beside.items()})
    rest = {name: value[:, 2:] for name, value in beside.items()}
    second, end = network(x[:, 2:], state=middle, inputs=rest)
    _close(cell, "reading in two parts", torch.cat([first, second], 1), outputs)
    for name in network.cell.state:
        _close(cell, f"reading in two parts, final {name}", end[name], final[name])


def check_saving(cell: str | type[Cell] | Cell) -> None:
    """Weights that were saved and loaded give the same outputs."""
    network, other = _network(cell), _network(cell, seed=1)
    file = io.BytesIO()
    torch.save(network.state_dict(), file)
    file.seek(0)
    other.load_state_dict(torch.load(file, weights_only=True))
    beside = _beside(network)
    same = torch.equal(network(_inputs(network), inputs=beside)[0], other(_inputs(network), inputs=beside)[0])
    assert same, f"{_name(cell)}: loaded weights differ"


def check_engines(cell: str | type[Cell] | Cell) -> None:
    """Every engine that serves the cell gives the reference's outputs, final states and gradients.

    A cell with noise is trained too: the same seed gives the same noise.
    """
    noisy = _network(cell).cell
    modes = (False, True) if noisy.weight_drop or _has_noise(noisy) else (False,)
    for training in modes:
        reference = _results(cell, "reference", training=training)
        for name in serving(noisy, torch.float64):
            for what, value in _results(cell, name, training=training).items():
                _close(cell, f"engine {name}, {what}", value, reference[what])


CHECKS: tuple[Callable[[str | type[Cell] | Cell], None], ...] = (
    check_shapes,
    check_gradients,
    check_padding,
    check_directions,
    check_determinism,
    check_saving,
    check_engines,
)
"""All checks, in the order in which ``check_cell`` runs them."""


def _network(
    cell: str | type[Cell] | Cell,
    *,
    num_layers: int = 1,
    bidirectional: bool = False,
    engine: str = "reference",
    seed: int = 0,
) -> Recurrent:
    inputs, hidden = next((sizes for sizes in SIZES if _allows(cell, *sizes)), SIZES[0])
    network = Recurrent(
        cell,
        input_size=inputs,
        hidden_size=hidden,
        num_layers=num_layers,
        bidirectional=bidirectional,
        engine=engine,
    ).double()
    random = torch.Generator().manual_seed(seed)
    for parameter in network.parameters():
        # Own parameters too leave their start values, so that 0 and 1 hide no mistake.
        parameter.data.copy_(torch.rand(parameter.shape, generator=random, dtype=torch.float64) - 0.4)
    return network.eval()


def _allows(cell: str | type[Cell] | Cell, inputs: int, hidden: int) -> bool:
    """Return whether the cell's matrices can be of these sizes; any other mistake is raised."""
    try:
        Recurrent(cell, input_size=inputs, hidden_size=hidden)
    except CellError:
        return False
    return True


def _parameters(network: Recurrent) -> dict[str, Tensor]:
    """Return what is learnt by name; a cell without any ``u`` has a U without rows."""
    return {
        name: parameter
        for name, parameter in network.named_parameters()
        if parameter.numel() and parameter.requires_grad
    }


def _depth(cell: str | type[Cell] | Cell) -> int:
    """Return how many layers are tried: one where something given or kept is as wide as the inputs."""
    declared = _network(cell).cell
    names = [f"s_{name}" for name in declared.state]
    names += [f"i_{name}" for name in given_inputs(declared.side_inputs)]
    return 1 if "I" in (declared.widths[name] for name in names) else 2


def _has_noise(cell: Cell) -> bool:
    return any(isinstance(given, Bernoulli) for given in cell.side_inputs.values())


def _all_sizes(network: Recurrent) -> dict[Width, int]:
    return network.cell.sizes(network.input_size, network.hidden_size)


def _sizes(network: Recurrent) -> dict[str, int]:
    """Return how wide each state is."""
    sizes, widths = _all_sizes(network), network.cell.widths
    return {name: sizes[widths[f"s_{name}"]] for name in network.cell.state}


def _beside(network: Recurrent) -> dict[str, Tensor]:
    """Return what the cell is given beside x, from 0.1 to 1."""
    random = torch.Generator().manual_seed(4)
    sizes, declared = _all_sizes(network), network.cell.side_inputs
    return {
        name: 0.1 + 0.9 * torch.rand(B, T, sizes[declared[name].width], generator=random, dtype=torch.float64)
        for name in given_inputs(declared)
    }


def _inputs(network: Recurrent) -> Tensor:
    return torch.randn(
        B, T, network.input_size, generator=torch.Generator().manual_seed(2), dtype=torch.float64
    )


def _state(network: Recurrent, batch: int) -> State:
    random = torch.Generator().manual_seed(3)
    shapes = {name: (len(network.layers), batch, size) for name, size in _sizes(network).items()}
    return State(
        {name: torch.rand(shape, generator=random, dtype=torch.float64) for name, shape in shapes.items()}
    )


def _results(cell: str | type[Cell] | Cell, engine: str, *, training: bool) -> dict[str, Tensor]:
    network = _network(cell, num_layers=_depth(cell), bidirectional=True, engine=engine).train(training)
    beside = _beside(network)
    x, state = _inputs(network).requires_grad_(), _state(network, B)
    for value in state.values():
        value.requires_grad_()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        lengths = torch.tensor(LENGTHS)
        runs = [network(x, lengths, start, inputs=beside) for start in _starts(network, state)]
    leaves = {"x": x, **state, **_parameters(network)}
    gradients = torch.autograd.grad(_total(runs), list(leaves.values()))
    results = {f"gradient of {name}": value for name, value in zip(leaves, gradients, strict=True)}
    for (outputs, final), start in zip(runs, ("", " from the cell's own start"), strict=False):
        results[f"outputs{start}"] = outputs
        results |= {f"final {name}{start}": value for name, value in final.items()}
    return results


def _starts(network: Recurrent, state: State) -> list[State | None]:
    """Return what a sequence may start from: a state, and the cell's own parameters if it names some."""
    return [state, None] if network.cell.start else [state]


def _total(runs: Iterable[tuple[Tensor, State]]) -> Tensor:
    """Return a number that hangs on all outputs and final states."""
    return torch.stack(
        [value.square().sum() for outputs, final in runs for value in (outputs, *final.values())]
    ).sum()


def _same_shape(what: str, value: Tensor, shape: tuple[int, ...]) -> None:
    assert tuple(value.shape) == shape, f"{what}: shape {list(value.shape)}, expected {list(shape)}"


def _close(cell: str | type[Cell] | Cell, what: str, value: Tensor, expected: Tensor) -> None:
    error = float((value - expected).detach().abs().max())
    scale = max(float(expected.detach().abs().max()), 1.0)
    assert error <= TOLERANCE * scale, f"{_name(cell)}: {what}: off by {error:.1e}"


def _name(cell: str | type[Cell] | Cell) -> str:
    return cell if isinstance(cell, str) else cell.name
