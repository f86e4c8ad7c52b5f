"""Every command that README shows is run offline, or stands here with the reason why not."""

from __future__ import annotations

import re
import shlex
import shutil
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import numpy as np
import pytest

from harness.cli.main import main
from harness.datasets.readers import write_labels
from harness.store import Store

REPOSITORY = Path(__file__).resolve().parents[1]
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")

INSTALLS = "installs packages from the index into an environment of its own"
NOT_RUN = {
    "python3.11 -m venv .venv && .venv/bin/pip install tox && .venv/bin/tox run -e suite -- quickstart": INSTALLS,
    "python3.11 -m venv .venv && .venv/bin/pip install tox && .venv/bin/tox run -e py": INSTALLS,
    "pip install -c constraints.txt -e '.[all]'": INSTALLS,
    "pip install -c constraints.txt -e '.[graph,hdbscan,torch,stardist-gpu,cellpose,report,tracking]'": INSTALLS,
    "python3.11 -m venv .venv/sam && .venv/sam/bin/pip install '.[cellpose-sam]'": INSTALLS,
    "HARNESS_PYTHON_CELLPOSE_SAM=.venv/sam/bin/python harness run …": "needs the environment of the line before it",
    "tox run -e sam-suite": INSTALLS,
    "HARNESS_PYTHON_SAM=.tox/sam-suite/bin/python harness run …": "needs that environment",
    "tox run -e ultrack": INSTALLS,
    "HARNESS_PYTHON_ULTRACK=.tox/ultrack/bin/python harness run drosophila-ultrack": "needs that environment",
    "harness run prompting-strategies --tier smoke": "trains three networks; CI runs it",
    "harness export CELL --to DIR --prompts": "needs a cell with prompts: tests/report/test_prompts.py",
    "harness picture cvppp-clustering --sample small-1 --figure 4.13 --to FILE.png": (
        "needs records of that suite: tests/report/test_grid.py"
    ),
    "tox run -e campaign -- --log LOG --figures FILE": "takes hours; tests/campaign has it in short",
    "tox run -e bench -- -k bench_scale": "measures, on an idle machine for some ten minutes",
    "tox run -e bench -- -k bench_partition": "measures, on an idle machine for minutes",
    "tox run -e bench": "measures, which needs an idle machine, in an environment that tox makes",
    "pytest tests/integration": "is part of the tests",
    "harness run table-2.6 --tier paper": "needs the published volumes and weights, and a GPU",
    "harness submit LABELS --suite SUITE --method mine.toml --out mine.zip": "needs labels of a program",
    "harness run SUITE --method mine.zip": "needs the bundle of the command before it: tests of harness.submission",
    "harness submit labels --suite nuclei-board --method my_method.toml --out my_method.zip": "tests/test_newcomer.py",
    "harness run nuclei-board --method my_method.zip": "tests/test_newcomer.py runs it as it stands",
    "harness report nuclei-board --method my_method.zip --output board": "tests/test_newcomer.py runs it as it stands",
    "harness verify BUNDLE": "needs that bundle, too",
    "harness run SUITE --wall-time 1-12:00": "computes until the work is done: tests/runner/test_faults.py",
    "harness score A.zarr B.zarr --jobs N": "counts in processes of their own: tests/cli/test_parallel.py",
    "harness run SUITE --executor dask --jobs N": "starts a cluster of processes: tests/runner/test_cluster.py",
    "harness run table-2.8 --tier mini --results results": "trains for half an hour; its smoke tier is run by CI",
}
"""Commands that no test runs, and why."""

QUICK = "--tier smoke"
RUN = {
    "harness run --again": f"run quickstart {QUICK} --row otsu --again",
    "harness table table-2.6 --tier paper": "table table-2.6 --tier paper",
    "harness run quickstart --plugin my_method.py --method 'my-method?level=0.4'": (
        f"run quickstart {QUICK} --plugin my_method.py --method my-method?level=0.4 --row my-method-level-0.4"
    ),
    "harness run cvppp-clustering --set 'data=[{dataset=\"mine\"}]' --set 'truth=\"\"'": (
        f'run cvppp-clustering {QUICK} --set \'data=[{{dataset="phantom-embedding-2d", samples=["small-1"]}}]\' '
        "--set 'truth=\"gold\"' --row mutex-watershed-pc3-synthetic"
    ),
    "harness rescore quickstart --plugin my_metric.py --metric my-metric": (
        f"rescore quickstart {QUICK} --plugin my_metric.py --metric my-metric"
    ),
    "harness images SUITE --to DIR": f"images quickstart {QUICK} --to shown",
    "harness init card": "init card --output written.yml",
    "harness score PRED GT --objects FILE.csv": "score labels/a.tif labels/b.tif --objects objects.csv",
    "harness objects quickstart --to FILE.csv": f"objects quickstart {QUICK} --to objects.csv",
    "harness score PRED GT --metric nsd.surfels.2um hd95.voxels.matched --spacing 1 0.35 0.35": (
        "score volume.tif volume.tif --metric nsd.surfels.2um hd95.voxels.matched --spacing 1 0.35 0.35"
    ),
    "harness run SUITE --failed": f"run quickstart {QUICK} --row otsu --failed",
    "harness status --results results": "status --results results",
    "harness table": f"table quickstart {QUICK}",
    "harness rescore": f"rescore quickstart {QUICK}",
    "harness export CELL --to DIR": "export CELL --to shown",
    "harness try IMAGES LABELS": "try images labels --methods otsu-components distance-watershed --minutes 2",
    "harness compare quickstart otsu stardist": f"compare quickstart otsu stardist {QUICK}",
    "harness score PRED GT --json": "score labels/a.tif labels/b.tif --json",
    "harness score": "score labels/a.tif labels/b.tif",
    "harness score DIR DIR": "score labels labels",
    "harness table quickstart --interval": f"table quickstart {QUICK} --interval",
    "harness score DIR DIR --csv OUT": "score labels labels --csv scores.csv",
    "harness gate quickstart --baseline results": f"gate quickstart {QUICK} --baseline results",
    "harness gate SUITE --baseline DIR|REVISION [--results DIR]": (
        f"gate quickstart {QUICK} --baseline results --results runs"
    ),
    "harness plan table-2.6 --tier paper": "plan table-2.6 --tier paper",
    "harness init dataset|suite|method|card|metric|ci|gitlab-ci": "init ci --output written.yml",
    "harness init ci": "init ci --output written-too.yml",
    "harness init gitlab-ci": "init gitlab-ci --output written-gitlab.yml",
    "harness report --results results": "report quickstart --results results --output report",
    "harness audit --results results": "audit --results results",
    "harness archive --results results --out results.zip": "archive quickstart --results results --out results.zip",
    "harness comment SUITE": f"comment quickstart {QUICK}",
    "harness schema advisories": "schema advisories",
    "harness images nuclei-board --to images": "images nuclei-board --to thirty",
    "harness show stage stardist-2d": "show stage stardist-2d",
    "harness show stage spoco": "show stage spoco",
    "harness list stages|suites|datasets|metrics|weights": "list stages",
    "harness list weights": "list weights",
    "harness check": "check",
    "harness env": "env",
    "harness fetch": "fetch stardist-2d",
    "harness schema suite": "schema suite",
    "harness schema shared": "schema shared",
    "harness cache": "cache",
    "harness merge DIR…": "merge results --results merged",
}
"""Commands with what stands in for their words in capitals, and with a tier of seconds."""

_COMMAND = re.compile(r"^(harness [a-z]|HARNESS_PYTHON\w*=|tox |pytest |pip |python3)")


def commands() -> list[str]:
    """Return the commands of README: the lines of its shell blocks, and what stands in single backticks."""
    blocks = re.findall(r"^```sh\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    lines = [re.sub(r"\s+#.*", "", line) for block in blocks for line in block.splitlines() if line.strip()]
    spans = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", README, flags=re.MULTILINE | re.DOTALL))
    return list(dict.fromkeys([*lines, *(span for span in spans if _COMMAND.match(span))]))


def test_every_command_is_run_or_says_why_not() -> None:
    found = set(commands())
    listed = {*RUN, *NOT_RUN}
    assert found - listed == set(), "commands of README that stand in no list of this test"
    assert listed - found == set(), "commands that README has not any more"
    assert not set(RUN) & set(NOT_RUN)
    assert all(NOT_RUN.values())


@pytest.mark.parametrize("command", [name for name in RUN if "|" not in name])
def test_what_stands_in_is_the_command_of_readme(command: str) -> None:
    words, run = shlex.split(command)[1:], shlex.split(RUN[command])
    assert run[0] == words[0]
    options = [word for word in words if word.startswith("--")]
    assert set(options) <= set(run)
    names = [word for word in words if re.fullmatch(r"[a-z][a-z0-9.-]*", word)]
    assert set(names) <= set(run)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a quickstart that was run, a method, and images with labels; the published results are its own."""
    folder = tmp_path_factory.mktemp("readme")
    labels = np.zeros((64, 64), np.uint16)
    for number, (y, x) in enumerate(((5, 5), (5, 35), (35, 5), (35, 35)), start=1):
        labels[y : y + 16, x : x + 16] = number
    for name, own in (("a", labels), ("b", np.roll(labels, 6, axis=0))):  # of equal content one would be tested on both
        write_labels(folder / "images" / f"{name}.tif", (own > 0).astype(np.uint8) * 200 + 20)
        write_labels(folder / "labels" / f"{name}.tif", own)
    write_labels(folder / "volume.tif", np.stack([labels] * 4))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("HARNESS_CACHE", str(folder / "cache"))
        for kind in ("method", "metric"):
            assert run_command(f"init {kind} --output my_{kind}.py")[0] == 0
        code, said = run_command(f"run quickstart {QUICK}")
        assert code == 0, said
    shutil.copytree(folder / "runs", folder / "results")
    return folder


def run_command(line: str) -> tuple[int, str]:
    """Return the exit code of a command, and what it printed."""
    said = StringIO()
    with redirect_stdout(said), redirect_stderr(said):
        code = main(shlex.split(line))
    return code, said.getvalue()


@pytest.mark.slow
@pytest.mark.xdist_group("readme")
@pytest.mark.parametrize("command", RUN)
def test_commands_of_readme_work(command: str, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    monkeypatch.setenv("HARNESS_CACHE", str(project / "cache"))
    monkeypatch.setenv("HARNESS_OFFLINE", "1")
    record = Store(Path("runs"), "quickstart", 1, "smoke").records()[0]
    for folder in ("try", "merged", "shown"):
        shutil.rmtree(folder, ignore_errors=True)
    for file in ("written.yml", "objects.csv"):
        Path(file).unlink(missing_ok=True)
    code, said = run_command(RUN[command].replace("CELL", record.cell))
    assert code == 0, said


@pytest.mark.slow
@pytest.mark.xdist_group("readme")
def test_the_python_of_readme_works(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    monkeypatch.setenv("HARNESS_CACHE", str(project / "cache"))
    blocks = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    assert blocks
    for block in blocks:
        exec(compile(block, "README.md", "exec"), {})
