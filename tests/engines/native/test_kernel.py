"""Kernels in memory: one for all sizes, slices and threads, alone in a process or in several."""

import dataclasses
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
import torch
from torch.testing import assert_close

from seqlab.cells import State
from seqlab.engines import native
from seqlab.engines.native import kernel
from seqlab.engines.native.kernel import Slices
from seqlab.engines.trace import trace
from seqlab.nn import Recurrent

from .comparing import threads


def network(cell="lstm", hidden=16, **settings):
    torch.manual_seed(0)
    return Recurrent(cell, input_size=3, hidden_size=hidden, engine="native", **settings)


def step(model, batch=64, steps=12, *, padded=True):
    """Return the outputs of a fixed batch, and the gradients of the parameters."""
    random = torch.Generator().manual_seed(batch)
    lengths = torch.randint(1, steps + 1, (batch,), generator=random) if padded else None
    outputs, _ = model(torch.randn(batch, steps, 3, generator=random), lengths)
    return outputs.detach(), torch.autograd.grad(outputs.square().sum(), list(model.parameters()))


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("padded", [False, True])
def test_slices_share_all_rows_and_each_is_ordered_by_length(count, padded, monkeypatch):
    monkeypatch.setattr(kernel, "SMALLEST_SLICE", 1)
    lengths = torch.randint(1, 9, (10,), generator=torch.Generator().manual_seed(0)) if padded else None
    with threads(count):
        slices = Slices.of(10, 4, lengths)
    assert len(slices.sizes) == count
    assert sum(slices.sizes) == 10
    assert max(slices.sizes) - min(slices.sizes) <= 1
    if lengths is None:
        assert slices.order is None
        return
    assert slices.order.sort().values.tolist() == list(range(10))
    assert slices.lengths.equal(lengths[slices.order])
    for part in slices.lengths.split(list(slices.sizes)):
        assert part.tolist() == sorted(part.tolist(), reverse=True)


def test_small_batches_stay_in_one_thread():
    with threads(2):
        assert len(Slices.of(4, 16, None).sizes) == 1
        assert len(Slices.of(256, 128, None).sizes) == 2
        assert len(Slices.of(0, 128, None).sizes) == 1


@pytest.mark.parametrize("padded", [False, True])
def test_two_threads_compute_what_one_does_and_the_same_every_time(padded):
    model = network(hidden=64)
    alone = step(model, batch=96, padded=padded)
    with threads(2):
        both, again = step(model, batch=96, padded=padded), step(model, batch=96, padded=padded)
    assert_close(both, alone, rtol=1e-4, atol=1e-4)
    assert_close(both, again, rtol=0, atol=0)


def test_sizes_compile_nothing_new(monkeypatch):
    step(network())
    monkeypatch.setattr(kernel, "load", lambda *_: pytest.fail("compiled again"))
    for model in (network(hidden=1), network(hidden=33, num_layers=2, bidirectional=True)):
        step(model, batch=3, steps=2)
        start = torch.zeros(len(model.layers), 1, model.hidden_size)
        model(torch.zeros(1, 30, 3), state=State(h=start, c=start))


def test_two_cells_take_turns_without_mixing_their_memory():
    first, second = network("lstm", hidden=33), network("gru", hidden=20)
    expected = [step(first, batch=7), step(second, batch=30)]
    for _ in range(3):
        found = [step(first, batch=7), step(second, batch=30)]
        assert_close(found, expected, rtol=0, atol=0)


def test_threads_of_python_may_call_at_once():
    model = network(hidden=24)
    batches = [5, 17, 40, 64] * 4
    expected = {batch: step(model, batch=batch) for batch in set(batches)}
    with ThreadPoolExecutor(4) as pool:
        for batch, found in zip(
            batches, pool.map(lambda batch: step(model, batch=batch), batches), strict=True
        ):
            assert_close(found, expected[batch], rtol=0, atol=0)


def test_a_batch_for_which_there_is_no_memory_is_an_error():
    model = network()
    full = SimpleNamespace(forward=lambda *_: 1)
    program = trace(model.cell).program
    kernel_ = native._kernel(program, program.layout, torch.float32)
    made = dataclasses.replace(kernel_, library=full)
    with pytest.raises(MemoryError, match="out of memory for a batch of this size"):
        made.call("forward", Slices((1,)))


FORKED = """
import os, torch
from seqlab.nn import Recurrent
torch.set_num_threads(2)
torch.manual_seed(0)
model = Recurrent("lstm", input_size=3, hidden_size=64, engine="native")
x = torch.randn(64, 4, 3)  # two slices; too small for threads of torch's own

def step():
    outputs, _ = model(x)
    return outputs.detach(), *torch.autograd.grad(outputs.square().sum(), list(model.parameters()))

expected = step()
child = os.fork()
if child == 0:
    same = all(map(torch.allclose, step(), expected))  # in one thread, so sums are taken in another order
    os._exit(0 if same else 3)
_, status = os.waitpid(child, 0)
again = all(map(torch.equal, step(), expected))
print("child", os.waitstatus_to_exitcode(status), "parent", again)
"""


@pytest.mark.slow
def test_a_forked_process_runs_what_its_parent_ran():
    command = [sys.executable, "-c", FORKED]
    environment = os.environ | {"OMP_NUM_THREADS": "2"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env=environment, start_new_session=True, **pipes) as run:
        try:
            shown, errors = run.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            os.killpg(run.pid, signal.SIGKILL)
            pytest.fail("the forked process hangs")
    assert shown == "child 0 parent True\n", errors
