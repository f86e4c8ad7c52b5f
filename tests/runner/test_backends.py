from __future__ import annotations

import sys
from pathlib import Path

import pytest

from harness.errors import BackendError, ConfigError
from harness.model import Fold
from harness.runner.backends import BackendChooser, choose_backend
from tests.runner.bench import a_cell, spec, tiny_registry
from tests.runner.project import Project


def test_extras_make_the_backend(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("A", "B"):
        monkeypatch.delenv(f"HARNESS_PYTHON_{name}", raising=False)
    assert choose_backend([]).python == sys.executable
    assert choose_backend(["b", "a", "b"]).extras == ("a", "b")
    other = tmp_path / "python"
    other.write_text("#!/bin/sh\n")
    other.chmod(0o755)
    monkeypatch.setenv("HARNESS_PYTHON_A", str(other))
    assert choose_backend(["a", "b"]).python == str(other)
    monkeypatch.setenv("HARNESS_PYTHON_B", sys.executable)
    with pytest.raises(ConfigError, match="name different interpreters"):
        choose_backend(["a", "b"])
    monkeypatch.setenv("HARNESS_PYTHON_A", str(tmp_path / "gone"))
    with pytest.raises(ConfigError, match=r"HARNESS_PYTHON_A: '.*gone' is not a program"):
        choose_backend(["a"])


def test_messages_name_the_variable_of_an_extra(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HARNESS_PYTHON_CELLPOSE_SAM", str(tmp_path / "gone"))
    with pytest.raises(ConfigError, match=r"^HARNESS_PYTHON_CELLPOSE_SAM: '.*gone' is not a program"):
        choose_backend(["cellpose-sam"])


def test_cells_share_fits_and_first_stages(project: Project) -> None:
    chooser = BackendChooser(tiny_registry(project))
    learning = (spec(project, "smooth"), spec(project, "learn"))
    cutting = (spec(project, "smooth"), spec(project, "cut"))
    fold = Fold("1", ("a", "b"), ("c",))
    a, b = (chooser.shared(a_cell(*learning, sample=sample, fold=fold)) for sample in "ab")
    assert {part[0] for part in a & b} == {"fit"}
    cut = chooser.shared(a_cell(*cutting, sample="a", fold=fold))
    assert {part[0] for part in a & cut} == {"run"}
    assert not chooser.shared(a_cell(spec(project, "noop")))
    assert not chooser.shared(a_cell(spec(project, "cut"))), "the end of a chain is nobody else's beginning"
    assert chooser.backend(a_cell(spec(project, "other-python"))).extras == ("other",)


def test_a_chain_is_looked_at_by_what_it_says(project: Project) -> None:
    chooser = BackendChooser(tiny_registry(project))
    plain, other = (a_cell(spec(project, "smooth", amount=amount), spec(project, "cut")) for amount in (0.0, 1.0))
    assert chooser.shared(plain) == chooser.shared(a_cell(spec(project, "smooth"), spec(project, "cut")))
    assert chooser.shared(plain) != chooser.shared(other)


def test_a_gpu_that_is_not_there_is_said_once_a_stage_before_anything_runs(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    stages = tiny_registry(project)
    cells = [a_cell(spec(project, name)) for name in ("noop", "weighted", "noop", "absent-library")]
    BackendChooser(stages).require_gpu(cells)
    for name in ("weighted", "absent-library"):
        monkeypatch.setattr(stages.get(name), "devices", ("cpu", "cuda"))
        monkeypatch.setattr(stages.get(name), "gpu_problem", lambda self: "no CUDA device")
    with pytest.raises(BackendError) as caught:
        BackendChooser(stages).require_gpu(cells)
    expected = "--device cuda: stage 'weighted': no CUDA device; accepted: --device cpu or auto"
    assert str(caught.value) == expected, "the one whose library is absent has a reason of its own"


def test_cells_whose_library_finds_no_gpu_here_use_none_here(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    stages = tiny_registry(project)
    able, blind = a_cell(spec(project, "on-gpu")), a_cell(spec(project, "weighted"))
    monkeypatch.setattr(stages.get("weighted"), "devices", ("cpu", "cuda"))
    monkeypatch.setattr(stages.get("weighted"), "gpu_problem", lambda self: "no CUDA device")
    chooser = BackendChooser(stages)
    assert [chooser.can_use_gpu(cell) for cell in (able, blind, a_cell(spec(project, "noop")))] == [True, True, False]
    assert [chooser.can_use_gpu(cell, is_here=True) for cell in (able, blind)] == [True, False]


def test_a_run_on_a_gpu_that_is_not_there_computes_nothing(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: BackendChooser, cells: object) -> None:
        assert len(list(cells)) == 2  # type: ignore[call-overload]
        raise BackendError("no GPU")

    monkeypatch.setattr(BackendChooser, "require_gpu", refuse)
    suite = project.suite({"noop": '[{ id = "noop" }]'})
    with pytest.raises(BackendError, match="no GPU"):
        project.run(suite, device="cuda")
    assert project.records() == {}
    assert project.run(suite, device="cuda", dry_run=True).pending == 2
