"""TensorFlow as a stage wants it: threads, device, seeds, deterministic operations, and no output of its own."""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any

from harness.errors import BackendError
from harness.stages.contract import Context


def start(context: Context) -> None:
    """Import TensorFlow and set threads, device and deterministic operations.

    Raises `BackendError` if the process already runs TensorFlow with another number of threads or without the
    device: TensorFlow fixes both at its first operation.
    """
    tf = _tensorflow()
    tf.get_logger().setLevel("ERROR")
    threading = tf.config.threading
    try:
        threading.set_intra_op_parallelism_threads(context.threads)
        threading.set_inter_op_parallelism_threads(context.threads)
    except RuntimeError as error:
        if threading.get_intra_op_parallelism_threads() != context.threads:
            # 0 is what TensorFlow reports when it chose the number itself
            running = threading.get_intra_op_parallelism_threads() or "as many as it chose"
            raise BackendError(
                f"TensorFlow already runs in this process; threads: {running}, asked for: {context.threads}; "
                "accepted: one number of threads per worker process"
            ) from error
    _choose_device(context.device)
    tf.config.experimental.enable_op_determinism()


def gpu_problem() -> str:
    """Return why TensorFlow can use no GPU here, "" if it can: the package tensorflow-cpu never does."""
    try:
        tf = _tensorflow()
    except ImportError:
        return "TensorFlow is not installed"
    if tf.config.list_physical_devices("GPU"):
        return ""
    hint = "" if tf.test.is_built_with_cuda() else "; a GPU needs tensorflow[and-cuda] instead of tensorflow-cpu"
    return f"TensorFlow {tf.__version__} finds no GPU{hint}"


def start_seeded(context: Context) -> None:
    """`start`, then seed Python, NumPy and TensorFlow, which draw patches (the first two) and weights (the last).

    Seeding is no function of its own, because it runs TensorFlow's first operation, which fixes the threads.
    StarDist is imported first, because its import draws random numbers; clearing the session restarts the counters
    that name layers, so that equal trainings write equal files.
    """
    start(context)
    import keras
    import stardist.models  # noqa: F401

    keras.backend.clear_session()
    keras.utils.set_random_seed(context.seed % 2**32)


@contextmanager
def output_to(log: Callable[[str], None]) -> Iterator[None]:
    """Hold back what the library prints to stdout; hand the last lines to `log` if it fails."""
    held = io.StringIO()
    try:
        with redirect_stdout(held), warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="output path for model already exists")
            yield
    except Exception:
        for line in held.getvalue().splitlines()[-5:]:
            log(line)
        raise


def _tensorflow() -> Any:
    """Import TensorFlow with the settings that it reads from the environment."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # its C++ side reports harmless fallbacks as errors
    # else it takes all memory of a GPU at its first operation, and torch stages of the same worker get none
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    import tensorflow

    return tensorflow


def _choose_device(device: str) -> None:
    import tensorflow as tf

    if device.startswith("cuda"):
        problem = gpu_problem()
        if problem:
            raise BackendError(f"device '{device}' is asked for: {problem}; accepted here: cpu")
        return
    if tf.config.get_visible_devices("GPU"):
        tf.config.set_visible_devices([], "GPU")
