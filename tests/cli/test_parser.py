"""What is misspelt on the command line is told the nearest name."""

from __future__ import annotations

import pytest

from harness.cli.main import build_parser
from harness.cli.parser import Parser


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["rnu", "quickstart"], "invalid choice: 'rnu'; did you mean 'run'?"),
        (["plan", "quickstart", "--teir", "mini"], "harness plan: error: unrecognized arguments: --teir mini"),
        (["plan", "quickstart", "--teir", "mini"], "did you mean '--tier'?"),
        (["plan", "quickstart", "--resluts=x"], "did you mean '--results'?"),
        (["plan", "quickstart", "--tier", "mni"], "argument --tier: invalid choice: 'mni'; did you mean 'mini'?"),
        (["plan"], "the following arguments are required: SUITE"),
    ],
)
def test_mistakes_name_the_nearest(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        build_parser().parse_args(arguments)
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


def test_what_is_known_is_parsed_as_ever() -> None:
    parser = Parser()
    parser.add_argument("--level", type=int)
    parser.add_argument("names", nargs="*")
    found = parser.parse_args(["a", "--level", "3", "b"][:3])
    assert (found.level, found.names) == (3, ["a"])
