from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib.metadata import EntryPoint, PackageNotFoundError
from pathlib import Path
from textwrap import dedent
from types import ModuleType

import numpy as np
import pytest

from harness import registry as registry_module
from harness.errors import BackendError, RegistryError
from harness.families import Family
from harness.identity import module_code
from harness.model import Volume
from harness.registry import (
    Entry,
    MetricRegistry,
    Registry,
    StageRegistry,
    add_file,
    add_module_stages,
    metrics,
    stage_entry,
    stages,
)
from harness.stages.contract import Context, Stage

PLUGIN = """
from harness import Stage

class Base(Stage):
    def run(self, inputs, context):
        return inputs["image"]

class Mine(Base):
    id = "mine"
    title = "Mine"
"""


class Toy(Stage):
    id = "toy"
    title = "Toy"

    def run(self, inputs: Mapping[str, Volume], context: Context) -> Volume:
        return inputs["image"]


def added(path: Path) -> StageRegistry:
    """The stages of a file."""
    found: StageRegistry = Registry("stage")
    add_file(path, found, Registry("metric"))
    return found


def test_entries_come_sorted_and_by_id() -> None:
    registry = Registry("stage")
    registry.add(Entry("b", 2, "here"))
    registry.add(Entry("a", 1, "here"))
    assert [entry.id for entry in registry] == ["a", "b"]
    assert registry.get("b") == 2
    assert "a" in registry
    assert "c" not in registry


def test_a_family_makes_what_it_is_asked_for_once() -> None:
    made = []

    def make(name: str) -> int | None:
        made.append(name)
        return int(name[4:]) if name.startswith("top.") and name[4:].isdecimal() else None

    registry: Registry[int] = Registry("metric")
    registry.add(Entry("a", 1, "here"))
    registry.add_family(Family("top.<number>", "top.3", make), "there")
    assert registry.get("top.20") == registry.get("top.20") == 20
    assert made == ["top.20"]
    assert registry.entry("top.20").origin == "there"
    assert "top.5" in registry
    assert "top.five" not in registry
    assert 5 not in registry
    assert [entry.id for entry in registry] == ["a"]
    assert [family.id for family in registry.families] == ["top.<number>"]
    assert registry.copy().get("top.7") == 7


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("top.five", "unknown metric 'top.five'; accepted: 'top.<number>', as 'top.3'"),
        ("top", "unknown metric 'top'; accepted: 'top.<number>', as 'top.3'"),
        ("top.<number>", "'top.<number>' stands for many metrics; accepted: one of them, as 'top.3'"),
        ("tup.<numbr>", "did you mean 'top.<number>'?"),
    ],
)
def test_a_name_that_a_family_does_not_know_is_told_how_they_are_written(name: str, message: str) -> None:
    registry: Registry[int] = Registry("metric")
    registry.add_family(Family("top.<number>", "top.3", lambda name: None), "there")
    with pytest.raises(RegistryError, match=re.escape(message)):
        registry.get(name)


def test_unknown_id_names_the_nearest() -> None:
    registry = Registry("stage")
    registry.add(Entry("stardist-3d", 1, "here"))
    with pytest.raises(RegistryError, match=r"unknown stage 'stardist3d'; did you mean 'stardist-3d'\?"):
        registry.get("stardist3d")


def test_doubled_id_names_both_origins() -> None:
    registry = Registry("metric")
    registry.add(Entry("pq", 1, "one"))
    with pytest.raises(RegistryError, match="metric 'pq' is registered twice: by one and by two"):
        registry.add(Entry("pq", 2, "two"))


def test_broken_plugin_is_kept_with_its_reason() -> None:
    registry = Registry("stage")
    registry.add(Entry("x", None, "package-x", "ImportError: no"))
    assert "x" in registry
    with pytest.raises(BackendError, match="stage 'x' from package-x is broken: ImportError: no"):
        registry.get("x")


def test_only_own_concrete_stages_of_a_module_are_added(tmp_path: Path) -> None:
    path = tmp_path / "plugin_one.py"
    path.write_text(PLUGIN, encoding="utf-8")
    registry = added(path)
    assert [entry.id for entry in registry] == ["mine"]
    assert registry.entry("mine").origin == str(path)


def test_file_that_is_not_python_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.py", tmp_path / "data.txt"):
        with pytest.raises(RegistryError, match="not a Python file"):
            added(path)


BROKEN = {
    "def (:": "cannot be imported: SyntaxError",
    "import no_such_module_anywhere": "cannot be imported: ModuleNotFoundError: No module named",
    "raise RuntimeError('boom\\nsecond line')": "cannot be imported: RuntimeError: boom second line",
    "import sys; sys.exit(5)": "cannot be imported: SystemExit: 5",
    "x = 1": "no stage and no metric in it; accepted: a class that derives from harness.Stage, or an object of",
    "from harness import Stage\nclass Mine(Stage):\n    id = 'mine'\n    title = 'x'\n": "stage Mine: no run; accepted",
    "from harness import Stage\nclass Mine(Stage):\n    title = 'x'\n": "no id; accepted: id = a text; no run",
    "from harness import Stage\nclass Mine(Stage):\n    id = 5\n    inputs = 'image'\n": "no title; accepted",
}


@pytest.mark.parametrize("text", BROKEN)
def test_a_broken_file_is_an_error_of_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "mine.py"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RegistryError) as caught:
        added(path)
    assert BROKEN[text] in str(caught.value)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_the_origin_of_a_file_is_its_name_and_the_digest_of_what_was_run(tmp_path: Path) -> None:
    path = tmp_path / "plugin_one.py"
    codes = []
    for text in (PLUGIN, PLUGIN + "# more\n"):
        path.write_text(text, encoding="utf-8")
        codes.append(added(path).entry("mine").code())
    assert [code.distribution for code in codes] == ["plugin_one.py"] * 2
    assert codes[0].code != codes[1].code
    assert all(code.is_plugin for code in codes)


def test_the_origin_of_a_stage_of_the_tree_is_its_module() -> None:
    code = stages().entry("otsu-components").code()
    assert code.distribution == "segmentation-harness"
    assert code.code == module_code("harness.stages.classical.otsu_components")
    assert not code.is_plugin


def test_what_a_file_prints_does_not_reach_stdout(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "plugin_one.py"
    path.write_text("print('hello')\n" + PLUGIN, encoding="utf-8")
    added(path)
    said = capsys.readouterr()
    assert said.out == ""
    assert "hello" in said.err


def test_what_the_import_of_a_file_changes_is_set_back_and_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mine.py"
    harm = "import os\nimport numpy\nos.environ['OF_A_PLUGIN'] = '1'\nos.umask(0)\nnumpy.sum = numpy.prod\n"
    path.write_text(harm + PLUGIN, encoding="utf-8")
    before, total = os.umask(0o022), np.sum
    try:
        add_file(path, Registry("stage"), Registry("metric"))
        assert os.umask(0o022) == 0o022
    finally:
        os.umask(before)
    assert "OF_A_PLUGIN" not in os.environ
    assert np.sum is total
    assert f"{path}: its import changed os.environ, umask, numpy.sum, which was set back" in capsys.readouterr().err


def test_a_library_below_one_that_is_not_here_is_not_here() -> None:
    class Dotted(Toy):
        id = "dotted"
        needs = ("no_such_library_here.part",)

    assert stage_entry(Dotted, "here").reason == "not installed: no_such_library_here.part"


def test_imported_stages_are_not_added_again() -> None:
    module = ModuleType("elsewhere")
    module.Toy = Toy  # type: ignore[attr-defined]
    registry = Registry("stage")
    add_module_stages(registry, module, "elsewhere")
    assert list(registry) == []


def test_missing_library_gives_reason_and_install_line(monkeypatch: pytest.MonkeyPatch) -> None:
    class Needy(Toy):
        id = "needy"
        needs = ("no_such_library_here",)

    plain = stage_entry(Needy, "here")
    assert plain.item is Needy
    assert plain.reason == "not installed: no_such_library_here"
    assert plain.install == "pip install 'no_such_library_here'"
    Needy.extra = "graph"
    expected = "pip install '.[graph]' here or in an environment whose Python HARNESS_PYTHON_GRAPH names"
    assert stage_entry(Needy, "here").install == expected
    monkeypatch.setenv("HARNESS_PYTHON_GRAPH", "python-with-graphs")
    assert stage_entry(Needy, "here").install == "suites run it in the Python that HARNESS_PYTHON_GRAPH names"


def test_other_version_gives_reason_and_install_line(monkeypatch: pytest.MonkeyPatch) -> None:
    class Picky(Toy):
        id = "picky"
        needs_versions = ("json>=4", "no-such-distribution>=1")

    for good in ("4", "4.1rc1"):
        monkeypatch.setattr(registry_module, "version", versions(json=good))
        assert stage_entry(Picky, "here") == Entry("picky", Picky, "here")
    monkeypatch.setattr(registry_module, "version", versions(json="3.1.1.3"))
    plain = stage_entry(Picky, "here")
    assert plain.item is Picky
    assert plain.reason == "json 3.1.1.3 is installed; needs >=4"
    assert plain.install == "pip install 'json>=4'"
    Picky.extra = "new-json"
    expected = "pip install '.[new-json]' in an environment whose Python HARNESS_PYTHON_NEW_JSON names"
    assert stage_entry(Picky, "here").install == expected
    Picky.needs = ("no_such_library_here",)
    both = "not installed: no_such_library_here; json 3.1.1.3 is installed; needs >=4"
    assert stage_entry(Picky, "here").reason == both


@pytest.mark.parametrize(
    ("found", "usable", "other", "reason"),
    [
        ("3.1.1.3", "cellpose", "cellpose-sam", "cellpose 3.1.1.3 is installed; needs >=4"),
        ("4.0.9", "cellpose-sam", "cellpose", "cellpose 4.0.9 is installed; needs <4"),
    ],
)
def test_one_interpreter_runs_one_of_the_cellpose_stages(
    monkeypatch: pytest.MonkeyPatch, found: str, usable: str, other: str, reason: str
) -> None:
    monkeypatch.setattr(registry_module, "version", versions(cellpose=found))
    assert "is installed" not in stage_entry(stages().get(usable), "here").reason
    entry = stage_entry(stages().get(other), "here")
    assert entry.reason.endswith(reason)
    assert f"'.[{other}]'" in entry.install


def versions(**installed: str) -> Callable[[str], str]:
    """Return what `importlib.metadata.version` does where these distributions are installed."""

    def version(name: str) -> str:
        if name not in installed:
            raise PackageNotFoundError(name)
        return installed[name]

    return version


def _points(*points: EntryPoint) -> object:
    return lambda group: [point for point in points if point.group == group]


def test_entry_points_go_through_the_same_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "outside_stage.py").write_text(dedent(PLUGIN), encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    good = EntryPoint("mine", "outside_stage:Mine", "harness.stages")
    bad = EntryPoint("broken", "outside_stage:Absent", "harness.stages")
    monkeypatch.setattr(registry_module, "entry_points", _points(good, bad))
    stages.cache_clear()
    try:
        registry = stages()
    finally:
        stages.cache_clear()
        sys.modules.pop("outside_stage", None)
    assert registry.get("mine").title == "Mine"
    assert registry.entry("broken").reason.startswith("AttributeError")


def test_entry_point_that_states_no_version_is_listed_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    class Careless(Toy):
        needs_versions = ("json is fine",)

    module = ModuleType("careless_stage")
    module.Careless = Careless  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "careless_stage", module)
    monkeypatch.setattr(
        registry_module, "entry_points", _points(EntryPoint("x", "careless_stage:Careless", "harness.stages"))
    )
    stages.cache_clear()
    try:
        assert stages().entry("x").reason.endswith("accepted: a requirement as pip reads it")
    finally:
        stages.cache_clear()


def test_in_tree_stages_are_found_and_documented() -> None:
    registry = stages()
    for entry in registry:
        assert entry.item.__doc__, entry.id
        assert entry.item.title, entry.id
        assert entry.item.outputs, entry.id


def test_in_tree_metrics_are_found() -> None:
    assert "map.gonuclear" in metrics()


def test_metric_entry_point_uses_its_own_id(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("outside_metric")
    module.METRIC = replace(metrics().get("pq"), id="my.metric")  # type: ignore[attr-defined]
    module.BROKEN = replace(module.METRIC, id="my metric", unit="")  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "outside_metric", module)
    points = [EntryPoint(name, f"outside_metric:{name}", "harness.metrics") for name in ("METRIC", "BROKEN")]
    monkeypatch.setattr(registry_module, "entry_points", _points(*points))
    metrics.cache_clear()
    try:
        assert metrics().get("my.metric").id == "my.metric"
        reason = metrics().entry("BROKEN").reason
        assert "id is 'my metric'; accepted" in reason
        assert "unit is ''; accepted" in reason
    finally:
        metrics.cache_clear()


METRIC = """
from harness import Metric, Stage

def share(table):
    return table.n_pred / table.n_truth if table.n_truth else float("nan")

SHARE = Metric(
    id="found.share", title="predicted objects per true one", definition="number of predicted over true objects",
    source="plain", direction="none", unit="count", range=(0.0, 1000.0),
    edge_cases=(("both empty", float("nan")), ("identical", 1.0)), function=share,
)
"""


def both(path: Path) -> tuple[StageRegistry, MetricRegistry]:
    found: tuple[StageRegistry, MetricRegistry] = (Registry("stage"), Registry("metric"))
    add_file(path, *found)
    return found


def test_a_file_registers_its_metrics_and_stages(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(f"{METRIC}\nfrom harness.metrics.detection import METRICS as THEIRS\nPQ = THEIRS[0]\n{PLUGIN}")
    own_stages, own_metrics = both(path)
    assert [entry.id for entry in own_stages] == ["mine"]
    assert [entry.id for entry in own_metrics] == ["found.share"], "none that it only imports"
    entry = own_metrics.entry("found.share")
    assert (entry.origin, entry.code().distribution) == (str(path), "mine.py")
    assert entry.code() == own_stages.entry("mine").code()
    assert entry.code().is_plugin


def test_metrics_names_what_a_file_registers(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    more = "from dataclasses import replace\nMETRICS = tuple(replace(SHARE, id=f'found.{n}') for n in (1, 2))\n"
    path.write_text(METRIC + more)
    assert [entry.id for entry in both(path)[1]] == ["found.1", "found.2"]


BROKEN_METRICS = {
    ('direction="none"', 'direction="highr"'): "direction is 'highr'; did you mean 'higher'?",
    ('id="found.share"', 'id="a:b"'): "metric 'a:b': id is 'a:b'; accepted: a text of letters, digits and - . _ +",
    ('"identical", 1.0', '"identicl", 1.0'): "edge_cases name 'identicl'; did you mean 'identical'?",
    ('"identical", 1.0', '"identical", 0.5'): "edge case 'identical' is 1; stated: 0.5",
    ("function=share", "function=lambda table: 1 / 0"): "edge case 'both empty' fails: ZeroDivisionError",
    ("function=share", "functon=share"): "unexpected keyword argument 'functon'; did you mean 'function'?",
    ("range=(0.0, 1000.0)", "range=(1.0, 0.0)"): "range is (1.0, 0.0); accepted: (least, greatest) value",
    ("SHARE = Metric", "METRICS = 3, Metric"): "METRICS holds 3; accepted: a tuple of harness.Metric",
}


@pytest.mark.parametrize("change", BROKEN_METRICS)
def test_a_broken_metric_is_an_error_of_one_line(tmp_path: Path, change: tuple[str, str]) -> None:
    path = tmp_path / "mine.py"
    path.write_text(METRIC.replace(*change))
    with pytest.raises(RegistryError) as caught:
        both(path)
    assert BROKEN_METRICS[change] in str(caught.value)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_every_mistake_of_a_file_is_in_one_message(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    wrong = METRIC.replace('direction="none"', 'direction="up"').replace('unit="count"', "unit=3")
    path.write_text(f"{wrong}\nclass Mine(Stage):\n    id = 'mine'\n")
    with pytest.raises(RegistryError, match=r"stage Mine: no title.*; metric 'found.share': unit is 3.*direction is"):
        both(path)


def test_a_copy_of_a_registry_grows_alone(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(METRIC)
    copied = metrics().copy()
    add_file(path, Registry("stage"), copied)
    assert "found.share" in copied
    assert "found.share" not in metrics()


def test_a_name_of_a_family_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    example = metrics().families[0].example
    path.write_text(METRIC.replace("found.share", example))
    with pytest.raises(
        RegistryError, match=f"metric '{re.escape(example)}' is registered twice: by harness.metrics and by"
    ):
        add_file(path, Registry("stage"), metrics().copy())


def test_an_edit_of_equal_size_in_the_same_second_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    path = tmp_path / "mine.py"
    titles = []
    for text in (PLUGIN, PLUGIN.replace('title = "Mine"', 'title = "Ours"')):
        path.write_text(text)
        os.utime(path, (1_000_000_000, 1_000_000_000))
        found: StageRegistry = Registry("stage")
        add_file(path, found, Registry("metric"))
        titles.append(found.get("mine").title)
    assert titles == ["Mine", "Ours"]
    assert not (tmp_path / "__pycache__").exists()
