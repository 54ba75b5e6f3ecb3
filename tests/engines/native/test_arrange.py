"""The order in which the kernel runs a step: what is folded, what stands beside what, what is saved."""

from torch import sigmoid, tanh

from seqlab.cells import Cell, Layout, Norm, State, Vector, cells
from seqlab.engines.native.arrange import HANDWRITTEN, make_plan
from seqlab.engines.trace import trace

from ...cells.textbook import TEXTBOOK
from ..cells_for_tests import EveryNorm, EveryProduct, RecurrentHighway, WithoutGates


def plan_of(cell):
    return make_plan(trace(cell()).program, Layout.of(cell()))


def products(plan):
    """Return (gates, whether they are added to W x + b) of each product, stage by stage."""
    return [[(product.gates, product.added) for product in stage.products] for stage in plan.stages]


def test_a_sum_of_input_and_product_takes_one_slot():
    plan = plan_of(cells["lstm"])
    assert products(plan) == [[], [(("i", "f", "g", "o"), True)]]
    assert (plan.inputs, len(plan.slots), plan.saved) == (("i", "f", "g", "o"), 4, 0)


def test_a_product_that_is_read_alone_takes_a_slot_of_its_own():
    plan = plan_of(cells["gru"])  # the reset gate multiplies U_n h + b_n alone
    assert products(plan) == [[], [(("r", "z"), True), (("n",), False)]]
    assert (plan.inputs, len(plan.slots)) == (("r", "z", "n"), 4)
    assert plan.own == (("b_hn", ""),)


def test_an_input_that_is_read_twice_stays_apart_from_its_product():
    class Twice(Cell):
        gates = ("a", "b")

        def step(self, x, u, s):
            return State(h=tanh(x.a + u.a(s.h)) * x.a + tanh(x.b + x.b + u.b(s.h)))

    assert [added for _, added in products(plan_of(Twice))[1]] == [False]


def test_a_stage_is_as_early_as_what_it_reads_allows():
    assert [len(stage) for stage in products(plan_of(RecurrentHighway))] == [0, 1, 1]
    plan = plan_of(EveryProduct)
    gates = [[gate for product in stage.products for gate in product.gates] for stage in plan.stages]
    assert [sorted(stage) for stage in gates] == [[], ["a", "d", "e"], ["b"], ["c"], ["g"]]
    assert "d" not in {gate.target for gate in plan.locations if gate.op == "placeholder"}


def test_products_of_one_vector_are_neighbours_in_one_stage():
    for cell in (*map(cells.__getitem__, TEXTBOOK), EveryProduct, EveryNorm):
        plan = plan_of(cell)
        for product in plan.products:
            slots = [plan.locations[call].slot for call in product.calls]
            assert slots == list(range(product.slot, product.slot + len(slots)))


def test_every_value_that_crosses_a_border_has_a_place():
    for cell in (*map(cells.__getitem__, TEXTBOOK), EveryProduct, EveryNorm, RecurrentHighway):
        plan = plan_of(cell)
        made = [node for stage in plan.stages for node in stage.outputs]
        made += [call for product in plan.products for call in product.calls]
        made += [norm.result for norm in plan.norms]
        assert len({plan.locations[node] for node in made}) == len(made)
        for stage in plan.stages:
            assert all(node in plan.locations for node in stage.inputs)
            assert not any(node.target in HANDWRITTEN for node in stage.nodes)
        for product in plan.products:
            assert plan.locations[product.vector].kind in ("before", "after", "saved")


def test_a_norm_is_standardizing_and_elementwise_work():
    class Normed(Cell):
        gates = ("h",)
        v = Vector()
        norm = Norm(eps=1e-3)

        def step(self, x, u, s):
            return State(h=sigmoid(self.norm(x.h + u.h(s.h)) + self.v))

    plan = plan_of(Normed)
    assert [norm.eps for norm in plan.norms] == [plan.numbers]
    assert plan.own == (("v", ""), ("norm", "weight"), ("norm", "bias"))
    assert [len(stage.norms) for stage in plan.stages] == [0, 0, 1]


def test_results_stand_behind_one_another_the_output_last():
    assert plan_of(cells["elman"]).results == ("h", "y")
    assert plan_of(EveryProduct).results == ("h", "k", "m", "n", "y")


def test_a_cell_without_gates_has_one_stage_and_no_slot():
    plan = plan_of(WithoutGates)
    assert (len(plan.stages), plan.slots, plan.products) == (1, (), [])
