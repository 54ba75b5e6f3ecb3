"""Settings as users type them: Hydra reads what they mean."""

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from seqlab.cli.arguments import as_choice, as_typed

TEXTS = (
    "评论",
    "été",
    "a;b",
    "a b",
    "a (1).csv",
    "it's",
    "a#1",
    "50%",
    "x=y",
    "a$b",
    "C:\\x",
    "a&b",
    "~/x y",
    "*.csv",
    '"',
    ";",
)


def read(argument, *, is_sweep=False):
    override = OverridesParser.create().parse_override(as_typed(argument, is_sweep=is_sweep))
    return list(override.sweep_string_iterator()) if override.is_sweep_override() else override.value()


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("key", ["name", "data.text", "data.path"])
def test_a_text_needs_no_quotes(key, text):
    assert read(f"{key}={text}") == text


@pytest.mark.parametrize("text", ["123", "1e3", "true", "a,b", "[red]x[/red]", "{a}", "007"])
@pytest.mark.parametrize("key", ["name", "data.path", "data.test_path", "paths.output_dir"])
def test_a_name_or_path_is_what_is_typed(key, text):
    assert read(f"{key}={text}") == text


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("name=null", None),
        ("name='a b'", "a b"),
        ('name="a, b"', "a, b"),
        ("data.text=[评论,标题]", ["评论", "标题"]),
        ("data.text=[a;b,'c,d',2]", ["a;b", "c,d", 2]),
        ("data.label=1", 1),
        ("trainer.devices=[0,1]", [0, 1]),
        ("model.hidden_size=64", 64),
    ],
)
def test_what_hydra_reads_is_left_to_it(argument, value):
    assert read(argument) == value


def test_commas_of_a_sweep_separate_its_values():
    assert read("data.text=评论,标题,c", is_sweep=True) == ["'评论'", "'标题'", "c"]
    assert read("name=a,b", is_sweep=True) == ["a", "b"]


@pytest.mark.parametrize(
    "argument", ["name='a", "trainer.devices=[0,1", "fast", "-m", "--config-dir=x y", "name=${seed}"]
)
def test_what_is_no_setting_is_left_as_it_is(argument):
    assert as_typed(argument, is_sweep=False) == argument


@pytest.mark.parametrize("key", ["optimizer._target_", "+optimizer._target_", "optimizer.name"])
def test_a_class_of_a_group_is_its_choice(key):
    assert as_choice(f"{key}=torch.optim.RMSprop") == "optimizer=torch.optim.RMSprop"
