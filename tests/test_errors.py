"""What a user is told when a name is wrong."""

import pytest

from seqlab import errors


@pytest.mark.parametrize(
    ("name", "allowed", "expected"),
    [
        ("lstn", ("rnn", "lstm", "gru"), "did you mean 'lstm'? There are: gru, lstm, rnn"),
        ("rnn_rel", ("rnn", "rnn_relu"), "did you mean 'rnn_relu' or 'rnn'? There are: rnn, rnn_relu"),
        ("transformer", ("lstm", "gru"), "there are: gru, lstm"),
        ("hiden", ("wide", "hidden_size"), "did you mean 'hidden_size'? There are: hidden_size, wide"),
        ("LSTM", ("lstm", "gru"), "did you mean 'lstm'? There are: gru, lstm"),
        ("adam", ("Adam", "SGD"), "did you mean 'Adam'? There are: Adam, SGD"),
    ],
)
def test_near_names_come_first_and_all_names_follow_sorted(name, allowed, expected):
    assert errors.near(name, allowed) == expected


def test_of_many_names_the_first_are_listed():
    names = [f"cell_{number:02}" for number in range(60)]
    shown = errors.near("cell_59x", names)
    assert shown.startswith("did you mean 'cell_59' or ")
    assert shown.endswith(f"There are: {', '.join(names[:27])} and 33 more")
    assert errors.near("?", names) == f"there are: {', '.join(names[:27])} and 33 more"


def test_an_extra_that_is_missing_is_told_by_one_wording():
    assert errors.needs_extra("--html", "plotly", "report") == (
        "--html needs plotly: pip install 'seqlab[report]'"
    )
    assert errors.needs_extra("data.tokens=bpe", "tokenizers", "text", "set data.tokens=words") == (
        "data.tokens=bpe needs tokenizers: pip install 'seqlab[text]', or set data.tokens=words"
    )


@pytest.mark.parametrize("name", ["ConfigError", "CellError", "EngineError", "DataError", "RunError"])
def test_every_error_of_a_user_is_caught_as_a_seqlab_error(name):
    with pytest.raises(errors.SeqlabError, match="wrong"):
        raise getattr(errors, name)("wrong")
