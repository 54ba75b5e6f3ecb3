"""Every command of docs/time-series.md runs, at a small size."""

import re
import shlex
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

PAGE = Path(__file__).parents[1] / "docs/time-series.md"
SMALL = ("model.hidden_size=4", "trainer.max_epochs=1", "trainer.limit_train_batches=2", "callbacks=none")
SHORT = ("data.input_steps=8", "data.horizon_steps=4")


def hours(first: int, count: int) -> pd.DataFrame:
    """Return rows of the file that the page reads."""
    numbers = np.arange(first, first + count)
    times = pd.Timestamp("2023-01-01") + pd.to_timedelta(numbers, unit="h")
    day = np.sin(numbers * np.pi / 12)
    return pd.DataFrame({"when": times, "load": 500 + 20 * day + numbers % 7, "temperature": 3 + day})


@pytest.mark.slow
def test_every_command_of_the_page_runs(train, command, tmp_path):
    hours(0, 400).to_csv(tmp_path / "power.csv", index=False)
    hours(400, 40).to_csv(tmp_path / "latest.csv", index=False)
    hours(440, 4)[["when", "temperature"]].to_csv(tmp_path / "future.csv", index=False)
    blocks = re.findall(r"```bash\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    commands = [shlex.split(line) for block in blocks for line in block.splitlines()]
    assert len(commands) > 6
    run = ""
    for number, (_, name, *given) in enumerate(commands):
        if name == "train":
            assert train(*given, *SMALL, *SHORT, f"name=run{number}") == 0
            (folder,) = (tmp_path / "out").glob(f"run{number}/*")
            run = str(folder)
            continue
        of_settings = any("=" in one for one in given)
        asked = [run if one == "RUN" else one for one in given]
        code, _, told = command(name, *asked, *((*SMALL, *SHORT) if of_settings else ()))
        assert code == 0, told
