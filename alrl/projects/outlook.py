"""What can be said of a project before a label is bought: cost of its rounds, first sample, batch, distance."""

from __future__ import annotations

import math
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from alrl.errors import AlrlError
from alrl.numerics.streams import generator
from alrl.projects.judgement.bill import break_even
from alrl.projects.records.pool import LARGE

if TYPE_CHECKING:
    from alrl.projects.journal import Journal
    from alrl.projects.records.pool import Pool

USUAL_LABELS, LABELS_A_CLASS = 200, 40
"""Labels that are planned for where the project names no budget: as many at least, and so many for each class."""
BATCHES = (1, 5, 10, 20, 50, 100, 200)
"""Batch sizes that are weighed."""
_COMPUTING, _WAITING = 0.05, 0.1
"""Shares of the labels' money that computing, and of the annotators' time that waiting for a fit, may take."""
_MISSED = 0.1
"""Chance that some class is missing from the first sample, where classes are equally common."""
_SECONDS_A_LABEL = 10.0
_WARM_UP = 40
"""Labels of a first fit whose time does not count."""
_STATES = 1_000
"""Records that a distance is looked at on."""


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """What to expect of a project."""

    records: int
    classes: int
    labels: int
    """Planned: the budget, or what is usual."""
    known: int
    """Labels that are there already."""
    missing: tuple[str, ...]
    """Classes without a label."""
    first: int
    """Records of a first sample that misses no class, with nine chances in ten, where classes are equally common; less
    the labels that are there."""
    batch: int
    rounds: int
    round_seconds: float
    """Measured: one fit to so many labels, folds and predictions of the pool."""
    break_even: float
    """Share of the labels that querying has to save to pay for its rounds, 0 to 1."""
    label_money: float
    compute_money: float
    everything: float
    """What labels of all records that have none would cost."""
    unlabelled: int
    """Records that have no label and may be asked for."""
    distance: float | None
    """Share of the policy's features that are unusual beside its training; None for a rule, or where not known."""
    distance_words: str

    @property
    def pays(self) -> bool:
        """Whether labels can be saved, and computing is small beside them, so that few saved labels pay for it."""
        return self.labels < self.unlabelled and self.break_even <= _COMPUTING

    def sentences(self) -> list[str]:
        """Return the outlook in words, a line each."""
        querying = (
            f"querying {self.labels} of {self.records} records in {self.rounds} batches of {self.batch} costs"
            f" {self.label_money:.2f} for labels and {self.compute_money:.2f} for computing; labels of all records"
            f"{' that have none' if self.known else ''} cost {self.everything:.2f}"
        )
        pays = f"it {'pays' if self.pays else 'hardly pays'}: rounds pay for themselves if they save"
        pays += f" {100 * self.break_even:.1f} % of the labels"
        if self.labels >= self.unlabelled:
            pays = "it does not pay: every record would be labelled, and none saved; give a budget below that (labels)"
        first = (
            f"first sample: {self.first} records; each of {self.classes} equally common classes is then in it nine"
            " times in ten"
        )
        if self.known:
            first = f"first sample: {self.first or 'no'} records beside the {self.known} labels that are there"
            if self.missing:
                first += f"; no label is of {', '.join(self.missing[:3])}"
        batch = (
            f"batch: {self.batch}, the smallest whose rounds of {self.round_seconds:.2f} s take at most"
            f" {100 * _COMPUTING:.0f} % of the labels in money and {100 * _WAITING:.0f} % of the annotators' time"
        )
        distance = f"distance from the policy's training: {self.distance_words}"
        return [querying, pays, first, batch, distance]


def outlook(project: Journal) -> Outlook:
    """Return what to expect of a project; no label is needed, and nothing is written.

    A round is measured by fitting the project's model to classes drawn by lot. The distance is that of margin sampling
    on records whose classes are stood in by clusters, as :func:`alrl.evaluation.distance.distance` has it.
    """
    state, pool = project.state_and_pool()
    classes, prices = len(state.classes), state.settings["prices"]
    wanted = state.settings.get("labels") or max(USUAL_LABELS, LABELS_A_CLASS * classes)
    known = len(state.labels)
    missing = tuple(name for name in state.classes if name not in state.labels.values())
    left = state.unlabelled()
    labels = max(1, min(int(wanted), left))
    seconds = _round_seconds(project, pool, labels)
    batch = batch_for(labels, seconds, label=prices["label"], hour=prices["hour"])
    rounds = math.ceil(labels / batch)
    compute = rounds * seconds * prices["hour"] / 3600
    record = compute / (labels * (rounds + 1) / 2)
    distance, words = _distance(state.settings["strategy"], pool, classes)
    return Outlook(
        records=state.records(),
        classes=classes,
        labels=labels,
        known=known,
        missing=missing,
        first=max(0, min(first_size(classes), state.records()) - known),
        batch=batch,
        rounds=rounds,
        round_seconds=seconds,
        break_even=break_even(prices["label"], record, rounds),
        label_money=labels * prices["label"],
        compute_money=compute,
        everything=left * prices["label"],
        unlabelled=left,
        distance=distance,
        distance_words=words,
    )


def first_size(classes: int) -> int:
    """Return the records, at least ten, that miss one of equally common classes with a chance of a tenth at most.

    By the union bound: K (1 - 1 / K) ** n is the expected number of missing classes.

    >>> first_size(2), first_size(10)
    (10, 44)
    """
    return max(10, math.ceil(math.log(_MISSED / classes) / math.log(1 - 1 / classes)))


def batch_for(labels: int, seconds: float, *, label: float, hour: float) -> int:
    """Return the smallest batch whose rounds, of so many ``seconds``, are cheap and quick beside their labels.

    >>> batch_for(200, 0.5, label=0.8, hour=2.5), batch_for(200, 60.0, label=0.8, hour=2.5)
    (1, 100)
    """
    for batch in BATCHES:
        cheap = seconds * hour / 3600 <= _COMPUTING * batch * label or hour == 0
        if cheap and seconds <= _WAITING * batch * _SECONDS_A_LABEL:
            return min(batch, labels)
    return min(BATCHES[-1], labels)


def _round_seconds(project: Journal, pool: Pool, labels: int) -> float:
    """Return the seconds of one fit to ``labels`` records of classes drawn by lot, with folds and predictions.

    A fit to a few of them goes before, which does not count.
    """
    from alrl.projects.fitting import model_of
    from alrl.projects.rounds import folds_of

    rng = generator([pool.records, labels], "outlook")
    at = rng.choice(pool.records, size=labels, replace=False)
    codes = rng.permutation(np.arange(labels) % len(pool.classes))
    model = model_of(project, project.state)
    if not model.ready(codes):
        return 0.0

    def round_of(count: int) -> float:
        started = time.perf_counter()
        model.fit(pool, at[:count], codes[:count], len(pool.classes))
        fold = folds_of(codes[:count], 0)
        if fold is not None:
            model.out_of_fold(pool, at[:count], codes[:count], len(pool.classes), fold)
        return time.perf_counter() - started

    # A first round loads or compiles code and encodes the records, which later rounds do not.
    few = min(labels, _WARM_UP)
    if model.ready(codes[:few]):
        # Some models cannot be fitted to so few.
        with suppress(AlrlError):
            round_of(few)
    return round_of(labels)


def _distance(strategy: str, pool: Pool, classes: int) -> tuple[float | None, str]:
    """Return the distance of the records from a policy's training, and the same in words."""
    from alrl.agents.players import find_strategy
    from alrl.agents.policy import Policy

    policy = find_strategy(strategy)
    if not isinstance(policy, Policy):
        return None, f"{strategy} is a rule, which was not trained"
    try:
        result = _distance_of(policy, pool, classes)
    except AlrlError as error:
        return None, f"not known ({error})"
    guard = "" if result.guarded is None else f"; its guard would choose {100 * result.guarded:.0f} % of the queries"
    return result.distance, (
        f"{result.verdict}, {100 * result.distance:.1f} % of its features are unusual (1 % in training), with clusters"
        f" in place of classes{guard}"
    )


def _distance_of(policy: Any, pool: Pool, classes: int) -> Any:
    from sklearn.cluster import KMeans

    from alrl.data.data_set import DataSet
    from alrl.evaluation.distance import distance

    X = pool.features[0].numpy().astype(np.float64)
    rng = generator([min(pool.records, LARGE)], "outlook")
    X = X[rng.permutation(len(X))[:_STATES]]
    clusters = KMeans(min(classes, len(X)), n_init=1, random_state=0).fit(X).labels_
    data_set = DataSet.from_arrays(X, [f"cluster {each}" for each in clusters], name="records")
    return distance(policy, [data_set], labels=30, seeds=2).data_sets[0]
