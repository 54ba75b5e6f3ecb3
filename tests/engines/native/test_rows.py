"""The rows forwards and backwards: what is kept, and that both are what autograd says."""

import pytest
import torch
from torch import fx
from torch._subclasses import FakeTensorMode
from torch.testing import assert_close

from seqlab.cells import Layout, cells
from seqlab.engines.native.arrange import make_plan
from seqlab.engines.native.plan import is_number
from seqlab.engines.native.rows import EXPENSIVE, joint, operation_name, stage_rows
from seqlab.engines.trace import trace

from ..cells_for_tests import EveryNorm, EveryProduct, ScalarLSTM


def rows_of(cell):
    """Return a cell's plan, and its stages with their rows."""
    plan = make_plan(trace(cell()).program, Layout.of(cell()))
    return plan, [(stage, *stage_rows(plan, stage, plan.saved)) for stage in plan.stages if stage.outputs]


def evaluate(nodes, known):
    """Return the values of nodes beside those that are known."""
    values = dict(known)
    for node in nodes:
        args, kwargs = fx.map_arg((node.args, node.kwargs), lambda source: values[source])
        values[node] = node.target(*args, **kwargs)
    return values


@pytest.mark.parametrize("cell", [cells["lstm"], cells["gru"], ScalarLSTM, EveryProduct, EveryNorm])
def test_the_rows_are_a_stage_and_its_vector_jacobian_product(cell):
    plan, rows = rows_of(cell)
    random = torch.Generator().manual_seed(0)
    for stage, forward, backward in rows:
        memory = {plan.locations[node]: torch.rand(9, generator=random) for node in stage.inputs}
        inputs = {node: memory[plan.locations[node]].clone().requires_grad_() for node in stage.inputs}
        learnt = {node: value for node, value in inputs.items() if not is_number(node)}
        values = evaluate(stage.nodes, inputs)
        outputs = {plan.locations[node]: values[node] for node in stage.outputs}
        upstream = {place: torch.rand(9, generator=random) for place in outputs}
        ends, leaves = list(outputs.values()), list(learnt.values())
        expected = torch.autograd.grad(ends, leaves, list(upstream.values()), materialize_grads=True)
        made = evaluate(forward.nodes, {node: memory[place] for node, place in forward.values.items()})
        memory |= {place: made[node] for place, node in forward.writes}
        for place, value in outputs.items():
            assert_close(memory[place], value.detach())
        known = {node: memory[place] for node, place in backward.values.items()}
        known |= {node: upstream[place] for node, place in backward.gradients.items()}
        made = evaluate(backward.nodes, known)
        assert [place for place, _ in backward.writes] == [plan.locations[node] for node in learnt]
        for (_, node), value in zip(backward.writes, expected, strict=True):
            assert_close(made[node].expand(9), value)


@pytest.mark.parametrize("cell", [cells["lstm"], cells["gru"], ScalarLSTM, EveryNorm])
def test_the_backward_row_reads_no_gates_and_computes_nothing_expensive(cell):
    for _, forward, backward in rows_of(cell)[1]:
        assert all(place.kind != "gates" for place in backward.values.values())
        saved = [place for place, _ in forward.writes]
        assert len(set(saved)) == len(saved)
        gradient = set(backward.gradients)
        for node in backward.nodes:
            if gradient.intersection(node.all_input_nodes):
                gradient.add(node)
            else:
                assert operation_name(node) not in EXPENSIVE


def test_what_an_lstm_saves_are_its_gates_and_the_tanh_of_its_cell():
    ((_, forward, _),) = rows_of(cells["lstm"])[1]
    saved = [operation_name(node) for place, node in forward.writes if place.kind == "saved"]
    assert sorted(saved) == ["sigmoid"] * 3 + ["tanh"] * 2


def test_a_value_that_is_read_twice_is_one_input_of_a_stage():
    for stage, *_ in rows_of(EveryProduct)[1]:
        assert len(list(joint(stage).find_nodes(op="placeholder"))) == len(stage.inputs) + len(stage.outputs)


def within_grad(make):
    found = []
    torch.func.grad(lambda x: (found.append(make()), x.sum())[1])(torch.ones(2))
    return found[0]


def within(mode):
    def run(make):
        with mode():
            return make()

    return run


@pytest.mark.product(2)
@pytest.mark.parametrize(
    "surrounded",
    [
        within_grad,
        within(FakeTensorMode),
        within(torch.inference_mode),
        within(lambda: torch.autocast("cpu")),
        within(lambda: torch.device("meta")),
    ],
    ids=["grad", "fake tensors", "inference", "autocast", "meta"],
)
def test_a_trace_does_not_depend_on_what_surrounds_it(surrounded):
    stages = [stage for stage, _, _ in rows_of(cells["lstm_peephole"])[1]]
    expected = [str(joint(stage)) for stage in stages]
    assert surrounded(lambda: [str(joint(stage)) for stage in stages]) == expected
