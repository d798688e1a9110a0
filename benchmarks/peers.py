"""The same loop in other active-learning libraries, where they are installed: ``pip install "alrl[peers]"``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module, metadata
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alrl.data.task import Task
from alrl.numerics.streams import generator
from benchmarks.baseline_loop import Arrays, fixed_epochs, make_classifier, refit
from benchmarks.workloads import Workload

Loop = Callable[[Workload, Task, int], NDArray[np.float64]]
"""Plays a workload on a task for a number of labels: test accuracy after each refit, (loops + 1,)."""


def modal_loop(workload: Workload, task: Task, labels: int) -> NDArray[np.float64]:
    """Return margin sampling by modAL and a refit of one's own: its ``teach`` fails with scikit-learn 1.8 and newer.

    It has no random sampling, so random queries are drawn as its documentation does, with NumPy.
    """
    margin_sampling = import_module("modAL.uncertainty").margin_sampling
    data, rest, labelled = Arrays.of(task), np.arange(len(task.split.pool)), task.first
    chance = generator(task.seed, "strategy")
    classifier = make_classifier(workload.model, task)
    curve = []
    with fixed_epochs():
        for size in (*_batches(labels, workload.batch), 0):
            refit(classifier, data.pool[labelled], data.truth[labelled])
            curve.append((classifier.predict(data.test) == data.answers).mean())
            rest = np.setdiff1d(rest, labelled)
            if size and workload.rule == "margin":
                places, _ = margin_sampling(classifier, data.pool[rest], n_instances=size)
                labelled = np.append(labelled, rest[places])
            elif size:
                labelled = np.append(labelled, chance.choice(rest, size, replace=False))
    return np.array(curve)


def scikit_activeml_loop(workload: Workload, task: Task, labels: int) -> NDArray[np.float64]:
    """Return scikit-activeml's classifier wrapper and querying strategies; the fit is not repeated for the query."""
    pools, classifiers = import_module("skactiveml.pool"), import_module("skactiveml.classifier")
    data, classes = Arrays.of(task), range(task.split.data_set.n_classes)
    inner = make_classifier(workload.model, task)
    classifier = classifiers.SklearnClassifier(inner, classes=list(classes), random_state=task.seed[0])
    if workload.rule == "margin":
        strategy = pools.UncertaintySampling(method="margin_sampling", random_state=task.seed[0])
    else:
        strategy = pools.RandomSampling(random_state=task.seed[0])
    known = np.full(len(data.pool), np.nan)
    known[task.first] = data.truth[task.first]
    curve = []
    with fixed_epochs():
        for size in (*_batches(labels, workload.batch), 0):
            if workload.model == "multilayer-perceptron":
                inner.batch_size = int(np.isfinite(known).sum())
            classifier.fit(data.pool, known)
            curve.append((classifier.predict(data.test) == data.answers).mean())
            if size:
                picks = _query(strategy, classifier, data, known, size)
                known[picks] = data.truth[picks]
    return np.array(curve)


def _query(strategy: Any, classifier: Any, data: Arrays, known: NDArray[np.float64], size: int) -> NDArray[np.int64]:
    extra = {"clf": classifier, "fit_clf": False} if hasattr(strategy, "method") else {}
    picks: NDArray[np.int64] = strategy.query(X=data.pool, y=known, batch_size=size, **extra)
    return picks


def _batches(labels: int, batch: int) -> list[int]:
    return [min(batch, labels - start) for start in range(0, labels, batch)]


PEERS: Mapping[str, tuple[str, str, Loop]] = {
    "modAL": ("modAL", "modAL-python", modal_loop),
    "scikit-activeml": ("skactiveml", "scikit-activeml", scikit_activeml_loop),
}
"""Import name, distribution and loop of every peer."""


def peers() -> dict[str, str | None]:
    """Return every peer and its installed version, None where it is not installed."""
    return {
        name: metadata.version(distribution) if find_spec(module) else None
        for name, (module, distribution, _) in PEERS.items()
    }
