"""How fast is training beside a raw PyTorch loop, and how does a training step grow with T, B and H?

Run:  python scripts/bench_training.py --data FOLDER [--engine auto] [--threads 1] [--rounds 7] [--check]

Prints Markdown tables of two things, measured on the CPU:
  1. training samples a second of ``seqlab train model=lstm data=names`` as it is configured by default, with
     its loggers, scores and checkpoints, beside a loop of nn.Embedding, nn.LSTM and nn.Linear that has the
     same split, batch size, sizes, dropout, optimizer, schedule and clipping, but draws its batches at random
     and pads them with pad_sequence, and counts nothing. One epoch of each in turn, in one process; seqlab's
     epoch lasts until the next begins, less its validation, which the loop does not have;
  2. forward and backward of ``seqlab.nn.Recurrent("lstm")`` and of nn.LSTM, one of T, B and H varied at a
     time, as ratios to the smallest.
"""

import argparse
import math
import os
import platform
import re
import shlex
import statistics
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from timeit import Timer

import torch
from hydra import compose, initialize_config_module
from lightning.pytorch import Callback, seed_everything
from measure import wait_for
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from seqlab.config.compose import make_config
from seqlab.config.schema import Config
from seqlab.data import SequenceData
from seqlab.io import console_log
from seqlab.models.build import make_data, make_module
from seqlab.models.optimizers import make_optimizer
from seqlab.models.schedulers import make_scheduler
from seqlab.nn import Recurrent
from seqlab.runs.folder import RunFolder
from seqlab.training.trainer import make_trainer

MUST, AIM = 1.0, 1.5
RATIO = f"ratio (≥ {MUST}, aim {AIM})"
BASE = {"B": 64, "T": 32, "I": 64, "H": 128}
VARIED = {"T": (16, 32, 64, 128, 256), "B": (1, 8, 64, 256), "H": (16, 32, 64, 128, 256, 512)}


class RawModel(nn.Module):
    """What ``model=lstm`` is, of torch's own modules."""

    def __init__(self, config: Config, num_tokens: int, num_classes: int) -> None:
        super().__init__()
        model = config.model
        embedding = nn.Embedding(num_tokens, model.embedding_size, padding_idx=0)
        self.encoder = nn.Sequential(embedding, nn.Dropout(model.embedding_dropout))
        self.lstm = nn.LSTM(model.embedding_size, model.hidden_size, batch_first=True)
        self.head = nn.Sequential(nn.Dropout(model.dropout), nn.Linear(model.hidden_size, num_classes))

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Return the logits, [B, C], of right-padded tokens, [B, T]."""
        outputs, _ = self.lstm(self.encoder(x))
        logits: Tensor = self.head(outputs[torch.arange(len(x), device=x.device), lengths - 1])
        return logits


class RawLoop:
    """The loop that one writes without a framework; on a GPU it does not wait for the device either."""

    def __init__(self, config: Config, data: SequenceData, device: str) -> None:
        self.device = device
        samples = data.samples["train"]
        whole = samples.batch(torch.arange(len(samples)))
        self.rows = [row[:length] for row, length in zip(whole.x, whole.lengths.tolist(), strict=True)]
        self.lengths, self.y = whole.lengths, whole.y
        self.batch_size = data.dataset.batch_size
        self.largest_norm = config.trainer.gradient_clip_val or math.inf
        self.model = RawModel(config, data.spec.input_size, len(data.spec.classes)).to(device)
        self.optimizer = make_optimizer(self.model.parameters(), config.optimizer.model_dump())
        settings = config.scheduler.model_dump()  # by default a rate for every step
        steps = config.trainer.max_epochs * math.ceil(len(self.rows) / self.batch_size)
        schedule = make_scheduler(self.optimizer, settings, total_steps=steps, total_epochs=steps) or {}
        self.scheduler = schedule["scheduler"]

    def epoch(self) -> None:
        """Train on every sample once."""
        for ids in torch.split(torch.randperm(len(self.rows)), self.batch_size):
            x = pad_sequence([self.rows[number] for number in ids.tolist()], batch_first=True)
            batch = x, self.lengths[ids], self.y[ids]
            x, lengths, y = (part.to(self.device, non_blocking=True) for part in batch)
            loss = nn.functional.cross_entropy(self.model(x, lengths), y)
            self.optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(self.model.parameters(), self.largest_norm)
            self.optimizer.step()
            self.scheduler.step()


class InTurn(Callback):
    """Runs an epoch of the raw loop before each of seqlab's, and times both."""

    def __init__(self, loop: RawLoop) -> None:
        self.loop = loop
        self.raw: list[float] = []
        self.seqlab: list[float] = []
        self._start = 0.0

    def on_train_epoch_start(self, *_arguments: object) -> None:
        """End the epoch before, run the loop's, and restart the clock."""
        self.on_train_end()
        start = self._now()
        self.loop.epoch()
        self._start = self._now()
        self.raw.append(self._start - start)

    def on_validation_start(self, *_arguments: object) -> None:
        """Stop the clock."""
        self._start -= self._now()

    def on_validation_end(self, *_arguments: object) -> None:
        """Let the clock go on: as if the epoch had started later."""
        self._start += self._now()

    def on_train_end(self, *_arguments: object) -> None:
        """Stop the clock, if an epoch has been trained."""
        if self._start:
            self.seqlab.append(self._now() - self._start)

    def _now(self) -> float:
        wait_for(self.loop.device)
        return time.perf_counter()


def in_turns(engine: str, rounds: int, device: str = "cpu") -> tuple[Tensor, Tensor, int, str]:
    """Train with seqlab and with the loop, an epoch each in turn.

    Returns:
        Seconds of seqlab's epochs and of the loop's, [rounds], the samples of an epoch, and what they are.
    """
    accelerator = "gpu" if device == "cuda" else device
    overrides = ["model=lstm", "data=names", f"engine={engine}", f"trainer.accelerator={accelerator}"]
    overrides += ["name=bench", f"trainer.max_epochs={rounds + 1}"]  # the first only warms up
    with initialize_config_module("seqlab.conf", version_base="1.3"):
        config = make_config(compose("config", overrides))
    console_log.configure("quiet")
    seed_everything(config.seed, verbose=False)
    data = make_data(config)
    data.setup()
    module = make_module(config, data.spec)
    turns = InTurn(RawLoop(config, data, device))
    with tempfile.TemporaryDirectory(prefix="seqlab-bench-") as output:
        trainer = make_trainer(config, RunFolder(Path(output)), data.spec)
        trainer.callbacks.insert(0, turns)  # type: ignore[attr-defined]
        trainer.fit(module, datamodule=data)
    own, raw = (torch.tensor(times[1:], dtype=torch.float64) for times in (turns.seqlab, turns.raw))
    count, chosen = len(data.samples["train"]), module.model.recurrent.choice(device=torch.device(device))
    return own, raw, count, f"{count:,} {data.spec.source} names, engine {chosen.engine.name}"


def training(engine: str, rounds: int) -> float:
    """Print samples a second of seqlab and of the loop; return the median ratio."""
    own, raw, count, what_was_trained = in_turns(engine, rounds)
    print(f"{what_was_trained}\n")
    print("| samples a second | lower quartile | median | upper quartile |\n|---|---:|---:|---:|")
    rows = {"seqlab": count / own, "raw PyTorch loop": count / raw, RATIO: raw / own}
    for what, values in rows.items():
        quartiles = values.quantile(values.new_tensor([0.25, 0.5, 0.75])).tolist()
        print(f"| {what} |", *(f"{each:,.{2 if what == RATIO else 0}f} |" for each in quartiles))
    print()
    return float((raw / own).quantile(0.5))


def growth(engine: str, rounds: int) -> None:
    """Print how the cost of a step grows with each factor, as ratios to its smallest value."""
    for factor, values in VARIED.items():
        found = [step_costs(BASE | {factor: value}, engine, rounds) for value in values]
        fixed = ", ".join(f"{name} {size}" for name, size in BASE.items() if name != factor)
        print(f"| {factor} ({fixed}) | seqlab | nn.LSTM | nn.LSTM to seqlab |\n|---:|---:|---:|---:|")
        for value, (own, torchs) in zip(values, found, strict=True):
            growths = own / found[0][0], torchs / found[0][1], torchs / own
            print(f"| {value} |", *(f"{each:.2f} |" for each in growths))
        print()


def step_costs(sizes: dict[str, int], engine: str, rounds: int) -> tuple[float, float]:
    """Return the median seconds of a forward and backward pass of seqlab's LSTM and of torch's."""
    x = torch.randn(sizes["B"], sizes["T"], sizes["I"], requires_grad=True)
    own = Recurrent("lstm", input_size=sizes["I"], hidden_size=sizes["H"], engine=engine)
    layers = own, nn.LSTM(sizes["I"], sizes["H"], batch_first=True)
    timers = [Timer("layer(x)[0].sum().backward()", globals={"layer": each, "x": x}) for each in layers]
    repeats = max(1, int(0.02 / max(timer.timeit(1) for timer in timers * 2)))
    times = [[timer.timeit(repeats) / repeats for timer in timers] for _ in range(rounds)]
    return statistics.median(own for own, _ in times), statistics.median(raw for _, raw in times)


def main() -> int:
    """Measure and print; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--engine", default="auto", help="what runs seqlab's cell")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=7, help="2 or more")
    parser.add_argument("--data", help="folder with the real names; else SEQLAB_DATA_DIR")
    parser.add_argument("--check", action="store_true", help=f"exit code 1 if the ratio is below {MUST}")
    options = parser.parse_args()
    if options.data:
        os.environ["SEQLAB_DATA_DIR"] = str(Path(options.data).resolve())
    torch.set_num_threads(options.threads)
    cpuinfo = Path("/proc/cpuinfo").read_text() if platform.system() == "Linux" else ""
    processor = [*re.findall("model name.*: (.*)", cpuinfo), platform.processor()][0]
    versions = ", ".join(f"{name} {version(name)}" for name in ("torch", "lightning", "seqlab"))
    print(f"{processor}, {os.cpu_count()} cores, {options.threads} threads; {versions}")
    print(f"`python {shlex.join(sys.argv)}`\n")
    ratio = training(options.engine, options.rounds)
    growth(options.engine, options.rounds)
    return int(options.check and ratio < MUST)


if __name__ == "__main__":
    sys.exit(main())
