"""One cell in a worker: sample, chain with its fits, labels, metrics; every way it can fail becomes an outcome."""

from __future__ import annotations

import contextlib
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from harness.errors import StoreError
from harness.hashing import derive_seed, hash_value
from harness.jobs.failures import machine_places, outcome_of
from harness.jobs.messages import Done, Job, Outcome
from harness.model import Grid, StageSpec, Volume
from harness.scoring import Scores
from harness.stages.chain import gives_confidences
from harness.stages.slots import CONFIDENCES
from harness.stages.values import Value, content_hash
from harness.store.files import is_read_only
from harness.worker.bench import Workbench
from harness.worker.fits import FitJob, Fitted, LazyExample, fit_or_find, stage_weights
from harness.worker.isolation import end_children
from harness.worker.pairs import metric_origins, score_pairs
from harness.worker.running import Product, Repeats
from harness.worker.sources import Source
from harness.worker.step import Step, describe


def execute(bench: Workbench, job: Job, *, clock: Callable[[], float] = time.perf_counter) -> Done:
    """Compute one cell; whatever stage, data or metric raises becomes the outcome, with the traceback in the log.

    Processes that the cell leaves behind are ended, and so is this worker: a library that keeps a pool for its next
    call would find it gone, in a cell that is not to blame.
    """
    start = clock()
    run = CellRun(bench, job)
    try:
        scores = run.scores()
        outcome = run.outcome(scores, clock() - start)
        if remark := bench.samples.mask_remark(job.cell.data, job.cell.sample):
            bench.log(f"note: {remark}")
    except BaseException as error:  # SystemExit too: it is the cell's failure, not the worker's
        with contextlib.suppress(OSError):  # its log lies on a disk that is full: that is the end of no worker
            traceback.print_exc()
        bench.forget()
        places = machine_places(bench.setup.cache, bench.setup.scratch)
        outcome = outcome_of(error, stage=run.stage, places=places, total_s=clock() - start)
    left = end_children(bench.spared)
    if left:
        bench.log(f"{job.cell.id}: ended {len(left)} processes that the cell left behind; others get a new worker")
    spoilt = bench.state.spoilt()
    if spoilt:
        bench.log(f"{job.cell.id}: changed {spoilt} for its whole process; later cells get another one")
    return Done(outcome, is_spent=outcome.status == "out-of-memory" or bool(left or spoilt))


@dataclass(slots=True, eq=False)
class CellRun:
    """The chain of one cell as it goes; `stage` is the one at work, `scored` what the metrics read of it, by slot."""

    bench: Workbench
    job: Job
    products: list[Product] = field(default_factory=list)
    stage: str = ""
    scored: dict[str, Value] = field(default_factory=dict)

    def scores(self) -> Scores:
        """Return every metric of the cell and the counts behind it."""
        cell = self.job.cell
        slots = self.bench.samples.slots(cell.data, cell.sample, truth=cell.data.truth)
        chain = Chain(self.bench, self.job)
        repeats = Repeats(self.job.warmup, self.job.repeats)
        for number, spec in enumerate(cell.chain):
            self.stage = spec.called
            step = chain.step(number, slots, cell.sample, cell.seed, chain.fitted(number))
            product = Product(step, self.bench, repeats)
            product.result()
            self.products.append(product)
            slots = {**slots, **product.sources()}
        self.stage = ""
        made = {slot for product in self.products for slot in product.sources()}
        compared = [slot for pair in cell.scores for slot in (pair.pred, pair.truth)]
        if gives_confidences([product.step.stage for product in self.products]):
            compared.append(CONFIDENCES)
        self.scored.update((slot, slots[slot].value()) for slot in compared if slot in made)

        def value(name: str) -> Volume:
            return (slots[name] if name in slots else self.bench.samples.label(cell.data, cell.sample, name)).volume()

        return score_pairs(cell.scores, value, self.bench.metrics, confidences=self.scored.get(CONFIDENCES))

    def _kept(self) -> tuple[dict[str, str], tuple[str, ...]]:
        """Keep what was scored; return its content hashes by slot, and a note if the disk refused."""
        try:
            kept = {slot: self.bench.predictions.keep(value) for slot, value in self.scored.items()}
        except StoreError as error:
            self.bench.log_once(str(error)) if is_read_only(error) else self.bench.log(f"{self.job.cell.id}: {error}")
            return {slot: content_hash(value) for slot, value in self.scored.items()}, ("the prediction is not kept",)
        return kept, ()

    def outcome(self, scores: Scores, total_s: float) -> Outcome:
        """Return what the cell's record and timing will say."""
        cell, results = self.job.cell, [product.result() for product in self.products]
        timings = tuple(result.timing() for result in results)
        prediction, notes = self._kept()
        return Outcome(
            "ok",
            metrics=scores.values,
            counts=scores.counts,
            stages=tuple(result.record() for result in results),
            timings=timings,
            total_s=total_s,
            data=self.bench.samples.content_hash(cell.data.dataset, cell.sample),
            device="cuda" if any(timing.device == "cuda" for timing in timings) else "cpu",
            notes=(*(note for result in results for note in result.notes()), *notes),
            prediction=prediction,
            origins=metric_origins(cell.scores, self.bench.metrics),
        )


class Chain:
    """The stages of a job on the test sample and on the fold's training samples."""

    def __init__(self, bench: Workbench, job: Job) -> None:
        self._bench = bench
        self._job = job
        self._cell = job.cell
        self._weights = dict(job.weights)
        self._fits: dict[int, Fitted | None] = {}

    def step(
        self, number: int, slots: Mapping[str, Source], sample: str, sample_seed: int, fitted: Fitted | None
    ) -> Step:
        """Return a stage of the chain on the slots of a sample."""
        return describe(
            self._bench,
            self._cell.chain[number],
            slots,
            grid=partial(self._grid, sample),
            sample_seed=sample_seed,
            weights=self._weights,
            fitted=fitted,
        )

    def fitted(self, number: int) -> Fitted | None:
        """Return the model of a stage of the chain, trained if need be; None for a stage that does not train."""
        if number not in self._fits:
            spec = self._cell.chain[number]
            trains = self._bench.create(spec).trains()
            self._fits[number] = fit_or_find(self._bench, self._fit_job(number, spec)) if trains else None
        return self._fits[number]

    def _fit_job(self, number: int, spec: StageSpec) -> FitJob:
        cell = self._cell
        stage = self._bench.create(spec)
        seed = derive_seed("fit", cell.data.dataset, cell.fold.id, cell.repeat, spec.fit_json())
        training = [self._example(number, sample, stage.learns()) for sample in cell.fold.train]
        validation = [self._example(number, sample, stage.validates()) for sample in cell.fold.validation]
        weights = stage_weights(stage, self._weights)
        return FitJob(spec, training, validation, seed, weights, cell.draw, stage.needs)

    def _example(self, number: int, sample: str, targets: Sequence[str]) -> LazyExample:
        """Return a training sample as a stage of the chain sees it, after the stages before it, with what it learns.

        What the cell's scores ignore is not taught either: a label of the truth that it trains on, or a label image.
        """
        cell = self._cell
        slots = self._bench.samples.slots(cell.data, sample, truth=cell.data.train_truth)
        ignored = self._bench.samples.ignored(cell.data, sample, slots["truth"], cell.scores[0].scope.ignore)
        seed = derive_seed("training", cell.data.dataset, sample, cell.repeat)
        for earlier in range(number):
            step = self.step(earlier, slots, sample, seed, self.fitted(earlier))
            truth = self._mapped_truth(step, slots["truth"], sample)
            ignored = None if ignored is None else self._mapped_truth(step, ignored, sample)
            slots = {**slots, **Product(step, self._bench).sources(), "truth": truth}
        wanted = self._bench.create(cell.chain[number]).reads()
        inputs, learnt = ({slot: slots[slot] for slot in names} for names in (wanted, targets))
        return LazyExample(inputs, learnt, partial(self._grid, sample), ignored)

    def _mapped_truth(self, step: Step, truth: Source, sample: str) -> Source:
        """Return the truth on the grid that a resampling stage makes."""
        if not step.stage.moves_grid():
            return truth

        def make() -> Volume:
            bench = self._bench
            with bench.scratch() as scratch, bench.state.guarded(step.spec.id, step.seed):
                context = bench.context(self._grid(sample), step.seed, scratch, step.device)
                return step.stage.map_truth(truth.volume(), context)

        return Source(hash_value(["map_truth", step.spec.code_json(), step.seed, truth.key]), make)

    def _grid(self, sample: str) -> Grid:
        data = self._cell.data
        return self._bench.samples.sample(data.dataset, sample, data.channels).image.grid


def warm_up() -> None:
    """Load and compile what scoring needs, so that no cell's time or deadline pays for it."""
    import numpy as np

    from harness.metrics import overlap_table

    overlap_table(np.zeros((2, 2), np.uint16), np.zeros((2, 2), np.uint16))
