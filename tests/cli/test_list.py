"""What is registered, as text and as JSON."""

from __future__ import annotations

from pathlib import Path

from harness.registry import Entry, Registry
from tests.cli.project import Cli

PLUGIN = """
from harness import Stage
class Mine(Stage):
    id = "mine-listed"
    title = "My method"
    needs = ("no_such_library",)
    def run(self, inputs, context):
        return inputs["image"]
"""


def test_a_missing_backend_is_listed_with_reason_and_install_line(cli: Cli, own_stages: Registry) -> None:
    plugin = Path("plugin.py")
    plugin.write_text(PLUGIN)
    (entry,) = [e for e in cli.json("list", "stages", "--json", "--plugin", plugin) if e["id"] == "mine-listed"]
    assert entry["usable"] is False
    assert entry["reason"] == "not installed: no_such_library"
    assert entry["install"] == "pip install 'no_such_library'"


def test_a_broken_plugin_is_listed_with_its_reason(cli: Cli, own_stages: Registry) -> None:
    own_stages.add(Entry("broken", None, "some-package (module:Stage)", "ImportError: no backend"))
    code, out, _ = cli("list", "stages")
    assert code == 0
    (line,) = [line for line in out.splitlines() if line.startswith("broken")]
    assert "ImportError: no backend" in line


def test_stages_have_parameters_in_json(cli: Cli) -> None:
    stages = {entry["id"]: entry for entry in cli.json("list", "stages", "--json")}
    assert stages["truth"]["reads"] == "truth"
    assert all({"name", "kind", "default", "help"} <= set(p) for e in stages.values() for p in e["parameters"])


def test_suites_and_one_that_does_not_load(cli: Cli) -> None:
    (cli.folder / "suites" / "bad.toml").write_text("schema = 1\nid = 3\n")
    bad, toy = cli.json("list", "suites", "--json")
    assert (bad["id"], bad["usable"]) == ("bad", False)
    assert "bad.toml:2: id" in bad["reason"]
    assert (toy["id"], toy["usable"], toy["rows"], toy["tiers"]) == ("toy", True, 2, ["smoke", "mini"])


def test_datasets_say_what_is_not_here(cli: Cli) -> None:
    found = {entry["id"]: entry for entry in cli.json("list", "datasets", "--json")}
    absent, blobs = found["absent"], found["blobs"]
    assert "stardist-2d" in found
    assert (absent["id"], absent["usable"]) == ("absent", False)
    assert "no-such-folder" in absent["reason"]
    assert (blobs["id"], blobs["usable"], blobs["samples"], blobs["labels"]) == ("blobs", True, 2, ["gold"])


def test_metrics_and_weights(cli: Cli) -> None:
    metrics = {entry["id"]: entry for entry in cli.json("list", "metrics", "--json")}
    assert {"map.gonuclear", "map.stardist", "arand.cremi", "arand.skimage", "arand.elf", "sbd.cvppp"} <= set(metrics)
    assert metrics["arand.elf"]["direction"] == "lower"
    assert metrics["nsd.surfels.<tolerance>um"]["unit"] == "fraction"
    assert "unet2d-nuclei-broad" in {entry["id"] for entry in cli.json("list", "weights", "--json")}


def test_metrics_that_differ_in_numbers_share_a_line(cli: Cli) -> None:
    code, out, _ = cli("list", "metrics")
    lines = {line.split()[0]: line for line in out.splitlines()}
    assert code == 0
    assert "average precision at IoU .{50…95} (gonuclear)" in lines["ap{50…95}.gonuclear"]
    assert "ap50.gonuclear" not in lines
    found = {entry["id"]: entry for entry in cli.json("list", "metrics", "--json")}
    assert found["ap50.gonuclear"]["siblings"] == "ap{50…95}.gonuclear"
    assert (found["coco.ap"]["needs"], found["voi.sum"]["siblings"]) == ("ranked", "voi.sum")
