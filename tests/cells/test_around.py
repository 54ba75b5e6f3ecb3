"""Cells around cells: what they add, on which engine, and that evaluation is the mean."""

import pytest
import torch

from seqlab.cells import (
    GRU,
    LSTM,
    Bernoulli,
    Episodes,
    RecurrentDropout,
    Residual,
    State,
    WeightDrop,
    Zoneout,
    regularized,
)
from seqlab.cells.base import as_cell
from seqlab.errors import CellError
from seqlab.models.sequence_model import SequenceModel
from seqlab.nn import Recurrent
from seqlab.testing import check_cell

from ..engines.contract_cells import Numbers, Projected

I, H, B, T = 3, 4, 3, 6  # noqa: E741 (the letter of the input size)
NOISY = {
    "zoneout": Zoneout(LSTM(), h=0.1, c=0.5),
    "recurrent dropout": RecurrentDropout(GRU(), 0.3),
    "weight drop": WeightDrop(GRU(), 0.5),
    "nested": WeightDrop(Zoneout(Zoneout(Projected(), c=0.2), c=0.1, r=0.5), 0.25),
}
QUIET = {
    "episodes": Residual(Episodes(RecurrentDropout(GRU(), 0.3))),
    "learned start": Episodes(Zoneout(Numbers(), h=0.4)),
}


def network(cell, engine="reference", **settings):
    torch.manual_seed(0)
    return Recurrent(cell, input_size=I, hidden_size=H, engine=engine, **settings).double()


def inputs():
    return torch.randn(B, T, I, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


@pytest.mark.parametrize(
    "cell",
    [
        pytest.param(cell, id=name, marks=[pytest.mark.slow] * (name != "nested"))
        for name, cell in {**NOISY, **QUIET}.items()
    ],
)
def test_a_cell_around_a_cell_is_a_cell_on_every_engine(cell):
    check_cell(cell)


@pytest.mark.parametrize("name", NOISY)
def test_parameters_are_the_inner_cells(name):
    inner = NOISY[name]
    while hasattr(inner, "inner"):
        inner = inner.inner
    shapes = [
        {key: value.shape for key, value in network(cell).state_dict().items()}
        for cell in (NOISY[name], inner)
    ]
    assert shapes[0] == shapes[1]


def test_zoneout_keeps_what_its_noise_says_and_in_evaluation_the_mean():
    outer, inner = network(Zoneout(LSTM(), c=0.5)), network(LSTM())
    x, zeros = inputs()[:, :1], torch.zeros(1, B, H, dtype=torch.float64)
    start = State(h=zeros, c=torch.ones_like(zeros))
    _, new = inner(x, state=start)
    _, kept = outer.eval()(x, state=start)
    torch.testing.assert_close(kept.c, 0.5 * start.c + 0.5 * new.c)
    torch.testing.assert_close(kept.h, new.h)
    _, drawn = outer.train()(x, state=start)
    is_old, is_new = (drawn.c == 1), (drawn.c - new.c).abs() < 1e-12
    assert (is_old | is_new).all()
    assert is_old.any()
    assert is_new.any()


@pytest.mark.parametrize(
    ("name", "memories"),
    [
        ("phased_lstm", {"h", "c"}),
        ("clockwork", {"h"}),
        ("gru_d", {"h"}),
        ("qrnn", {"c"}),
        ("slstm", {"h"}),
        ("lstm", {"h", "c"}),
        ("cornn", {"y", "z"}),
    ],
)
def test_zoneout_of_a_network_is_of_memories_and_no_clock(name, memories):
    cell = regularized(as_cell(name), zoneout=0.3, recurrent_dropout=0.2, weight_drop=0.0)
    assert cell.p == dict.fromkeys(memories, 0.3)


def test_a_clock_goes_on_under_zoneout():
    cell = regularized(as_cell("phased_lstm"), zoneout=0.5, recurrent_dropout=0.0, weight_drop=0.0)
    for mode in (True, False):
        _, final = network(cell).train(mode)(inputs())
        torch.testing.assert_close(final.time, torch.full_like(final.time, inputs().shape[1]))


def test_recurrent_dropout_drops_the_same_units_at_every_step():
    outer = network(RecurrentDropout(LSTM(), 0.5))
    with torch.no_grad():
        outer.layers[0].W.zero_()
    x = inputs()
    torch.testing.assert_close(outer.eval()(x)[0], outer(x)[0])
    torch.manual_seed(3)
    mask = Bernoulli(0.5, each="sequence", scale=0.5).draw(x, H)[:, :1]
    torch.manual_seed(3)
    found, _ = outer.train()(x)
    P, h, c = outer.layers[0], 0.0 * mask[:, 0], 0.0 * mask[:, 0]
    for t in range(T):
        i, f, g, o = ((h * mask[:, 0]) @ P.U.T + P.b).chunk(4, 1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = o.sigmoid() * c.tanh()
        torch.testing.assert_close(found[:, t], h)


def test_weight_drop_leaves_numbers_of_u_out_and_scales_the_others():
    outer, inner = network(WeightDrop(GRU(), 0.5)), network(GRU())
    torch.testing.assert_close(outer.eval()(inputs())[0], inner(inputs())[0], atol=0, rtol=0)
    torch.manual_seed(5)
    dropped = torch.nn.functional.dropout(inner.layers[0].U, 0.5)
    torch.manual_seed(5)
    found, _ = outer.train()(inputs())
    inner.layers[0].U.data.copy_(dropped)
    torch.testing.assert_close(found, inner(inputs())[0])


def test_an_episode_begins_anew_where_it_is_reset_in_both_directions():
    both = network(Episodes(GRU()), bidirectional=True)
    x, reset = inputs(), torch.zeros(B, T, dtype=torch.float64)
    reset[:, 4] = 1
    outputs, _ = both(x, inputs={"reset": reset})
    plain = network(GRU(), bidirectional=True)
    for part in (slice(0, 4), slice(4, T)):
        torch.testing.assert_close(outputs[:, part], plain(x[:, part])[0])


def test_a_residual_adds_a_linear_map_of_x():
    outer = network(Residual(GRU()))
    inner = network(GRU())
    W = outer.layers[0].W
    with torch.no_grad():
        inner.layers[0].W.copy_(W[: 3 * H])
        inner.layers[0].U.copy_(outer.layers[0].U)
        inner.layers[0].b.copy_(outer.layers[0].b)
        inner.layers[0].own["b_hn"].copy_(outer.layers[0].own["b_hn"])
    torch.testing.assert_close(outer(inputs())[0], inner(inputs())[0] + inputs() @ W[3 * H :].T)


@pytest.mark.parametrize(
    ("make", "changed"),
    [
        (lambda cell: RecurrentDropout(cell, 0.3), True),
        (lambda cell: WeightDrop(cell, 0.3), True),
        (lambda cell: Zoneout(cell, h=0.0), False),
        (lambda cell: Zoneout(RecurrentDropout(cell, 0.0), h=0.0), False),
    ],
)
def test_evaluation_is_the_plain_cell_as_is_training_without_noise(make, changed):
    noisy, plain = network(make(GRU())), network(GRU())
    noisy.load_state_dict(plain.state_dict())
    x = torch.randn(B, T, I, dtype=torch.float64)
    expected = plain(x)[0]
    torch.testing.assert_close(noisy.eval()(x)[0], expected, atol=1e-14, rtol=0)
    assert torch.equal(noisy.train()(x)[0], expected) is not changed


@pytest.mark.parametrize("p", [0.0, 0.1, 0.9, 1 - 1e-9, 1.0])
@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_noise_has_its_probability_and_its_scale(p, dtype):
    torch.manual_seed(0)
    x = torch.zeros(101, 37, 1, dtype=dtype)
    drawn = Bernoulli(p, scale=0.5).draw(x, 33)
    assert (drawn.shape, drawn.dtype) == ((101, 37, 33), dtype)
    assert set(drawn.unique().tolist()) <= {0.0, 2.0}
    assert abs(drawn.double().mean().item() / 2 - p) <= 4 * (p * (1 - p) / drawn.numel()) ** 0.5 + 3 * 2**-16
    sequence = Bernoulli(p, each="sequence").draw(x, 5)
    assert torch.equal(sequence, sequence[:, :1].expand(-1, 37, -1))


def test_the_same_seed_gives_the_same_noise_and_another_another():
    outer = network(NOISY["zoneout"], "eager")
    drawn = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        drawn.append(outer(inputs())[0])
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Zoneout(LSTM(), k=0.1), r"cell 'lstm' has no state 'k'; there are: c, h"),
        (lambda: Zoneout(LSTM()), r"Zoneout: give a state its probability, such as h=0.1"),
        (
            lambda: Episodes(torch.nn.GRU(1, 1)),
            r"a registered name, a Cell class or such as GRU",
        ),
        (lambda: Zoneout(LSTM(), h=1.5), r"probability of Bernoulli must be 0 to 1, got 1.5"),
        (lambda: RecurrentDropout(GRU(), 1.0), r"RecurrentDropout: p must be 0 to below 1, got 1.0"),
        (lambda: WeightDrop(GRU(), True), r"WeightDrop: p must be 0 to below 1, got True"),
    ],
)
def test_mistakes_are_told(make, message):
    with pytest.raises(CellError, match=message):
        make()


def test_the_settings_of_a_model_put_regularisers_around_its_cell():
    plain, noisy = (
        SequenceModel(cell="gru", hidden_size=H, **settings)
        for settings in ({}, {"zoneout": 0.1, "recurrent_dropout": 0.2, "weight_drop": 0.3})
    )
    assert repr(noisy.recurrent.cell) == ("Zoneout(RecurrentDropout(WeightDrop(gru(), p=0.3), p=0.2), h=0.1)")
    assert type(plain.recurrent.cell) is GRU
    noisy.load_state_dict(plain.state_dict())
    x, lengths = torch.randn(2, 3, 1), torch.tensor([3, 2])
    assert not torch.equal(noisy(x, lengths), plain(x, lengths))


@pytest.mark.parametrize("cell", ["gru", GRU])
def test_the_inner_cell_may_be_a_name_or_a_class(cell):
    assert repr(Zoneout(Episodes(cell), h=0.1)) == repr(Zoneout(Episodes(GRU()), h=0.1))
