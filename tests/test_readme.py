"""What the README and the pages that go on from it tell their readers to type is run as it stands there."""

import json
import re
import shlex
import sys
from pathlib import Path

import pytest
import torch
from sklearn.metrics import f1_score

import seqlab
from seqlab import cli
from seqlab.cli.arguments import PACKAGED, allow_option
from seqlab.cli.choices import offer
from seqlab.cli.commands import COMMANDS
from seqlab.cli.parser import Parser
from seqlab.registry.catalog import cells
from seqlab.tasks.confusion import scores
from seqlab.testing import check_cell

ROOT = Path(__file__).parents[1]
PAGES = {
    name: (ROOT / name).read_text(encoding="utf-8")
    for name in ("README.md", *(f"docs/{page}.md" for page in ("data", "training", "runs", "extending")))
}
README, TEXT = PAGES["README.md"], "".join(PAGES.values())


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, flags=re.DOTALL)


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


@pytest.fixture
def in_a_folder(tmp_path, monkeypatch):
    """A folder with the file that the README's examples read, longer, and trainings of a moment in it."""
    monkeypatch.delenv("SEQLAB_DATA_DIR", raising=False)
    monkeypatch.chdir(tmp_path)
    rows = [f"{word} {number},{kind}" for number in range(30) for word, kind in (("book", "a"), ("app", "b"))]
    Path("my.csv").write_text("\n".join(["review,cat", *rows]))
    train, quick = seqlab.train, ("trainer.max_epochs=1", "trainer.limit_train_batches=2", "callbacks=none")
    monkeypatch.setattr(seqlab, "train", lambda *given: train(*given, *quick, "verbosity=quiet"))


ALONE = [block for block in blocks("python") if "register_" not in block]
"""Blocks that need no file of their own, whose tests are above and in test_my_things.py."""


@pytest.mark.usefixtures("in_a_folder")
@pytest.mark.parametrize("number", range(len(ALONE)))
def test_a_block_of_python_runs_as_it_is_pasted(number):
    names: dict[str, object] = {}
    exec(compile(ALONE[number], "README.md", "exec"), names)
    if "LSTM" in names:
        check_cell(names["LSTM"])
    if "outputs" in names:
        assert (names["outputs"].shape, names["final"].h.shape) == ((2, 30, 256), (4, 2, 128))
    if "module" in names:
        assert names["run"].status == "done"
        assert names["module"].model.recurrent.hidden_size == 64


def test_every_block_of_python_is_run_by_a_test():
    assert len(ALONE) == 3
    assert {
        name for block in blocks("python") for name in re.findall(r"@(?:seqlab\.)?(register_\w+)", block)
    } == {
        "register_cell",  # of one's own, above
        "register_dataset",  # above
        "register_encoder",  # test_my_things.py
        "register_pooling",
        "register_task",
    }


LINES = re.findall(
    r"^(?:\$ )?seqlab (\w+) ?([^#\n]*)", "\n".join(blocks("sh") + blocks("console")), re.MULTILINE
)
ASKED = list(dict.fromkeys((name, said.strip()) for name, said in LINES if name in COMMANDS))
"""The commands that ask something, and what stands behind them."""


@pytest.mark.parametrize(("name", "said"), ASKED)
def test_a_command_of_the_readme_is_understood(name, said):
    parser = Parser(prog=f"seqlab {name}", description="")
    COMMANDS[name][0].add_arguments(parser)
    parser.parse_intermixed_args(shlex.split(said))


@pytest.mark.slow
def test_what_a_run_of_names_is_asked_runs_as_it_stands_there(trained, command):
    run = trained("data=names", "data.source=sample", "model=lstm", "trainer.max_epochs=1", "name=names")
    named = ("RUN", "outputs", "cells", "doctor")
    # Of other runs and files.
    other = ("latest.csv", "DUKE", "path/to", "my.txt", "my_cells", "--class", "onnx", "--folds")
    asked = [(name, said) for name, said in ASKED if (said or name).startswith(named)]
    asked = [(name, said) for name, said in asked if not any(word in said for word in other)]
    assert len(asked) > 6
    for name, said in asked:
        code, _, told = command(
            name, *(str(run) if one == "RUN" else one for one in shlex.split(said.replace("outputs", "out")))
        )
        assert code == 0, (name, said, told)


@pytest.mark.parametrize(
    ("page", "path"),
    [(page, path) for page, text in PAGES.items() for path in re.findall(r"\]\((?!http)([^)#]+)\)", text)],
)
def test_every_file_that_is_linked_exists(page, path):
    assert (ROOT / page).parent.joinpath(path).exists()


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
    call = re.search(r"`(f1_score\(.*?\))` of scikit-learn", TEXT).group(1)
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
