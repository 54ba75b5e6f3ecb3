"""The parser of commands: its help and its errors."""

import pytest

from seqlab.cli.parser import Parser
from seqlab.errors import ConfigError


@pytest.fixture
def parser() -> Parser:
    made = Parser(prog="seqlab write", description="write texts")
    made.add_argument("--length", type=int, default=500, help="tokens to write at most")
    made.add_argument("--seed", type=int, help="the same seed writes the same text")
    made.add_argument("--json", action="store_true", help="print JSON")
    return made


def test_help_names_the_defaults_that_are_values(parser: Parser) -> None:
    shown = parser.format_help()
    assert "tokens to write at most (default: 500)" in shown
    assert shown.count("default") == 1


def test_a_mistake_is_one_line_that_names_the_command(parser: Parser) -> None:
    with pytest.raises(ConfigError, match=r"invalid int value: 'ten'; see seqlab write --help$"):
        parser.parse_args(["--length", "ten"])
