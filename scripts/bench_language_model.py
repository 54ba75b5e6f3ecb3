"""How good is a recurrent language model beside a GPT that takes as long?

Run:  python scripts/bench_language_model.py --data FOLDER [--preset shakespeare_quick] [--check]

Trains a preset and a GPT of nanoGPT's CPU recipe (github.com/karpathy/nanoGPT: 4 layers, 4 heads, 128 wide,
context 64, batch 12, AdamW, 100 steps of warm-up, then cosine to a tenth), which is built by the library
transformers (pip install 'seqlab[bench]'), one after the other, in one process and on one thread. Prints the
processor seconds of training, with the preset's validation, and nats per character of the whole test part in
both protocols:
  windows of 64 and of 256: each window from a zero state, or with nothing before it;
  whole: every character with all that comes before it: with the state carried.
The GPT sees the 63 characters before one at most, in a window of 256 and in the whole part too.
Nothing is chosen on the test part. With --check the exit code is 1 if a must is missed.
"""

import argparse
import math
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import torch
from hydra import compose, initialize_config_module
from lightning.pytorch import Callback
from torch import Tensor, nn
from torch.nn import functional

from seqlab.config.compose import make_config
from seqlab.config.schema import Config
from seqlab.data import SequenceData
from seqlab.models.build import make_data
from seqlab.training.fit import train

CONTEXT, BATCH, RATE, WARMUP = 64, 12, 1e-3, 100
WINDOWS = (64, 256)
MUST_NATS, MUST_TIME = 1.52, 1.05
SCORED_AT_ONCE = 256
"""Windows in a batch of evaluation."""


class Result(NamedTuple):
    """What one network reaches: parameters, processor seconds, and nats per character in both protocols.

    Attributes:
        name: of the network.
        parameters: that it learns.
        seconds: of a processor that training takes.
        whole: nats with the state carried.
        windows: nats in each of ``WINDOWS``.
    """

    name: str
    parameters: int
    seconds: float
    whole: float
    windows: tuple[float, ...]

    def row(self) -> str:
        """Return the row of a Markdown table."""
        nats = " | ".join(f"{one:.4f}" for one in (*self.windows, self.whole))
        return f"| {self.name} | {self.parameters:,} | {self.seconds:.0f} | {nats} |"


class Clock(Callback):
    """Measures the processor seconds of training."""

    def on_fit_start(self, trainer, pl_module):  # noqa: ANN001, ANN201, ARG002 (Lightning's)
        """Begin."""
        self.begun = time.process_time()

    def on_fit_end(self, trainer, pl_module):  # noqa: ANN001, ANN201, ARG002 (Lightning's)
        """End."""
        self.seconds = time.process_time() - self.begun


def of_seqlab(config: Config, name: str) -> Result:
    """Train a preset."""
    clock = Clock()
    finished = train(config, extra_callbacks=lambda *_: [clock])
    scores = finished.folder.record["metrics"]
    windows = tuple(scores[f"test/loss_windows_{width}"] for width in WINDOWS)
    return Result(name, finished.folder.record["parameters"], clock.seconds, scores["test/loss"], windows)


def of_gpt(data: SequenceData, steps: int, seed: int) -> Result:
    """Train a GPT of nanoGPT's CPU recipe on all that is before the test part."""
    from transformers import GPT2Config, GPT2LMHeadModel  # noqa: PLC0415 (an extra of this bench)

    torch.manual_seed(seed)
    vocabulary = data.spec.input_size
    sizes = {"n_layer": 4, "n_head": 4, "n_embd": 128, "n_positions": CONTEXT, "vocab_size": vocabulary}
    off = dict.fromkeys(("resid_pdrop", "embd_pdrop", "attn_pdrop"), 0.0)
    model = GPT2LMHeadModel(GPT2Config(**sizes, **off, use_cache=False))
    text = torch.cat([torch.tensor(data.samples[split].tokens.astype("int64")) for split in ("train", "val")])
    matrices = [one for one in model.parameters() if one.dim() > 1]
    vectors = [one for one in model.parameters() if one.dim() <= 1]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=RATE, betas=(0.9, 0.99), fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: rate_at(step, steps))
    begun = time.process_time()
    for _ in range(steps):
        firsts = torch.randint(len(text) - CONTEXT, (BATCH,))
        rows = text[firsts[:, None] + torch.arange(CONTEXT + 1)]
        loss = functional.cross_entropy(model(rows[:, :-1]).logits.flatten(0, 1), rows[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
    seconds = time.process_time() - begun
    test = torch.tensor(data.samples["test"].tokens.astype("int64"))
    count = sum(one.numel() for one in model.parameters())

    def logits(x: Tensor) -> Tensor:
        with torch.inference_mode():
            found: Tensor = model.eval()(x).logits
            return found

    windows = tuple(in_windows(logits, test, width) for width in WINDOWS)
    return Result("GPT", count, seconds, with_all_before(logits, test), windows)


def rate_at(step: int, steps: int) -> float:
    """Return nanoGPT's learning rate as a share of the largest: a warm-up, then a cosine to a tenth."""
    if step < WARMUP:
        return (step + 1) / (WARMUP + 1)
    done = min((step - WARMUP) / max(steps - WARMUP, 1), 1.0)
    return 0.1 + 0.45 * (1 + math.cos(math.pi * done))


def in_windows(logits: Callable[[Tensor], Tensor], tokens: Tensor, width: int) -> float:
    """Return nats per token of all but the first, in windows with nothing before them."""
    windows = [tokens[start : start + width + 1] for start in range(0, len(tokens) - 1, width)]
    nats = sum(with_all_before(logits, window) * (len(window) - 1) for window in windows)
    return nats / (len(tokens) - 1)


def with_all_before(logits: Callable[[Tensor], Tensor], tokens: Tensor) -> float:
    """Return nats per token of all but the first, each with the tokens before it, a context at most."""
    first = logits(tokens[None, :CONTEXT])[0][: len(tokens) - 1]
    nats = float(functional.cross_entropy(first, tokens[1 : len(first) + 1], reduction="sum"))
    rows, ends = tokens[:-1].unfold(0, min(CONTEXT, len(tokens) - 1), 1)[1:], tokens[CONTEXT + 1 :]
    for start in range(0, len(rows), SCORED_AT_ONCE):
        part = slice(start, start + SCORED_AT_ONCE)
        nats += float(functional.cross_entropy(logits(rows[part])[:, -1], ends[part], reduction="sum"))
    return nats / (len(tokens) - 1)


def missed(ours: Result, gpt: Result) -> list[str]:
    """Return a line for each must that is missed."""
    ratio = ours.seconds / gpt.seconds
    lines = {
        f"missed: {ours.name} must reach {MUST_NATS} nats, got {ours.whole:.4f}": ours.whole > MUST_NATS,
        f"missed: {ours.name} must take {MUST_TIME} times as long as the GPT at most, got {ratio:.2f}": (
            ratio > MUST_TIME
        ),
    }
    return [line for line, is_missed in lines.items() if is_missed]


def main(arguments: list[str] | None = None) -> int:
    """Print the comparison; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, help="folder of the text; the sample if it is left out")
    parser.add_argument("--preset", default="shakespeare_quick")
    parser.add_argument("--steps", type=int, default=2000, help="of the GPT")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--check", action="store_true", help="exit with 1 if a must is missed")
    parser.add_argument("overrides", nargs="*", help="further settings of the preset")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    place = f"data.root={options.data.resolve()}" if options.data else "data.source=sample"
    quiet = ["task.baselines=false", "callbacks.figures=false", "logger=none", "verbosity=quiet"]
    with tempfile.TemporaryDirectory() as folder, initialize_config_module("seqlab.conf", version_base="1.3"):
        settings = [
            f"experiment={options.preset}",
            place,
            f"seed={options.seed}",
            f"task.windows={list(WINDOWS)}",
        ]
        asked = [*settings, f"paths.output_dir={folder}", *quiet, *options.overrides]
        config = make_config(compose("config", asked))
        ours = of_seqlab(config, options.preset)
        data = make_data(config)
        data.setup()
        gpt = of_gpt(data, options.steps, options.seed)
    print(f"torch {torch.__version__}, one thread of {os.cpu_count()} processors, seed {options.seed}\n")
    heads = [f"windows of {width}" for width in WINDOWS]
    print(f"| network | parameters | CPU s | {' | '.join(heads)} | whole |\n| :-- |{' --: |' * 5}")
    for one in (ours, gpt):
        print(one.row())
    lines = missed(ours, gpt)
    for line in lines:
        print(line, file=sys.stderr)
    return 1 if options.check and lines else 0


if __name__ == "__main__":
    sys.exit(main())
