"""seqlab config: what is printed explains every key, and is a file that one's own folder can hold."""

import re
import sys

import pytest
from hydra import compose, initialize_config_module

from seqlab import cli
from seqlab.cli.choices import offer
from seqlab.config.compose import make_config
from seqlab.config.packaged import PACKAGED
from seqlab.registry.catalog import datasets

MINE = """
from seqlab import register_dataset
from seqlab.data import TextData

@register_dataset("my_set")
class MySet(TextData):
    \"\"\"A set.

    Attributes:
        loud: whether None is heard. Nothing else.
    \"\"\"

    loud: bool = True

    def records(self):
        yield from []
"""


@pytest.fixture
def config(monkeypatch, capsys):
    """Return what runs the command: its exit code, and what it says."""

    def run(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["seqlab", "config", *arguments])
        code = cli.main()
        shown = capsys.readouterr()
        return code, shown.out or shown.err

    return run


def settings(*overrides: str) -> dict:
    offer(overrides, [PACKAGED])
    with initialize_config_module("seqlab.conf", version_base="1.3"):
        return make_config(compose("config", list(overrides))).model_dump()


@pytest.mark.product(5)
@pytest.mark.parametrize(
    ("choice", "beside"),
    [
        ("data=text_csv", ["data.path=/my.csv"]),
        ("data=adding", []),
        ("model=bigru", []),
        ("optimizer=adamw", []),
        ("optimizer=rmsprop", []),
        ("optimizer=torch.optim.Adagrad", []),
        ("scheduler=steplr", ["scheduler.step_size=3"]),
        ("scheduler=cosine", []),
        ("task=classification", []),
        ("callbacks=early_stopping", []),
        ("logger=csv", []),
        ("logger=wandb", ["logger.wandb.project=p"]),
        ("trainer=ddp", []),
        ("launcher=slurm", []),
        ("experiment=names_quick", []),
        ("logger=mlflow", ["logger.mlflow.run_name=r"]),
    ],
)
def test_what_is_printed_is_the_same_choice_as_a_file_of_ones_own(config, tmp_path, choice, beside):
    group = choice.partition("=")[0]
    code, text = config(choice)
    assert code == 0
    file = tmp_path / f"own/{group}/printed.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(text)
    own = f"hydra.searchpath=['file://{tmp_path}/own']"
    assert settings(own, f"{group}=printed", *beside) == settings(choice, *beside)


def test_the_whole_default_configuration_is_a_preset(config, tmp_path):
    _, text = config()
    file = tmp_path / "own/experiment/printed.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(text)
    assert settings(f"hydra.searchpath=['file://{tmp_path}/own']", "experiment=printed") == settings()


def test_every_key_of_the_defaults_that_is_ours_has_a_comment(config):
    _, text = config()
    torch_s = ("eps", "amsgrad", "maximize", "foreach", "capturable", "differentiable", "fused", "name")
    bare = [line for line in text.splitlines() if re.match(r" *\w+: ", line) and " # " not in line]
    assert {line.split(":")[0].strip() for line in bare} <= {*torch_s}


def test_a_data_set_of_ones_own_is_explained_by_its_docstring(config, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "things_printed.py").write_text(MINE)
    code, text = config("data=my_set", "imports=[things_printed]")
    assert code == 0
    assert "  loud: true # whether null is heard\n" in text
    assert "  min_count: 2 # " in text
    assert "override /task: classification" in text
    assert "my_set" in datasets


def test_an_optimizer_of_torch_is_explained_by_torch(config):
    assert "alpha: 0.99 # smoothing constant" in config("optimizer=rmsprop")[1]


def test_presets_are_listed_with_a_sentence_each(config):
    code, text = config("experiment")
    assert code == 0
    listed = dict(line.split(maxsplit=1) for line in text.splitlines())
    assert set(listed) == {file.stem for file in (PACKAGED / "experiment").glob("*.yaml")}
    for name, title in listed.items():
        assert f"\n# {title}" in (PACKAGED / f"experiment/{name}.yaml").read_text(encoding="utf-8")
        assert re.fullmatch(r"\S.*[.\d]", title)
        assert "Run:" not in title


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        ("data=nmaes", "data=nmaes: there is no such data; did you mean 'names'?"),
        ("optimizer=rmsprob", "optimizer=rmsprob: there is no such optimizer; did you mean 'rmsprop'"),
        ("optimizer=torch.optim.Adamm", "torch.optim has no 'Adamm'; did you mean 'Adam'"),
        ("modle=lstm", "there is no group 'modle'; did you mean 'model'?"),
        ("data=names imports=[nope_at_all]", "imports=nope_at_all: there is no such module"),
        ("data=names model=gru", "data=names model=gru: one choice at a time"),
        ("data=names --imprts x", "unrecognized arguments: --imprts"),
    ],
)
def test_a_wrong_choice_is_answered_with_those_that_are_like_it(config, choice, said):
    code, text = config(*choice.split())
    assert code == 2
    assert said in text
    assert len(text.splitlines()) == 1
