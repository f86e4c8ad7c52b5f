"""The gate from the command line: exit codes, baselines, tolerances and files."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.cli.project import SUITE, Cli


def _worse(line: dict[str, Any]) -> dict[str, Any]:
    if (line["row"], line["sample"]) != ("otsu", "a"):
        return line
    return {**line, "metrics": {**line["metrics"], "map.gonuclear": 0.499}}


def _git(cli: Cli, *arguments: str) -> None:
    identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org"]
    subprocess.run(["git", *identity, *arguments], cwd=cli.folder, check=True, capture_output=True)


def test_equal_results(cli: Cli) -> None:
    cli.fake_records()
    cli.fake_records(results="new")
    code, out, err = cli("gate", "toy", "--baseline", "runs", "--results", "new")
    assert (code, err) == (0, "")
    assert out.startswith("# Gate: ok\n")


def test_results_outside_git_are_no_baseline_of_themselves(cli: Cli) -> None:
    cli.fake_records()
    code, out, err = cli("gate", "toy", "--baseline", "runs")
    assert (code, out) == (4, "")
    assert "git says: fatal: not a git repository" in err


def test_without_a_working_folder_the_baseline_folder_is_judged_against_what_is_committed(cli: Cli) -> None:
    cli.fake_records(results="results")
    code, _, err = cli("gate", "toy", "--baseline", "results")
    assert code == 4
    assert err.startswith(
        "harness: note: there is no runs/: results itself is judged, against what is committed of it\n"
    )
    assert "git says: fatal: not a git repository" in err
    cli.fake_records()
    assert cli("gate", "toy", "--baseline", "results")[0] == 0


def test_one_worse_score_in_new_results(cli: Cli) -> None:
    cli.fake_records()
    cli.fake_records(results="new")
    assert cli("gate", "toy", "--baseline", "runs", "--results", "new")[0] == 0
    cli.rewrite(_worse, "new")
    code, out, _ = cli("gate", "toy", "--baseline", "runs", "--results", "new")
    assert code == 1
    assert "| worse | otsu on blobs/a | map.gonuclear 0.5 -\\> 0.499 (worse) |" in out


def test_a_copied_baseline_and_edited_results(cli: Cli) -> None:
    cli.fake_records()
    shutil.copytree("runs", "kept")
    assert cli("gate", "toy", "--baseline", "kept")[0] == 0
    cli.rewrite(_worse)
    assert cli("gate", "toy", "--baseline", "kept")[0] == 1


def test_edited_in_place_against_what_is_committed(cli: Cli) -> None:
    cli.fake_records()
    _git(cli, "init", "--quiet")
    _git(cli, "add", ".")
    _git(cli, "commit", "--quiet", "--message", "records")
    assert cli("gate", "toy", "--baseline", "runs")[0] == 0
    cli.rewrite(_worse)
    assert cli("gate", "toy", "--baseline", "runs")[0] == 1
    assert cli("gate", "toy", "--baseline", "HEAD")[0] == 1
    cli.fake_records(tier="mini")
    code, out, _ = cli("gate", "toy", "--baseline", "runs", "--tier", "mini")
    assert code == 4, "a tier that is not committed has no baseline"
    assert out.startswith("# Gate: no baseline")


def test_tolerance_of_the_option_and_of_the_suite(cli: Cli) -> None:
    cli.fake_records()
    cli.fake_records(results="new")
    cli.rewrite(_worse, "new")
    gate = ("gate", "toy", "--baseline", "runs", "--results", "new")
    assert cli(*gate, "--tolerance", "map.gonuclear=0.01")[0] == 0
    assert cli(*gate, "--tolerance", "arand.elf=0.01")[0] == 1
    code, _, err = cli(*gate, "--tolerance", "map.gonucler=0.01")
    assert (code, "did you mean 'map.gonuclear'?" in err) == (2, True)
    path = cli.folder / "suites" / "toy.toml"
    path.write_text(SUITE.replace("[tiers.smoke]", '[tolerance]\n"map.gonuclear" = 0.01\n[tiers.smoke]', 1))
    assert cli(*gate)[0] == 0


def _network_elsewhere(cli: Cli) -> None:
    """Make the new results those of a network on another processor, one of whose scores is worse."""
    stage = {"id": "unet", "version": 1, "parameters": {}, "model": "m", "weights": {}, "output": ""}
    for results, cpu, change in (("runs", "A", lambda line: line), ("new", "B", _worse)):
        cli.rewrite(lambda line, change=change: {**change(line), "stages": [stage]}, results)
        path = cli.store(results).folder / "environments" / "f00d.json"
        path.write_text(json.dumps({"cpu": cpu, "gpus": [], "threads": 2}))


def test_a_network_on_other_hardware_is_judged_by_its_own_tolerance(cli: Cli) -> None:
    cli.fake_records()
    cli.fake_records(results="new")
    _network_elsewhere(cli)
    gate = ("gate", "toy", "--baseline", "runs", "--results", "new")
    code, out, _ = cli(*gate)
    assert code == 0
    assert "- 4 cells are of networks on other hardware (cpu A -\\> B); no metric of them is judged" in out
    assert "| not judged | otsu on blobs/a |" in out
    assert cli(*gate, "--hardware-tolerance", "map.gonuclear=0.0001")[0] == 1
    path = cli.folder / "suites" / "toy.toml"
    path.write_text(SUITE.replace("[tiers.smoke]", '[hardware_tolerance]\n"map.gonuclear" = 0.01\n[tiers.smoke]', 1))
    code, out, _ = cli(*gate)
    assert code == 0
    assert "judged: map.gonuclear within 0.01; no other metric is" in out
    code, _, err = cli(*gate, "--hardware-tolerance", "map.go=1")
    assert (code, err.split(";")[0]) == (
        2,
        "harness: error: --hardware-tolerance: no metric of the suites is called 'map.go'",
    )


@pytest.mark.parametrize("text", ["map", "map=-1", "map=nan", "map=x", "=1"])
def test_tolerances_that_make_no_sense(cli: Cli, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli("gate", "toy", "--baseline", "runs", "--tolerance", text)
    assert stopped.value.code == 2
    assert f"'{text}' is not METRIC=VALUE with a value of 0 or more" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--time-ratio=0", "--time-ratio=nan", "--time-alpha=0", "--time-alpha=1"])
def test_durations_that_cannot_be_tested(cli: Cli, option: str) -> None:
    code, _, err = cli("gate", "toy", "--baseline", "runs", option)
    assert (code, "accepted: a ratio from 1, a level between 0 and 1" in err) == (2, True)


def test_missing_cells_new_failures_and_no_baseline(cli: Cli) -> None:
    cli.fake_records()
    cli.fake_records(results="new")
    gate = ("gate", "toy", "--baseline", "runs", "--results", "new", "--json")
    cli.rewrite(lambda line: None if line["sample"] == "b" else line, "new")
    code, out, _ = cli(*gate)
    assert (code, json.loads(out)["suites"][0]["counts"]) == (3, {"missing cell": 2, "same": 2})
    error = {"type": "ValueError", "message": "broke", "stage": "otsu"}
    cli.rewrite(lambda line: {**line, "status": "exception", "metrics": {}, "error": error}, "new")
    code, out, _ = cli(*gate)
    assert code == 1
    assert json.loads(out)["suites"][0]["counts"]["new failure"] == 2
    (cli.folder / "empty").mkdir()
    code, out, _ = cli("gate", "toy", "--baseline", "empty")
    assert code == 4
    assert out.startswith("# Gate: no baseline")


def test_another_version_is_no_baseline(cli: Cli) -> None:
    cli.fake_records()
    shutil.move("runs/toy/v1", "runs/toy/v7")
    cli.fake_records(results="new")
    code, out, _ = cli("gate", "toy", "--baseline", "runs", "--results", "new")
    assert code == 4
    assert "the baseline has only v7" in out


def test_a_claim_that_no_longer_holds(cli: Cli) -> None:
    cli.decide_claims()
    cli.fake_records(0.5)
    cli.fake_records(1.0, results="new")
    code, out, _ = cli("gate", "toy", "--baseline", "runs", "--results", "new")
    assert code == 1
    assert "| broken | the truth beats Otsu |" in out


def test_undefined_scores(cli: Cli) -> None:
    cli.fake_records()
    cli.fake_records(results="new")
    gate = ("gate", "toy", "--baseline", "runs", "--results", "new", "--json")
    undefined = {"map.gonuclear": None, "arand.elf": 0.5, "count.pred": 7.0}
    cli.rewrite(lambda line: {**line, "metrics": undefined}, "new")
    code, out, _ = cli(*gate)
    assert code == 1
    assert json.loads(out)["suites"][0]["cells"][2]["changes"][0]["after"] is None
    cli.rewrite(lambda line: {**line, "metrics": undefined})
    assert cli(*gate)[0] == 0


def test_junit_and_markdown_files(cli: Cli) -> None:
    cli.fake_records()
    cli.fake_records(results="new")
    files = ("--junit", "out/j.xml", "--markdown", "out/s.md")
    code, _, err = cli("gate", "toy", "--baseline", "runs", "--results", "new", *files)
    assert code == 0
    assert err == "wrote out/j.xml\nwrote out/s.md\n"
    suite = ElementTree.parse("out/j.xml").getroot().find("testsuite")
    assert suite is not None
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("5", "0", "0")
    assert (cli.folder / "out" / "s.md").read_text().startswith("# Gate: ok")


def test_a_baseline_that_is_nowhere(cli: Cli) -> None:
    code, _, err = cli("gate", "toy", "--baseline", "nowhere")
    assert code == 2
    assert err.startswith("harness: error: baseline 'nowhere': found neither a folder nor a git revision")
