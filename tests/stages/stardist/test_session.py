from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tensorflow")

from harness.errors import BackendError
from harness.stages.stardist import session
from tests.stages.stardist.helpers import context

pytestmark = pytest.mark.slow


def test_another_number_of_threads_is_refused_once_tensorflow_runs(tmp_path: Path) -> None:
    import tensorflow as tf

    given = context(tmp_path, (8, 8))
    session.start(given)
    tf.constant(1.0) + 1.0
    session.start(given)
    with pytest.raises(BackendError, match="accepted: one number of threads per worker process"):
        session.start(replace(given, threads=given.threads + 1))


def test_a_number_of_threads_of_its_own_choice_is_refused(tmp_path: Path) -> None:
    code = (
        "import sys, tensorflow\nfrom pathlib import Path\nfrom harness.errors import BackendError\n"
        "from harness.stages.stardist import session\nfrom tests.stages.stardist.helpers import context\n"
        "tensorflow.constant(1.0) + 1.0\n"
        "try:\n    session.start_seeded(context(Path(sys.argv[1]), (8, 8)))\n"
        "except BackendError as error:\n    print(error)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], check=True, cwd=Path(__file__).parents[3], capture_output=True
    )
    assert b"threads: as many as it chose, asked for: 2" in run.stdout


def test_a_gpu_is_shared_with_other_libraries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TF_FORCE_GPU_ALLOW_GROWTH", "")  # so that it is taken back whatever it was
    monkeypatch.delenv("TF_FORCE_GPU_ALLOW_GROWTH")
    session.start(context(tmp_path, (8, 8)))
    assert os.environ["TF_FORCE_GPU_ALLOW_GROWTH"] == "true"


def test_missing_gpu_is_named(tmp_path: Path) -> None:
    import tensorflow as tf

    if tf.config.list_physical_devices("GPU"):
        pytest.skip("this machine has a GPU")
    with pytest.raises(BackendError, match=r"finds no GPU.*; accepted here: cpu"):
        session.start(replace(context(tmp_path, (8, 8)), device="cuda"))


def test_seed_sets_every_generator(tmp_path: Path) -> None:
    import tensorflow as tf

    given = replace(context(tmp_path, (8, 8)), seed=2**40 + 3)
    drawn = []
    for _ in range(2):
        session.start_seeded(given)
        drawn.append((np.random.random(), float(tf.random.uniform(()))))
    assert drawn[0] == drawn[1]


def _say(text: str, *, fail: bool) -> None:
    sys.stdout.write(f"{text}\n")
    if fail:
        raise ValueError(text)


def test_output_is_held_back_and_told_on_failure(capsys: pytest.CaptureFixture[str]) -> None:
    told: list[str] = []
    with session.output_to(told.append):
        _say("quiet", fail=False)
    assert not told
    with pytest.raises(ValueError, match="last words"), session.output_to(told.append):
        _say("last words", fail=True)
    assert told == ["last words"]
    assert capsys.readouterr().out == ""
