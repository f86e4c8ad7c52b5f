from __future__ import annotations

from tests.cli.project import Cli


def test_a_card_without_licence_is_refused_with_its_line(cli: Cli) -> None:
    (cli.folder / "mine.toml").write_text('id = "mine"\ntitle = "Mine"\ntraining_data = "none"\n')
    code, _, err = cli("submit", ".", "--suite", "toy", "--method", "mine.toml")
    assert code == 2
    assert "mine.toml:1: required key 'licence' is missing" in err


def test_the_template_is_a_card(cli: Cli) -> None:
    assert cli("init", "card")[0] == 0
    code, _, err = cli("submit", "absent", "--suite", "toy", "--method", "my_method.toml")
    assert code == 2
    assert "absent: no such folder" in err
