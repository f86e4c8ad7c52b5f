"""A whole small project in a temporary folder: phantoms, a suite and a plug-in file of tiny stages."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import harness
from harness.runner.summary import RunSummary
from harness.store import Record, Store, Timing

CATALOGUE = """
schema = 1

[datasets.dots]
title = "Generated discs"
kind = "generated"
generator = "nuclei-2d"
licence = "CC0-1.0"
citation = "generated"
availability = "generated"
parameters = { shape = [32, 32], spacing_um = [1.0, 1.0], diameter_um = 6.0, seed = 1 }

[datasets.dots.samples]
a = { parameters = { seed = 1 } }
b = { parameters = { seed = 2 } }
c = { parameters = { seed = 3 } }
d = { parameters = { seed = 4 } }

[datasets.dots.splits]
default = [{ id = "", test = ["a", "b"] }]
one = [{ id = "", test = ["a"], train = ["b"] }]
four = [{ id = "", test = ["a", "b", "c", "d"] }]
folds = [
  { id = "1", test = ["a", "b"], train = ["c"], validation = ["d"] },
  { id = "2", test = ["c", "d"], train = ["a"], validation = ["b"] },
]
"""

RECIPE = """
[weights.cooked]
title = "trained here"
licence = "CC0-1.0"
availability = "generated"
recipe = { stage = "tune", dataset = "dots", samples = ["c", "d"], truth = "gold" }
"""

PLUGIN = '''
from __future__ import annotations

import errno
import os
import random
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np

from harness import Confidences, Grid, Parameter, Stage, Volume

TRACES = Path(os.environ.get("TEST_TRACES", "."))
POOL = []


def trace(name, count=1):
    """Leave one line per call, so that tests can count them."""
    with (TRACES / name).open("a") as handle:
        handle.write("x\\n")


def begin_child():
    """Start a process in a session of its own that stays, and say which: all of its number stands there or none."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
    draft = TRACES / f"child.{os.getpid()}"
    draft.write_text(str(child.pid))
    draft.replace(TRACES / "child")


def threshold(image, level):
    array = image.array if "C" not in image.axes else image.array[0]
    array = array.astype(np.float32)
    binary = array > array.min() + level * np.ptp(array)
    return Volume(binary.astype(np.uint16), image.grid.axes, image.spacing_um)


class Noop(Stage):
    id = "noop"
    title = "labels of one object, computed from nothing"
    cacheable = False
    parameters = (Parameter("number", "int", 0, "tells rows apart"),)

    def run(self, inputs, context):
        image = inputs["image"]
        labels = np.zeros(image.grid.shape, np.uint8)
        labels[0, 0] = 1
        return Volume(labels, image.grid.axes, image.spacing_um)


class Smooth(Stage):
    id = "smooth"
    title = "image plus seeded noise, cached"
    outputs = ("distance",)
    parameters = (Parameter("amount", "float", 0.0, "noise"),)

    def run(self, inputs, context):
        trace("smooth")
        image = inputs["image"]
        context.report("noise", self.options["amount"])
        array = image.array.astype(np.float32) + self.options["amount"] * context.rng().random(image.array.shape)
        return Volume(array.astype(np.float32), image.axes, image.spacing_um, image.channels)


class Cut(Stage):
    id = "cut"
    title = "one object above a level, cached"
    inputs = ("distance",)
    parameters = (Parameter("level", "float", 0.5, "level"),)

    def load(self, context):
        trace("cut-load")

    def run(self, inputs, context):
        trace("cut")
        return threshold(inputs["distance"], self.options["level"])


class Sure(Stage):
    id = "sure"
    title = "objects by columns, and how sure it is of each"
    outputs = ("labels", "confidences")
    parameters = (Parameter("of", "int", 0, "added to the labels that it is sure of"),)

    def run(self, inputs, context):
        trace("sure")
        whole = threshold(inputs["image"], 0.5)
        labels = whole.array * (1 + np.arange(whole.array.shape[-1]) // 8)
        found = [int(label) for label in np.unique(labels) if label]
        scores = {label + self.options["of"]: 1 / (1 + label) for label in found}
        made = Volume(labels, whole.axes, whole.spacing_um)
        return {"labels": made, "confidences": Confidences.of(made.grid, scores)}


class Learn(Stage):
    id = "learn"
    title = "learns a level from its examples"
    inputs = ("distance",)
    parameters = (Parameter("bias", "float", 0.0, "added after training"),)

    def fit(self, training, validation, context, model):
        trace("fit")
        context.log(f"training on {len(training)} and {len(validation)}")
        context.report("busy_s", 0.25)
        context.report("busy_s", 0.5)
        context.report("best_epoch", 7)
        time.sleep(0.2)
        level = np.mean([e.inputs["distance"].array[e.targets["truth"].array > 0].mean() for e in training])
        (model / "level.txt").write_text(f"{float(level)!r} {context.seed}")

    def load(self, context):
        self.level = float((context.model / "level.txt").read_text().split()[0])

    def run(self, inputs, context):
        volume = inputs["distance"]
        return Volume((volume.array > self.level / 2).astype(np.uint8), volume.grid.axes, volume.spacing_um)


class Tune(Stage):
    id = "tune"
    title = "learns a level from its examples, halfway from that of its base"
    parameters = (Parameter("base", "weights", "", "file or model to start from"),)

    def fit(self, training, validation, context, model):
        trace("tune-base" if not self.options["base"] else "tune")
        level = float(np.mean([e.inputs["image"].array[e.targets["truth"].array > 0].mean() for e in training]))
        if self.options["base"]:
            level = (level + float((context.weights["base"] / "level.txt").read_text())) / 2
        (model / "level.txt").write_text(repr(level))

    def load(self, context):
        self.level = float((context.model / "level.txt").read_text())

    def run(self, inputs, context):
        volume = inputs["image"]
        return Volume((volume.array > self.level / 2).astype(np.uint8), volume.grid.axes, volume.spacing_um)


class Weighted(Stage):
    id = "weighted"
    title = "reads a level from its weights"
    parameters = (Parameter("level", "weights", "", "file"),)

    def load(self, context):
        self.level = float(context.weights["level"].read_text())

    def run(self, inputs, context):
        return threshold(inputs["image"], self.level)


class Half(Stage):
    id = "half"
    title = "every second pixel"
    outputs = ("image",)

    def grid_after(self, grid, sample):
        shape = (*grid.shape[:-2], -(-grid.shape[-2] // 2), -(-grid.shape[-1] // 2))
        return Grid(grid.axes, shape)

    def run(self, inputs, context):
        image = inputs["image"]
        return Volume(image.array[..., ::2, ::2].copy(), image.axes, None, image.channels)

    def map_truth(self, truth, context):
        return Volume(truth.array[::2, ::2].copy(), truth.axes)


class Double(Stage):
    id = "double"
    title = "every pixel twice"
    inputs = ("labels",)

    def grid_after(self, grid, sample):
        return sample

    def run(self, inputs, context):
        labels = inputs["labels"]
        array = np.repeat(np.repeat(labels.array, 2, axis=-1), 2, axis=-2)
        return Volume(array, labels.axes, context.grid.spacing_um)

    def map_truth(self, truth, context):
        return Volume(np.repeat(np.repeat(truth.array, 2, axis=-1), 2, axis=-2), truth.axes)


class Fault(Stage):
    id = "fault"
    title = "goes wrong in a chosen way"
    cacheable = False
    parameters = (Parameter("how", "str", "raise", "the way"), Parameter("number", "int", 0, "tells rows apart"))

    def run(self, inputs, context):
        image = inputs["image"]
        labels = np.ones(image.grid.shape, np.uint8)
        good = Volume(labels, image.grid.axes)
        how = self.options["how"]
        if how == "raise":
            raise RuntimeError(f"no luck\\nin {Path.home()}/somewhere and {context.scratch}")
        if how == "memory-error":
            raise MemoryError("3 TB")
        if how == "import":
            import no_such_library
        if how == "hang":
            begin_child()
            time.sleep(600)
        if how == "allocate":
            hold = []
            while True:
                hold.append(np.ones(8 << 20, np.uint8))
                time.sleep(0.004)
        if how == "exit":
            print("last words", flush=True)
            os._exit(3)
        if how == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if how == "shape":
            return Volume(labels[:5], image.grid.axes)
        if how == "dtype":
            return Volume(labels.astype(np.float32), image.grid.axes)
        if how == "negative":
            return Volume(-labels.astype(np.int16), image.grid.axes)
        if how == "slot":
            return {"masks": good}
        if how == "in-place":
            image.array[...] = 0
        if how == "patch":
            np.unique, original = np.max, np.unique
            np._original_of_test = original
        if how == "none":
            return None
        if how == "array":
            return labels
        if how == "sys-exit":
            sys.exit(4)
        if how == "interrupt":
            raise KeyboardInterrupt
        if how == "recursion":
            return self.run(inputs, context)
        if how == "segv":
            os.kill(os.getpid(), signal.SIGSEGV)
        if how == "close":
            os.closerange(3, 4096)
        if how == "settings":
            os.chdir("/")
            os.umask(0o777)
            os.environ.update(PATH="/nowhere", OF_A_STAGE="1")
            warnings.simplefilter("error")
            np.seterr(all="raise")
            np.set_printoptions(precision=1)
            signal.signal(signal.SIGUSR1, signal.SIG_IGN)
        if how == "witness":
            text = [os.getcwd(), os.environ.get("OF_A_STAGE"), os.environ["PATH"], np.geterr()]
            text += [one for one in warnings.filters if one[0] == "error"]
            text += [np.get_printoptions(), signal.getsignal(signal.SIGUSR1), random.random(), np.random.random()]
            with (TRACES / "witness").open("a") as handle:
                handle.write(f"{os.getpid()} {image.array.sum()} {text}\\n")
        if how == "text":
            raise ValueError("a file named \\udcff")
        if how == "noise":
            for descriptor in range(3, 4096):
                try:
                    if os.readlink(f"/proc/self/fd/{descriptor}").startswith("pipe:"):
                        os.write(descriptor, b"hello\\n")
                except OSError:
                    continue
        if how == "fork-return" and os.fork():
            time.sleep(0.2)
        if how == "fork-raise" and os.fork() == 0:
            raise RuntimeError("a child that failed")
        if how == "leave":
            begin_child()
        if how == "pool":
            POOL.append(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]))
            assert all(one.poll() is None for one in POOL), "the pool of an earlier call is gone"
        if how in ("slow", "brief"):
            time.sleep(0.3 if how == "slow" else 0.05)
        if how == "wait":
            trace("waits")
            while not (TRACES / f"go-on-{self.options['number']}").exists():
                time.sleep(0.02)
        if how.startswith("lose-node") and not (how.endswith("once") and (TRACES / "lost").exists()):
            trace("lost")
            os.kill(os.getppid(), signal.SIGKILL)
            time.sleep(600)
        attempt = TRACES / f"{how}-{int(image.array.astype(np.int64).sum())}"
        if how in ("kill-once", "term-once", "stale-once", "stale", "term", "disk-full") and not attempt.exists():
            trace("attempts")
            if how.endswith("once"):
                attempt.touch()
            if how.startswith("stale"):
                raise OSError(errno.ESTALE, "Stale file handle")
            if how == "disk-full":
                raise OSError(errno.ENOSPC, "No space left on device")
            os.kill(os.getpid(), signal.SIGKILL if how.startswith("kill") else signal.SIGTERM)
            time.sleep(600)
        if how == "once" and not (TRACES / "once").exists():
            trace("once")
            raise RuntimeError("only the first time")
        return good


class OnGpu(Stage):
    id = "on-gpu"
    title = "says that it uses a GPU, and fails where another cell has the same one at the same time"
    devices = ("cpu", "cuda")
    cacheable = False
    parameters = (Parameter("number", "int", 0, "tells rows apart"),)

    def gpu_problem(self):
        if (TRACES / "broken").exists():
            raise OSError("libcudart.so.12: cannot open shared object file")
        return ""

    def run(self, inputs, context):
        name = os.environ.get("CUDA_VISIBLE_DEVICES", "none")
        mark = TRACES / f"busy-{name}"
        mark.touch(exist_ok=False)
        trace("gpus-" + name)
        while TRACES.joinpath("wait-for").exists() and not TRACES.joinpath("beside").exists():
            time.sleep(0.02)
        time.sleep(0.1)
        mark.unlink()
        image = inputs["image"]
        return Volume(np.ones(image.grid.shape, np.uint8), image.grid.axes)


class Beside(Stage):
    id = "beside"
    title = "needs no GPU and leaves a trace"
    cacheable = False

    def run(self, inputs, context):
        trace("beside")
        image = inputs["image"]
        return Volume(np.ones(image.grid.shape, np.uint8), image.grid.axes)


class Flat(Stage):
    id = "absent-library"
    title = "needs what is not installed"
    needs = ("no_such_library",)

    def run(self, inputs, context):
        raise AssertionError


class Other(Stage):
    id = "other-python"
    title = "runs in another interpreter"
    extra = "other"
    cacheable = False

    def run(self, inputs, context):
        (TRACES / "python").write_text(sys.executable + " " + os.environ.get("OTHER_PYTHON", ""))
        image = inputs["image"]
        return Volume(np.ones(image.grid.shape, np.uint8), image.grid.axes)
'''

SUITE = """
schema = 1
id = "{id}"
version = 1
title = "test"
metrics = {metrics}
{extra}
[limits]
deadline_s = {deadline_s}
memory_gb = {memory_gb}
[tiers.smoke]
data = [{{ dataset = "dots", split = "{split}" }}]
truth = "{truth}"
{rows}
"""


@dataclass
class Project:
    """Files of a project, and short ways to run it and to read what it left."""

    folder: Path
    suites: dict[str, Path] = field(default_factory=dict)

    def write(self) -> Project:
        self.traces.mkdir(parents=True)
        (self.folder / "datasets.toml").write_text(CATALOGUE)
        self.plugin.write_text(PLUGIN)
        return self

    @property
    def traces(self) -> Path:
        return self.folder / "traces"

    @property
    def plugin(self) -> Path:
        return self.folder / "tiny_stages.py"

    @property
    def results(self) -> Path:
        return self.folder / "results"

    def add_recipe(self) -> None:
        """Declare the weights "cooked", which the stage "tune" makes of samples c and d."""
        with (self.folder / "datasets.toml").open("a") as file:
            file.write(RECIPE)

    def suite(
        self,
        rows: dict[str, str],
        *,
        id: str = "demo",
        split: str = "default",
        deadline_s: float = 60.0,
        memory_gb: float = 4.0,
        metrics: Sequence[str] = ("map.gonuclear", "count.pred"),
        extra: str = "",
    ) -> Path:
        """Write a suite whose rows are given as TOML of their stage lists."""
        text = SUITE.format(
            id=id,
            metrics=list(metrics),
            extra=textwrap.dedent(extra),
            deadline_s=float(deadline_s),
            memory_gb=float(memory_gb),
            split=split,
            truth="gold",
            rows="\n".join(f'[[rows]]\nid = "{row}"\nstages = {stages}' for row, stages in rows.items()),
        )
        path = self.folder / f"{id}.toml"
        path.write_text(text.replace("'", '"'))
        return path

    def run(self, suite: Path | list[Path], **options: Any) -> RunSummary:
        chosen: dict[str, Any] = {"progress": Recorder(), "threads": 1, "results": self.results, **options}
        return harness.run(
            suite,
            plugins=[self.plugin],
            catalogue=self.folder / "datasets.toml",
            **chosen,
        )

    def store(self, id: str = "demo") -> Store:
        return Store(self.results, id, 1, "smoke")

    def records(self, id: str = "demo") -> dict[tuple[str, str], Record]:
        return {(record.row, record.sample): record for record in self.store(id).records()}

    def timings(self, id: str = "demo") -> dict[tuple[str, str], Timing]:
        return {(timing.row, timing.sample): timing for timing in self.store(id).timings()}

    def go_on(self, *numbers: int) -> None:
        """Let cells that wait end, those whose rows have these numbers."""
        for number in numbers:
            (self.traces / f"go-on-{number}").touch()

    def count(self, trace: str) -> int:
        path = self.traces / trace
        return len(path.read_text().splitlines()) if path.exists() else 0

    @property
    def cache(self) -> Path:
        return Path(os.environ["HARNESS_CACHE"])


@dataclass
class Recorder:
    """A progress display that remembers."""

    lines: list[str] = field(default_factory=list)
    logged: list[str] = field(default_factory=list)
    left_s: list[float | None] = field(default_factory=list)
    total: int = 0

    def start(self, total: int) -> None:
        self.total = total

    def finished(self, line: str, left_s: float | None) -> None:
        self.lines.append(line)
        self.left_s.append(left_s)

    def log(self, line: str) -> None:
        self.logged.append(line)

    def close(self) -> None:
        pass
