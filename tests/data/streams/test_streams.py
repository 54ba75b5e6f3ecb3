"""Running text as parallel streams: which tokens are trained on when, and by whom."""

import gzip
import io
import re
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from seqlab.data import BatchLoader, SequenceData, TextFile, read_spec
from seqlab.data.streams import files
from seqlab.errors import DataError
from seqlab.io import progress

TEXT = "".join(f"The {n}th line, of {n % 7} – and no more.\n" for n in range(120))


class Screen(io.StringIO):
    """A terminal that keeps what it is shown."""

    def isatty(self) -> bool:
        return True


def loaded(tmp_path: Path, text: str = TEXT, **settings):
    file = tmp_path / "text.txt"
    file.write_text(text, encoding="utf-8")
    return TextFile(**{"path": str(file), "steps": 8, "batch_size": 4, "min_count": 1, **settings}).load()


def written(found, split: str) -> str:
    """Return a split as the symbols of its tokens."""
    return "".join(found.spec.symbols[token] for token in found.samples[split].tokens)


def loader(found, *, epoch: int = 0, rank: int = 0, world_size: int = 1, split: str = "train") -> BatchLoader:
    made = BatchLoader(found.samples[split], 4, order="streams", rank=rank, world_size=world_size)
    made.set_epoch(epoch)
    return made


def test_the_same_bytes_in_another_encoding_are_another_text(tmp_path):
    file = tmp_path / "text.txt"
    file.write_bytes(("привет мир как дела\n" * 400).encode("cp1251"))
    for encoding in ("koi8-r", "cp1251"):
        found = TextFile(path=str(file), encoding=encoding, steps=8, batch_size=4, min_count=1).load()
        expected = file.read_bytes().decode(encoding)
        assert set(found.spec.symbols) >= set(expected.replace("\n", ""))
        assert written(found, "train")[:19] == expected[:19]


def test_a_text_is_split_in_order_and_nothing_is_lost(tmp_path):
    found = loaded(tmp_path, val_share=0.2, test_share=0.1)
    parts = [written(found, split) for split in ("train", "val", "test")]
    assert "".join(parts) == TEXT
    assert len("".join(parts[:2])) == int(0.9 * len(TEXT))
    assert found.spec.sizes == {
        split: len(part) for split, part in zip(("train", "val", "test"), parts, strict=True)
    }
    assert found.spec.fits()
    assert read_spec(found.spec.as_dict()) == found.spec


def test_given_texts_are_validation_and_test(tmp_path):
    (tmp_path / "test.txt").write_text("The 5th line")
    found = loaded(tmp_path, test_path=str(tmp_path / "test.txt"), val_share=0.25)
    assert written(found, "test") == "The 5th line"
    assert written(found, "train") + written(found, "val") == TEXT


@pytest.mark.parametrize("world_size", [1, 2, 3])
def test_streams_go_on_and_every_token_is_trained_on_at_most_once_by_one_rank(tmp_path, world_size):
    found = loaded(tmp_path)
    tokens = found.samples["train"].tokens
    seen = np.zeros(len(tokens), int)
    for rank in range(world_size):
        ends = None
        for batch in loader(found, rank=rank, world_size=world_size):
            assert batch.x.shape == (4, 8)
            for place, x, y in zip(batch.ids.tolist(), batch.x, batch.y, strict=True):
                assert x.tolist() == tokens[place : place + 8].tolist()
                assert y.tolist() == tokens[place + 1 : place + 9].tolist()
                seen[place : place + 8] += 1
            assert ends is None or ends.tolist() == batch.ids.tolist()
            ends = batch.ids + 8
    assert seen.max() == 1
    assert seen.mean() > 0.9


def test_cuts_move_from_epoch_to_epoch_and_depend_on_seed_and_epoch_alone(tmp_path):
    found = loaded(tmp_path)
    cuts = [next(iter(loader(found, epoch=epoch))).ids[0].item() % 8 for epoch in range(40)]
    assert set(cuts) == set(range(8))
    again = [next(iter(loader(found, epoch=epoch))).ids[0].item() % 8 for epoch in range(40)]
    assert cuts == again
    assert len({len(loader(found, epoch=epoch)) for epoch in range(40)}) == 1


def test_a_loaded_place_goes_on_with_the_batches_that_are_left(tmp_path):
    found = loaded(tmp_path)
    whole = [batch.ids.tolist() for batch in loader(found, epoch=3)]
    again = loader(found)
    again.load_state_dict({"epoch": 3, "batches": 2})
    assert [batch.ids.tolist() for batch in again] == whole[2:]


@pytest.mark.parametrize("world_size", [1, 2])
def test_evaluation_is_one_stream_through_the_whole_split(tmp_path, monkeypatch, world_size):
    monkeypatch.setattr("seqlab.data.streams.prepare.LONG", 50)
    found = loaded(tmp_path)
    tokens = found.samples["val"].tokens.tolist()
    batches = list(loader(found, split="val", world_size=world_size))
    targets = [token for batch in batches for token in batch.y[0].tolist()]
    assert targets == tokens[1:]
    assert [int(batch.lengths[0]) for batch in batches] == [50] * (len(tokens[1:]) // 50) + [
        len(tokens[1:]) % 50
    ]
    if world_size == 2:
        assert {batch.ids.item() for batch in loader(found, split="val", rank=1, world_size=2)} == {-1}


def test_a_probe_is_a_few_short_chunks_spread_over_the_split(tmp_path):
    found = loaded(tmp_path)
    batch = found.samples["val"].probe(5)
    assert batch.lengths.tolist() == [64] * 5
    assert batch.ids[0] == 0
    assert batch.ids[-1] == len(found.samples["val"]) - 64


def test_padding_has_no_truth(tmp_path):
    found = loaded(tmp_path)
    count = len(found.samples["train"])
    batch = found.samples["train"].batch(torch.tensor([0, count - 3, -1]))
    assert batch.lengths.tolist() == [8, 3, 8]
    assert batch.y[1].tolist()[3:] == [-1] * 5
    assert batch.x[1].tolist()[3:] == [0] * 5


def test_documents_have_bos_and_eos_and_each_is_in_one_split(tmp_path):
    lines = [f"number {n} of them" for n in range(50)]
    found = loaded(
        tmp_path, "\n".join(["", *lines, "  ", ""]), documents="line", val_share=0.2, test_share=0.2
    )
    parts = [written(found, split) for split in ("train", "val", "test")]
    assert "".join(parts) == "".join(f"<begin>{line}<end>" for line in lines)
    assert all(part.startswith("<begin>") and part.endswith("<end>") for part in parts)


def test_documents_are_files_or_stand_between_blank_lines(tmp_path):
    folder = tmp_path / "texts"
    (folder / "sub").mkdir(parents=True)
    for name in ("b.txt", "a.txt", "sub/c.txt", ".hidden"):
        (folder / name).write_text(f"text of {name}\n \n\n" * 20)
    by_file = TextFile(
        path=str(folder), steps=4, batch_size=2, documents="file", min_count=1, val_share=0.3, test_share=0.3
    ).load()
    assert written(by_file, "train").startswith("<begin>text of a.txt\n")
    assert {written(by_file, split).count("<end>") for split in ("train", "val", "test")} == {1}
    by_line = TextFile(path=str(folder), documents="blank_line", min_count=1, steps=4, batch_size=2).load()
    assert written(by_line, "train").startswith("<begin>text of a.txt<end><begin>text of a.txt<end>")
    assert sum(written(by_line, split).count("<end>") for split in ("train", "val", "test")) == 60


def test_states_start_anew_at_documents_only(tmp_path):
    assert loaded(tmp_path).spec.reset_token is None
    spec = loaded(tmp_path, documents="line", reset=True).spec
    assert spec.symbols[spec.reset_token] == "<begin>"
    assert read_spec(spec.as_dict()) == spec
    with pytest.raises(ValueError, match="set documents=line, blank_line or file"):
        loaded(tmp_path, reset=True)


def test_packed_files_and_other_line_ends_are_the_same_text(tmp_path):
    expected = written(loaded(tmp_path), "train")
    packed = tmp_path / "text.gz"
    packed.write_bytes(gzip.compress(TEXT.replace("\n", "\r\n").encode()))
    with zipfile.ZipFile(tmp_path / "text.zip", "w") as archive:
        archive.writestr("b.txt", TEXT[1000:])
        archive.writestr("a.txt", TEXT[:1000])
    (tmp_path / "utf16").write_bytes(TEXT.encode("utf-16"))
    for name in ("text.gz", "text.zip", "utf16"):
        same = TextFile(path=str(tmp_path / name), steps=8, batch_size=4, min_count=1).load()
        assert written(same, "train") == expected


def test_pieces_of_any_size_make_the_same_tokens(tmp_path, monkeypatch):
    pytest.importorskip("tokenizers", reason="needs tokenizers: pip install 'seqlab[text]'")
    whole = {kind: loaded(tmp_path, tokens=kind, vocabulary=300) for kind in ("characters", "words", "bpe")}
    monkeypatch.setattr("seqlab.data.streams.corpus.PIECE", 37)
    monkeypatch.setattr(files, "PIECE", 7)
    monkeypatch.setattr("seqlab.data.streams.corpus.VERSION", 0)  # not those of the cache
    for kind, expected in whole.items():
        found = loaded(tmp_path, tokens=kind, vocabulary=300)
        assert found.spec.symbols == expected.spec.symbols
        for split in ("train", "val", "test"):
            assert found.samples[split].tokens.tolist() == expected.samples[split].tokens.tolist()


def test_what_is_not_in_the_vocabulary_is_unknown_and_counted(tmp_path, caplog):
    text = "a b " * 200 + "Ωλ a " * 30
    found = loaded(tmp_path, text, test_share=0.2, val_path=str(tmp_path / "text.txt"))
    assert found.spec.symbols[4:] == (" ", "a", "b")
    omegas = written(found, "test").count("<unk>")
    assert found.spec.unknown["test"] == (omegas, omegas, 2 * omegas)
    assert "not in the vocabulary" in caplog.text


def test_the_smallest_vocabulary_has_one_character(tmp_path):
    found = loaded(tmp_path, "a" * 400)
    assert found.spec.symbols[4:] == ("a",)
    assert found.spec.fits()


def test_a_limit_is_the_beginning_of_the_training_text(tmp_path):
    found = loaded(tmp_path, limit_train_samples=100)
    assert written(found, "train") == TEXT[:100]
    assert found.spec.sizes["train"] == 100


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "0 tokens are too few"),
        (b"a", "0 tokens are too few"),
        (b"too short for a chunk of so many streams", "too few to train 4 streams of 8 steps"),
        (
            "Grüße\n".encode("latin-1") * 99,
            "not UTF-8 near byte 2; convert the file to UTF-8, or set data.encoding",
        ),
        ("Ω".encode()[:1], "not UTF-8"),
        (b"a\0b" * 99, "NUL character"),
        (b"\x1f\x8b no gzip" * 99, "is damaged"),
    ],
)
def test_a_text_that_cannot_be_read_is_refused_in_one_line(tmp_path, content, message):
    file = tmp_path / "text.txt"
    file.write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        TextFile(path=str(file), steps=8, batch_size=4).load()
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_without_files_and_a_split_without_tokens_are_refused(tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(DataError, match="has no files"):
        TextFile(path=str(tmp_path / "folder")).load()
    with pytest.raises(DataError, match="'val' has 0 tokens"):
        loaded(tmp_path, val_share=0.0)


def test_the_data_module_evaluates_in_one_stream(tmp_path):
    (tmp_path / "text.txt").write_text(TEXT)
    data = SequenceData(TextFile(path=str(tmp_path / "text.txt"), steps=8, batch_size=4))
    data.setup()
    assert next(iter(data.train_dataloader())).x.shape == (4, 8)
    assert [len(batch.ids) for batch in data.test_dataloader()] == [1]
    assert data.describe("test", 0) in TEXT.replace("\n", "\\n")


def test_while_a_large_text_is_encoded_a_terminal_shows_how_far_it_is(tmp_path, monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", Screen())
    loaded(tmp_path, "a few words that no other test encodes\n" * 200)
    assert not sys.stderr.getvalue()
    monkeypatch.setattr(progress, "LARGE", 1)
    loaded(tmp_path, "and others that none does\n" * 200)
    shown = re.findall(
        r"reading the text, to encode it .*?([\d,.]+)/([\d,.]+) (kB|bytes)", sys.stderr.getvalue()
    )
    assert {("4.2", "4.2", "kB"), ("520", "520", "bytes")} <= set(shown)
    assert all(float(read) <= float(total) for read, total, _ in shown)
