"""scripts/bench_language_model.py: both protocols by hand, and a run of a few steps."""

import importlib
from pathlib import Path

import pytest
import torch
from torch.nn import functional

SCRIPTS = Path(__file__).parents[1] / "scripts"


@pytest.fixture
def bench(monkeypatch):
    monkeypatch.syspath_prepend(SCRIPTS)
    return importlib.import_module("bench_language_model")


@pytest.mark.parametrize("count", [40, 65, 66, 200])
def test_both_protocols_score_every_token_but_the_first_once(bench, count):
    random = torch.Generator().manual_seed(0)
    tokens = torch.randint(0, 5, (count,), generator=random)
    table = torch.randn(bench.CONTEXT, 5, 5, generator=random, dtype=torch.float64)

    def logits(x):  # by the place in the window, and the token
        assert len(x)
        return table[torch.arange(x.shape[1]), x]

    def nats(place: int, before: int) -> float:
        return float(
            functional.cross_entropy(table[before, tokens[place - 1]][None], tokens[place : place + 1])
        )

    last = bench.CONTEXT - 1  # it sees no more
    for width in (30, 64, 100):
        windows = sum(nats(place, min((place - 1) % width, last)) for place in range(1, count)) / (count - 1)
        assert bench.in_windows(logits, tokens, width) == pytest.approx(windows)
    whole = sum(nats(place, min(place - 1, bench.CONTEXT - 1)) for place in range(1, count)) / (count - 1)
    assert bench.with_all_before(logits, tokens) == pytest.approx(whole)


def test_a_must_that_is_missed_is_told(bench):
    gpt = bench.Result("GPT", 1, 100.0, 1.9, (1.9, 1.9))
    assert bench.missed(bench.Result("a", 1, 105.0, 1.52, (1.6, 1.6)), gpt) == []
    assert len(bench.missed(bench.Result("a", 1, 106.0, 1.53, (1.6, 1.6)), gpt)) == 2


@pytest.mark.slow
def test_a_few_steps_of_both_are_printed_side_by_side(bench, capsys, monkeypatch, tmp_path):
    pytest.importorskip("transformers", reason="needs pip install transformers")
    monkeypatch.chdir(tmp_path)
    play = "KING:\nTo be, or not to be: that is the question.\n\n" * 500
    monkeypatch.setattr("seqlab.data.tiny_shakespeare.write_plays", lambda path: path.write_text(play))
    tiny = ["model.hidden_size=8", "trainer.max_epochs=1", "trainer.limit_train_batches=2"]
    tiny += ["trainer.log_every_n_steps=1"]
    assert bench.main(["--steps", "3", *tiny, "--check"]) == 1
    shown = capsys.readouterr()
    rows = [line.split(" | ") for line in shown.out.splitlines() if line.startswith("| ")]
    head, _, ours, gpt = rows
    assert head[3:] == ["windows of 64", "windows of 256", "whole |"]
    assert (ours[0], gpt[0]) == ("| shakespeare_quick", "| GPT")
    assert all(0 < float(nats.removesuffix(" |")) < 9 for row in (ours, gpt) for nats in row[3:])
    assert "missed: shakespeare_quick must reach 1.52 nats" in shown.err
