"""One byte of an exported file is another: no number comes from it."""

from pathlib import Path

import pytest
from safetensors import safe_open

from seqlab.errors import ExportError
from seqlab.inference.predict import load


def flipped(content: bytes, place: int) -> bytes:
    return content[:place] + bytes([content[place] ^ 1 << place % 8]) + content[place + 1 :]


@pytest.mark.slow
def test_a_changed_byte_is_noticed_wherever_it_is(command, classifier):
    for kind in ("safetensors", "onnx"):
        file = Path(f"net.{kind}")
        assert command("export", classifier, "--to", kind, "--out", file)[0] == 0
        load(file)
        whole = file.read_bytes()
        for place in (*range(0, len(whole), len(whole) // 40), *range(len(whole) - 30, len(whole))):
            file.write_bytes(flipped(whole, place))
            with pytest.raises(ExportError, match=rf"^net\.{kind}: .*; export the run again$"):
                load(file)
        file.write_bytes(whole)
    with safe_open("net.safetensors", "pt") as content:
        bias = content.get_tensor("model.head.linear.bias").numpy().tobytes()
    whole = Path("net.safetensors").read_bytes()
    Path("net.safetensors").write_bytes(flipped(whole, whole.index(bias) + 3))
    code, shown, complaint = command("predict", "net.safetensors", "Satoshi")
    assert (code, shown) == (2, "")
    assert complaint == (
        "seqlab: net.safetensors: tensor 'model.head.linear.bias' is damaged: its bytes differ from those "
        "that were written; export the run again\n"
    )
