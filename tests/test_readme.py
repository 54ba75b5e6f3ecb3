"""What the README tells its readers to type is run as it stands there."""

import json
import re
import shlex
import sys
from pathlib import Path

import pytest
import torch
from sklearn.metrics import f1_score

from seqlab import cli
from seqlab.cli.arguments import PACKAGED, allow_option
from seqlab.cli.choices import offer
from seqlab.registry.catalog import cells
from seqlab.tasks.confusion import scores

README = (Path(__file__).parents[1] / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def test_the_own_cell_of_the_readme_runs_as_it_stands_there(tmp_path, monkeypatch):
    (cell,) = (block for block in blocks("python") if "@register_cell" in block)
    (command,) = (line for block in blocks("sh") for line in block.splitlines() if "my_cells" in line)
    assert len((cell + command).strip().splitlines()) < 15
    monkeypatch.delenv("SEQLAB_DATA_DIR", raising=False)
    monkeypatch.chdir(tmp_path)
    Path(re.search(r"`(\w+\.py)`", README).group(1)).write_text(cell)
    program, subcommand, *arguments = shlex.split(command)
    assert (program, subcommand) == ("seqlab", "train")
    quick = ["trainer.max_epochs=1", "trainer.limit_train_batches=9", "verbosity=quiet"]
    quick += ["callbacks.figures=false", "task.baselines=false"]
    monkeypatch.setattr(sys, "argv", ["seqlab", subcommand, *arguments, *quick])
    assert cli.main() == 0
    (record,) = (json.loads(path.read_text()) for path in Path("outputs").rglob("run.json"))
    assert record["status"] == "done"
    assert record["cell"] == re.search(r'@register_cell\("(\w+)"\)', cell).group(1)


def test_the_own_data_set_of_the_readme_runs_as_it_stands_there(tmp_path, train):
    (code,) = (block for block in blocks("python") if "@register_dataset" in block)
    (command,) = (line for block in blocks("sh") for line in block.splitlines() if "data=my_reviews" in line)
    Path("my_data.py").write_text(code)
    rows = [f"{word} {number},{word}" for number in range(30) for word in ("good", "bad")]
    Path("reviews.csv").write_text("\n".join(["title,stars", *rows]))
    quick = ["trainer.max_epochs=1", "verbosity=quiet", "callbacks.figures=false", "engine=eager"]
    assert train(*shlex.split(command)[2:], *quick) == 0
    (record,) = (json.loads(path.read_text()) for path in Path("out").rglob("run.json"))
    assert record["data"]["classes"] == ["bad", "good"]


@pytest.mark.parametrize("path", re.findall(r"\]\((?!http)([^)#]+)\)", README))
def test_every_file_the_readme_links_to_exists(path):
    assert (Path(__file__).parents[1] / path).exists()


def test_the_readme_counts_the_cells():
    (counted,) = re.findall(r"^(\d+) cells come with seqlab", README, flags=re.MULTILINE)
    assert int(counted) == len(cells) - len(cells.theirs())


@pytest.mark.slow
def test_every_setting_in_the_readmes_commands_is_a_valid_one():
    from hydra import compose, initialize_config_module  # noqa: PLC0415

    lines = [line for block in blocks("sh") for line in block.replace("\\\n", " ").splitlines()]
    commands = [shlex.split(line, comments=True) for line in lines if line.startswith("seqlab train")]
    assert len(commands) > 3
    for words in commands:
        overrides = [word for word in words[2:] if "=" in word and "," not in word]
        if "--config-dir" not in words and not any(word.startswith("imports=") for word in words):
            offer(overrides, [PACKAGED])
            with initialize_config_module("seqlab.conf", version_base="1.3"):
                compose("config", overrides=[*map(allow_option, overrides)])


def test_macro_scores_are_those_of_the_call_in_the_readme():
    call = re.search(r"`(f1_score\(.*?\))` of scikit-learn", README).group(1)
    true, predicted, classes = (
        [0, 0, 1, 1, 3],
        [0, 1, 1, 4, 3],
        6,
    )  # 2 and 5 occur nowhere, 4 is only predicted
    counts = torch.zeros(classes, classes, dtype=torch.long)
    for one, other in zip(true, predicted, strict=True):
        counts[one, other] += 1
    names = {"f1_score": f1_score, "true": true, "predicted": predicted, "C": classes, "range": range}
    assert scores(counts)["f1_macro"] == pytest.approx(eval(call, names), abs=1e-15)
