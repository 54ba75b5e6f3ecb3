"""JavaScript as it stands in a page, run by node without one."""

import json
import shutil
import subprocess
from importlib.resources import files
from typing import Any

import numpy as np
import pytest
from onnx import GraphProto

from seqlab.export.page.javascript import constants, javascript

NODE = shutil.which("node")
needs_node = pytest.mark.skipif(NODE is None, reason="needs node to run JavaScript without a browser")

TENSORS = """
const arrays = { f4: Float32Array, f8: Float64Array, i8: Float64Array, b1: Uint8Array };
const named = (f) => (all) => Object.fromEntries(Object.entries(all).map(([name, one]) => [name, f(one)]));
const given = named(([kind, shape, values]) => tensor(shape, arrays[kind].from(values)));
const plain = named(({ shape, data }) => [shape, Array.from(data, String)]);
const result = JSON.parse(process.argv[1]).map((one) => plain(network(given(one))));
"""


def source(name: str) -> str:
    """Return one of the page's own scripts."""
    return files("seqlab.export.page").joinpath(name).read_text(encoding="utf-8")


def run_script(*parts: str, argument: Any = None) -> Any:
    """Return what a script leaves in ``result``."""
    script = "\n".join((*parts, "process.stdout.write(JSON.stringify(result));"))
    command = [str(NODE), "--eval", script, json.dumps(argument)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def answers_of(graph: GraphProto, batches: list[dict[str, np.ndarray]]) -> list[dict[str, np.ndarray]]:
    """Return the outputs of a graph in JavaScript, for several inputs by name."""
    given = [
        {name: [one.dtype.str[1:], one.shape, one.ravel().tolist()] for name, one in batch.items()}
        for batch in batches
    ]
    held = f"const w = unpacked({json.dumps(constants(graph))});"
    found = run_script(source("runtime.js"), held, javascript(graph), TENSORS, argument=given)
    return [
        {name: np.array(values, dtype=float).reshape(shape) for name, (shape, values) in one.items()}
        for one in found
    ]
