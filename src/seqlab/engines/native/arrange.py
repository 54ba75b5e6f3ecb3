"""From a Program to a Plan: norms in parts, sums inside products, what is computed when and kept where."""

import operator
from collections import defaultdict
from typing import cast

import torch
from torch import Tensor, fx

from seqlab.cells import Layout
from seqlab.cells.declared import Width
from seqlab.engines.native.plan import Location, Plan, Product, Stage, Standardized
from seqlab.engines.operations import MASKS
from seqlab.engines.program import Program
from seqlab.engines.tape import norm, product
from seqlab.engines.widths import width_of


def standardize(vector: Tensor, eps: int) -> Tensor:
    """Placeholder in a plan for (x − mean) / √(variance + eps) of a row; eps is the slot of a number."""
    raise NotImplementedError(f"standardize({vector}, {eps}) has a meaning only inside a plan")


HANDWRITTEN = (product, standardize)


def make_plan(program: Program, layout: Layout) -> Plan:
    """Arrange a cell's step for the kernel."""
    graph = _with_norms_apart(program)
    added = _fold(graph)
    results = _separate(graph)
    _repeat_comparisons(graph)
    graph.eliminate_dead_code()
    when = _schedule(graph, set(results.values()))
    products, locations, inputs, slots = _locate_gates(graph, when, layout, added)
    stages = _stages(graph, when, products, set(results.values()))
    own = tuple((name, "") for name in program.own)
    own += tuple((name, part) for name in program.norms for part in ("weight", "bias"))
    names = (*program.state, *(name for name in results if name not in program.state))
    for node in graph.find_nodes(op="placeholder"):
        kind, _, name = str(node.target).partition("_")
        name, _, part = name.partition(".")
        if kind == "s":
            locations[node] = Location("before", names.index(name))
        elif kind == "i":
            locations[node] = Location("given", program.inputs.index(name))
        elif kind == "p":
            locations[node] = Location("own", own.index((name, part)))
        elif kind == "c":
            locations[node] = Location("numbers", int(name))
    locations |= {node: Location("after", names.index(name)) for name, node in results.items()}
    crossing = [norm.result for stage in stages for norm in stage.norms]
    crossing += [node for stage in stages for node in stage.outputs if node not in locations]
    locations |= {node: Location("saved", slot) for slot, node in enumerate(crossing)}
    return Plan(
        stages, locations, program.state, names, inputs, slots, program.inputs, own, program.numbers, layout
    )


def _with_norms_apart(program: Program) -> fx.Graph:
    """Copy the step with every norm split into standardizing, times its weight, plus its bias."""
    graph = fx.Graph()
    copied: dict[fx.Node, fx.Node] = {}
    for node in program.graph.nodes:
        if node.target is norm:
            name, vector = str(node.args[0]), cast("fx.Node", node.args[1])
            eps = program.numbers + program.norms.index(name)
            weight, bias = (graph.placeholder(f"p_{name}.{part}") for part in ("weight", "bias"))
            standard = graph.call_function(standardize, (copied[vector], eps))
            scaled = graph.call_function(operator.mul, (standard, weight))
            copied[node] = graph.call_function(operator.add, (scaled, bias))
            for made in (weight, bias, standard, scaled, copied[node]):
                made.meta["width"] = width_of(node)
        else:
            copied[node] = graph.node_copy(node, lambda source: copied[source])
    return graph


def _fold(graph: fx.Graph) -> dict[fx.Node, fx.Node]:
    """Remove sums x_a + U_g v whose terms nothing else reads; return x_a by the product added to it."""
    added: dict[fx.Node, fx.Node] = {}
    for node in graph.find_nodes(op="call_function", target=operator.add):
        parts = [part for part in node.args if isinstance(part, fx.Node) and len(part.users) == 1]
        inputs = [part for part in parts if str(part.target).startswith("x_")]
        products = [part for part in parts if part.target is product and part not in added]
        if len(inputs) == len(products) == 1 and width_of(inputs[0]) == width_of(products[0]):
            added[products[0]] = inputs[0]
            node.replace_all_uses_with(products[0])
            graph.erase_node(node)
    return added


def _separate(graph: fx.Graph) -> dict[str, fx.Node]:
    """Give every multiplied vector, and every result, its own location in memory; return the results."""

    def copy(node: fx.Node) -> fx.Node:
        with graph.inserting_after(node):
            copied = graph.call_function(torch.clone, (node,))
        copied.meta["width"] = width_of(node)
        return copied

    for node in graph.nodes:
        own = str(node.target).startswith("p_")
        if own or node.target is product or str(node.target).startswith(("x_", "i_")):
            kinds = HANDWRITTEN if own else (product,)
            readers = [user for user in node.users if user.target in kinds]
            copied = copy(node) if readers else node
            for user in readers:
                user.replace_input_with(node, copied)
    results: dict[str, fx.Node] = {}
    returned = cast("dict[str, fx.Node]", graph.output_node().args[0])
    for name, node in returned.items():
        elementwise = node.op == "call_function" and node.target not in HANDWRITTEN
        results[name] = node if elementwise and node not in results.values() else copy(node)
    graph.output_node().args = (results,)
    return results


def _repeat_comparisons(graph: fx.Graph) -> None:
    """Repeat a comparison for every reader, in its width: slots hold no booleans."""
    for node in reversed(list(graph.nodes)):
        if node.target not in MASKS:
            continue
        for number, user in enumerate(list(node.users)):
            if not number:
                node.meta["width"] = width_of(user)
                continue
            with graph.inserting_before(user):
                copied = graph.node_copy(node)
            copied.meta = {**node.meta, "width": width_of(user)}
            user.replace_input_with(node, copied)


def _schedule(graph: fx.Graph, results: set[fx.Node]) -> dict[fx.Node, int]:
    """Put products and norms into the first stage that is possible, elementwise nodes into the last."""
    when: dict[fx.Node, int] = {}
    for node in graph.nodes:
        before = max((when[source] for source in node.all_input_nodes), default=0)
        when[node] = before + (node.target in HANDWRITTEN)
    for node in reversed(graph.nodes):
        if node.op == "call_function" and node.target not in HANDWRITTEN and node not in results:
            when[node] = min(when[user] - (user.target in HANDWRITTEN) for user in node.users)
    return when


def _locate_gates(
    graph: fx.Graph, when: dict[fx.Node, int], layout: Layout, added: dict[fx.Node, fx.Node]
) -> tuple[dict[int, list[Product]], dict[fx.Node, Location], tuple[str, ...], tuple[Width, ...]]:
    """Give every gate a slot, so that products of one vector and width in one stage have adjacent slots."""
    groups: dict[tuple[int, fx.Node, bool, Width], list[fx.Node]] = defaultdict(list)
    for node in graph.find_nodes(op="call_function", target=product):
        groups[when[node], node.args[1], node in added, width_of(node)].append(node)
    order = [str(added[node].target) for key, calls in groups.items() if key[2] for node in calls]
    order += [f"x_{gate}" for gate in layout.inputs if f"x_{gate}" not in order]
    slots = [layout.width(name) for name in order]
    locations = {
        node: Location("gates", order.index(str(node.target)))
        for node in graph.find_nodes(op="placeholder")
        if str(node.target).startswith("x_")
    }
    products: dict[int, list[Product]] = defaultdict(list)
    for (stage, vector, is_added, width), calls in groups.items():
        first = locations[added[calls[0]]].slot if is_added else len(slots)
        slots += [] if is_added else [width] * len(calls)
        products[stage].append(Product(vector, tuple(calls), first, is_added))
        locations |= {node: Location("gates", first + number) for number, node in enumerate(calls)}
    return products, locations, tuple(name.removeprefix("x_") for name in order), tuple(slots)


def _stages(
    graph: fx.Graph, when: dict[fx.Node, int], products: dict[int, list[Product]], results: set[fx.Node]
) -> tuple[Stage, ...]:
    """Divide what can be computed at one time into stages of one width, numbers first: others read them."""
    order: dict[tuple[int, Width], int] = {}
    for time in range(1 + max(when.values(), default=0)):
        nodes = [node for node in graph.nodes if node.op == "call_function" and when[node] == time]
        widths = dict.fromkeys(width_of(node) for node in nodes if node.target is not product)
        for width in sorted(widths or {"H": None}, key=lambda width: width != ()):
            order[time, width] = len(order)
    place = {node: order.get((when[node], width_of(node)), -1) for node in graph.nodes}
    stages: list[Stage] = []
    for (time, width), number in order.items():
        stage = Stage(width, products.pop(time, []))  # the first stage of its time
        _fill(stage, graph, place, number, results)
        stages.append(stage)
    return tuple(stages)


def _fill(
    stage: Stage, graph: fx.Graph, place: dict[fx.Node, int], number: int, results: set[fx.Node]
) -> None:
    for node in graph.nodes:
        if node.op != "call_function" or place[node] != number or node.target is product:
            continue
        if node.target is standardize:
            source, eps = cast("tuple[fx.Node, int]", node.args)
            stage.norms.append(Standardized(source, node, eps))
            continue
        stage.nodes.append(node)
        if node in results or any(user.target in HANDWRITTEN or place[user] > number for user in node.users):
            stage.outputs.append(node)
