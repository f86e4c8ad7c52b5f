from __future__ import annotations

from pathlib import Path

import pytest

from harness.bundles import read_card
from harness.errors import ConfigError

CARD = 'id = "mine"\ntitle = "Mine"\nlicence = "MIT"\n'


def test_one_entry_of_training_data_is_a_list_of_one(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(f'{CARD}training_data = "none"\nseconds = 1.5\n')
    card = read_card(path)
    assert (card.training_data, card.learnt_nothing, card.seconds) == (("none",), True, 1.5)
    path.write_text(f'{CARD}training_data = ["dsb2018", "my own"]\n')
    assert read_card(path).training_data == ("dsb2018", "my own")
    assert not read_card(path).learnt_nothing


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (CARD, "mine.toml:1: required key 'training_data' is missing"),
        ('id = "mine"\ntitle = "Mine"\ntraining_data = "none"\n', "mine.toml:1: required key 'licence' is missing"),
        (f"{CARD}training_data = []\n", "mine.toml:4: training_data"),
        (f'{CARD}training_data = "none"\nlicense = "MIT"\n', "unknown key 'license'; did you mean 'licence'?"),
        (f'{CARD}training_data = "none"\nseconds = -1.0\n', "mine.toml:5: seconds"),
        (f'{CARD}training_data = "none"\nurl = "javascript:x"\n', "mine.toml:5: url"),
        (CARD.replace("mine", "Über", 1) + 'training_data = "none"\n', "mine.toml:1: id"),
    ],
)
def test_every_mistake_has_its_line(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_card(path)
    assert message in str(caught.value)


def test_all_mistakes_come_at_once(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('id = "mine"\n')
    with pytest.raises(ConfigError) as caught:
        read_card(path)
    assert len(str(caught.value).splitlines()) == 3
