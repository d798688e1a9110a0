"""The time that scikit-activeml takes for the same choice, where it has the strategy."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np

from alrl.numerics.streams import generator
from benchmarks.selection.alrl import BATCH
from benchmarks.selection.pool import MEMBERS, begun
from benchmarks.subprocess_call import Apart, run_apart

SECONDS, MEMORY = 60.0, 16 * 2**30
"""What a call of theirs is given."""


@dataclass(frozen=True, kw_only=True)
class _Theirs:
    """A strategy of scikit-activeml and what its ``query`` is given beside records, labels and batch size."""

    kind: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    takes: str = "nothing"


_SAME: Mapping[str, _Theirs] = {
    "random": _Theirs(kind="RandomSampling"),
    "least-confidence": _Theirs(kind="UncertaintySampling", settings={"method": "least_confident"}, takes="clf"),
    "margin": _Theirs(kind="UncertaintySampling", settings={"method": "margin_sampling"}, takes="clf"),
    "entropy": _Theirs(kind="UncertaintySampling", settings={"method": "entropy"}, takes="clf"),
    "vote-entropy": _Theirs(kind="QueryByCommittee", settings={"method": "vote_entropy"}, takes="ensemble"),
    "mean-kl": _Theirs(kind="QueryByCommittee", settings={"method": "KL_divergence"}, takes="ensemble"),
    "variation-ratios": _Theirs(kind="QueryByCommittee", settings={"method": "variation_ratios"}, takes="ensemble"),
    "bald": _Theirs(kind="GreedyBALD", takes="ensemble"),
    "batch-bald": _Theirs(kind="BatchBALD", takes="ensemble"),
    "core-set": _Theirs(kind="CoreSet"),
    "badge": _Theirs(kind="Badge", takes="clf"),
    "typiclust": _Theirs(kind="TypiClust"),
    "probcover": _Theirs(kind="ProbCover"),
    "contrastive": _Theirs(kind="ContrastiveAL", takes="clf"),
    "discriminative": _Theirs(kind="DiscriminativeAL", takes="discriminator"),
    # It refuses a fitted one: every candidate is a fit anyhow.
    "expected-error-reduction": _Theirs(kind="MonteCarloEER", settings={"method": "log_loss"}, takes="unfitted"),
}


def has_rule(strategy: str) -> bool:
    """Return whether scikit-activeml has this strategy.

    >>> has_rule("badge"), has_rule("power")
    (True, False)
    """
    return strategy in _SAME


def measure_theirs(strategy: str, records: int) -> Apart | None:
    """Return seconds of one choice by scikit-activeml in a fresh process with 60 s and 16 GiB.

    None if it has no such rule.

    Its classifier is fitted beforehand, as ours is (``fit_clf=False``).
    """
    if strategy not in _SAME or find_spec("skactiveml") is None:
        return None
    # The limit is for the call: importing and drawing the pool take a while too.
    return run_apart(_time, strategy, records, seconds=SECONDS + 30, memory=MEMORY)


def _time(strategy: str, records: int) -> float:
    same, pools = _SAME[strategy], import_module("skactiveml.pool")
    view = begun(records).view
    X = view.features[0].double().numpy()
    y = np.full(len(X), np.nan)
    y[view.labelled_index[0].numpy()] = view.labels[0].numpy()
    query = getattr(pools, same.kind)(random_state=0, **same.settings)
    given = _given(same.takes, X, y)
    started = time.perf_counter()
    picks = query.query(X=X, y=y, batch_size=BATCH, **given)
    taken = time.perf_counter() - started
    if len(set(map(int, picks))) < BATCH:
        raise AssertionError(f"{same.kind} chose {picks}, which are not {BATCH} distinct records")
    if taken > SECONDS:
        raise TimeoutError(f"{taken:.0f} s")
    return taken


def _classifier(X: Any, y: Any, rows: Any = None) -> Any:
    from sklearn.linear_model import LogisticRegression

    wrapped = import_module("skactiveml.classifier").SklearnClassifier
    known = np.full_like(y, np.nan)
    chosen = np.flatnonzero(~np.isnan(y)) if rows is None else rows
    known[chosen] = y[chosen]
    classes = sorted(set(y[~np.isnan(y)].tolist()))
    return wrapped(LogisticRegression(), classes=classes, random_state=0).fit(X, known)


def _ensemble(X: Any, y: Any) -> list[Any]:
    rng, known = generator([0], "committee of scikit-activeml"), np.flatnonzero(~np.isnan(y))
    return [_classifier(X, y, rng.choice(known, len(known))) for _ in range(MEMBERS)]


def _given(takes: str, X: Any, y: Any) -> dict[str, Any]:
    """Return what ``query`` is given beside records, labels and batch size."""
    if takes == "clf":
        return {"clf": _classifier(X, y), "fit_clf": False}
    if takes == "unfitted":
        return {"clf": _classifier(X, y), "fit_clf": True}
    if takes == "ensemble":
        return {"ensemble": _ensemble(X, y), "fit_ensemble": False}
    if takes == "discriminator":
        from sklearn.linear_model import LogisticRegression

        wrapped = import_module("skactiveml.classifier").SklearnClassifier
        return {"discriminator": wrapped(LogisticRegression(), classes=[0, 1])}
    return {}
