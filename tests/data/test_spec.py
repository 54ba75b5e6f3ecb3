"""What a data set declares."""

import json

from seqlab.data import DataSpec


def test_a_spec_is_written_as_plain_values():
    fields = {
        "name": "toy",
        "kind": "tokens",
        "input_size": 3,
        "classes": ["a", "b"],
        "class_counts": [4, 1],
        "symbols": ["<pad>", "x", "y"],
        "source": "sample",
        "origin": "nowhere",
        "sha256": "0",
        "path": "",
        "sizes": {"train": 5},
    }
    spec = DataSpec(
        **{key: tuple(value) if isinstance(value, list) else value for key, value in fields.items()}
    )
    assert spec.as_dict() == json.loads(json.dumps(spec.as_dict())) == fields
