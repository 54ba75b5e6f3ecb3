"""A text that is larger than the memory it may take."""

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

LINES, MOST = 2_000_000, 300
"""Lines of the text, and MB above what the imports take."""
WORDS = [
    "the",
    "king",
    "and",
    "queen",
    "of",
    "England",
    "went",
    "to",
    "battle",
    "with",
    "many",
    "soldiers",
    "Käse",
    "你好",
    "who",
    "never",
    "returned",
]
TRAIN = """
import sys
from seqlab import cli
import seqlab.training.fit
def kept(kind):
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) // 1024 for line in file if line.startswith(kind))
before = kept("VmRSS")
code = cli.train(sys.argv[1:])
print("MB", code, kept("VmHWM") - before)
"""


def write(path: Path) -> None:
    """Write lines of words, over 300 MB; each thousand in an order of its own."""
    choose = random.Random(0)
    lines = [f"{' '.join(choose.choices(WORDS, k=choose.randint(22, 38)))}\n" for _ in range(20_000)]
    with path.open("w", encoding="utf-8") as file:
        for _ in range(LINES // len(lines)):
            choose.shuffle(lines)
            file.writelines(lines)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux")
def test_two_million_lines_are_trained_on_in_little_memory(tmp_path):
    write(tmp_path / "text.txt")
    assert (tmp_path / "text.txt").stat().st_size > 300e6
    settings = ("data=text_file", "data.path=text.txt", "data.val_share=0.001", "data.test_share=0.015")
    short = ("trainer.max_epochs=1", "trainer.limit_train_batches=50", "trainer.accelerator=cpu", "model=gru")
    done = subprocess.run(
        [sys.executable, "-c", TRAIN, *settings, *short, "verbosity=quiet"],
        cwd=tmp_path,
        env=os.environ | {"SEQLAB_CACHE_DIR": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        check=False,
    )
    _, code, above = done.stdout.splitlines()[-1].split()
    assert code == "0", done.stderr
    assert int(above) <= MOST
