from __future__ import annotations

from tests.cli.project import Cli


def test_images_are_written_once_into_a_new_folder(cli: Cli) -> None:
    code, out, err = cli("images", "toy", "--to", "images")
    assert (code, out.split()) == (0, ["images/a.tif", "images/b.tif"])
    assert "harness submit DIR --suite toy --tier smoke --method FILE" in err
    code, _, err = cli("images", "toy", "--to", "images")
    assert code == 2
    assert "is there already and not empty" in err
    assert cli("images", "toy", "--tier", "mini", "--to", "few")[1].split() == ["few/a.tif"]
