"""Every command of docs/language-models.md runs, at a small size."""

import re
import shlex
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[1] / "docs/language-models.md"
SMALL = ("model.hidden_size=8", "trainer.max_epochs=1", "trainer.limit_train_batches=0.1", "callbacks=none")


@pytest.mark.slow
def test_every_command_of_the_page_runs(train, command, tmp_path):
    (tmp_path / "my.txt").write_text("To be, or not to be: that is the question.\n" * 200)
    commands = [
        shlex.split(line)
        for block in re.findall(r"```bash\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
        for line in block.splitlines()
    ]
    assert len(commands) > 8
    runs: dict[str, str] = {}
    for number, (_, name, *arguments) in enumerate(commands):
        begin = f"init_from={runs.get('NAMES')}"
        given = [runs.get(one, begin if one == "init_from=NAMES" else one) for one in arguments]
        if name != "train":
            code, _, told = command(name, *("3" if one in ("100", "400") else one for one in given))
            assert code == 0, told
            continue
        settings = given if "data=text_file" in given else ["data.source=sample", *given]
        streams = ["data.steps=8", "data.batch_size=4"] if "data=text_file" in given else []
        assert train(*settings, *SMALL, *streams, f"name=run{number}") == 0
        (run,) = (tmp_path / "out").glob(f"run{number}/*")
        place = "RUN" if any("shakespeare" in one for one in given) else ""
        place = "NAMES" if "experiment=names_generate" in given else place
        runs["CLASSIFIER" if "experiment=names_quick" in given else place] = str(run)
