"""What a data set declares."""

import json
from dataclasses import asdict

from seqlab.data import DataSpec
from seqlab.data.text.cleaning import TextSettings


def test_a_spec_is_written_as_plain_values():
    fields = {
        "name": "toy",
        "kind": "tokens",
        "task": "classification",
        "input_size": 3,
        "classes": ["a", "b"],
        "class_titles": ["A", "B"],
        "class_counts": [4, 1],
        "ngrams": [17],
        "symbols": ["<pad>", "x", "y"],
        "source": "sample",
        "origin": "nowhere",
        "sha256": "0",
        "path": "",
        "sizes": {"train": 5},
    }
    nested = {"text": TextSettings(tokens="words", max_length=9), "series": None}
    spec = DataSpec(
        **{key: tuple(value) if isinstance(value, list) else value for key, value in fields.items()}, **nested
    )
    fields |= {"text": asdict(nested["text"]), "series": None, "features": [], "tagged_steps": 0}
    assert spec.as_dict() == json.loads(json.dumps(spec.as_dict())) == fields
