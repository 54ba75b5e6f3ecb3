"""The checksum of a file within itself."""

import io
import zlib

import pytest

from seqlab.io import seal


@pytest.mark.parametrize("slot", [0, 5, 42])
def test_no_byte_of_a_sealed_file_can_change(slot, monkeypatch):
    monkeypatch.setattr(seal, "BLOCK", 7)
    content = bytearray(range(50))
    content[slot : slot + 8] = seal.EMPTY
    expected = zlib.crc32(content)
    seal.seal(content, slot)
    assert int(content[slot : slot + 8], 16) == expected
    assert seal.is_whole(io.BytesIO(content), slot)
    for place in range(50):
        damaged = bytearray(content)
        damaged[place] ^= 1
        assert not seal.is_whole(io.BytesIO(damaged), slot)
    assert not seal.is_whole(io.BytesIO(content[:-1]), slot)
