"""Every mistake is reported with file, line and key."""

from __future__ import annotations

import re

from tests.cli.project import CATALOGUE, RECIPE, SUITE, Cli


def test_a_valid_project(cli: Cli) -> None:
    code, out, err = cli("check")
    assert (code, err) == (0, "")
    datasets, suite = out.splitlines()
    assert re.fullmatch(r"ok      \d+ datasets, \d+ weights", datasets)
    assert suite == "ok      suite toy"


def test_mistakes_of_every_suite(cli: Cli) -> None:
    (cli.folder / "suites" / "one.toml").write_text(SUITE.replace('"toy"', '"one"').replace("title =", "tilte ="))
    (cli.folder / "suites" / "two.toml").write_text(SUITE.replace('"toy"', '"two"').replace("map.gonuclear", "map.go"))
    code, out, err = cli("check")
    assert code == 2
    assert "INVALID suite one" in out
    assert "ok      suite toy" in out
    assert "harness: error: one.toml:5: tilte: unknown key 'tilte'; did you mean 'title'?" in err.splitlines()
    assert "unknown metric 'map.go'" in err


def test_shared_files_are_checked_and_their_mistakes_said_once(cli: Cli) -> None:
    folder = cli.folder / "suites" / "shared"
    folder.mkdir()
    (folder / "unused.toml").write_text("schema = 1\n")
    assert cli("check")[1].splitlines()[-1] == "ok      shared file shared/unused.toml"
    assert "shared file" not in cli("check", "toy")[1]
    (folder / "used.toml").write_text("schema = 1\nmetrisc = []\n")
    for name in ("one", "two"):
        head = f'shared = "shared/used.toml"\nid = "{name}"'
        (cli.folder / "suites" / f"{name}.toml").write_text(SUITE.replace('id = "toy"', head))
    code, out, err = cli("check")
    assert code == 2
    assert "INVALID shared file shared/used.toml" in out
    assert "INVALID suite one" in out
    message = "harness: error: shared/used.toml:2: metrisc: unknown key 'metrisc'; did you mean 'metrics'?"
    assert err.splitlines() == [message]


def test_json(cli: Cli) -> None:
    assert cli.json("check", "toy", "--json") == {"ok": True, "problems": []}


def test_a_broken_catalogue_is_an_error(cli: Cli) -> None:
    (cli.folder / "datasets.toml").write_text("schema = 1\ndatasets = 3\n")
    code, _, err = cli("check")
    assert code == 2
    assert err.startswith("harness: error: datasets.toml:2: datasets")


def test_mistakes_of_catalogue_suite_and_what_joins_them_come_at_once(cli: Cli) -> None:
    (cli.folder / "datasets.toml").write_text(CATALOGUE.replace("nuclei-2d", "nuclei-2"))
    (cli.folder / "suites" / "toy.toml").write_text(SUITE.replace("title =", "tilte ="))
    code, out, err = cli("check")
    assert code == 2
    assert out.splitlines() == ["INVALID datasets.toml", "INVALID suite toy"]
    assert "no generator 'nuclei-2'; did you mean 'nuclei-2d'?" in err
    assert "unknown key 'tilte'; did you mean 'title'?" in err
    assert len(err.splitlines()) == 3, "and the title that is missing"


def test_names_of_the_catalogue_are_looked_up_in_a_suite_with_other_mistakes(cli: Cli) -> None:
    text = SUITE.replace("title =", "tilte =").replace('{ dataset = "blobs" }', '{ dataset = "blosb" }')
    (cli.folder / "suites" / "toy.toml").write_text(text.replace('samples = ["a"]', 'samples = ["zz"]'))
    code, _, err = cli("check")
    assert code == 2
    assert "unknown dataset 'blosb'; did you mean 'blobs'?" in err
    assert "dataset 'blobs' has no sample 'zz'; accepted: a, b" in err
    assert "unknown key 'tilte'" in err


def test_a_tolerance_names_a_metric_of_the_suite(cli: Cli) -> None:
    path = cli.folder / "suites" / "toy.toml"
    path.write_text(SUITE.replace("[tiers.smoke]", '[tolerance]\n"map.gonucler" = 0.1\n[tiers.smoke]', 1))
    code, _, err = cli("check")
    assert code == 2
    assert "map.gonucler" in err
    assert "did you mean 'map.gonuclear'?" in err


def test_recipes_of_weights_are_checked_whether_a_suite_needs_them_or_not(cli: Cli) -> None:
    path = cli.folder / "datasets.toml"
    path.write_text(CATALOGUE + RECIPE)
    assert cli("check")[0] == 0
    path.write_text(CATALOGUE + RECIPE.replace("steps =", "step ="))
    code, out, err = cli("check")
    assert code == 2
    assert re.search(r"INVALID \d+ datasets, \d+ weights", out)
    assert "weights 'cooked': recipe: unknown parameter 'step'" in err
