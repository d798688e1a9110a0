"""A strategy or policy on one's own data and model: five lines, no simulator."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, overload

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from alrl.agents.own_data.features import QueryFeatures, find_features, refuse_unusable
from alrl.agents.own_data.labels import read_labels
from alrl.agents.own_data.model_outputs import ModelOutputs, ask_model
from alrl.agents.own_data.pool_and_labelled import read_pair
from alrl.data.standardisation import Standardisation, warn_of_constants
from alrl.errors import InvalidQueryError, PoolExhaustedWarning
from alrl.geometry.geometry import Geometry
from alrl.loop.pool_view import PoolView
from alrl.loop.predictions import Trajectory
from alrl.loop.view_fields import MEANINGS, Need
from alrl.numerics.arguments import whole_number
from alrl.numerics.noise import EpisodeNoise
from alrl.strategies.base import Strategy, picked, refuse_learning, scored

_USUAL_BUDGET = 60


class Queried(NamedTuple):
    """The records to be labelled next, with what they were chosen by."""

    records: NDArray[Any]
    """Row numbers, or index labels of a pandas frame, (batch,), most wanted first."""
    scores: NDArray[np.float64]
    """Score of every record of the pool as the first pick, (records,): the higher the sooner; minus infinity where a
    policy did not consider it."""
    features: NDArray[np.float32]
    """What the strategy saw of every record of the pool, (records, features), centred and scaled."""


@overload
def query(
    strategy: Strategy,
    model: Any,
    X_pool: Any,
    X_labelled: Any,
    y_labelled: Any,
    *,
    batch_size: int = ...,
    labels_left: int | None = ...,
    seed: int = ...,
    features: Any = ...,
    classes: Sequence[Any] | None = ...,
    return_scores: Literal[False] = ...,
) -> NDArray[Any]: ...


@overload
def query(
    strategy: Strategy,
    model: Any,
    X_pool: Any,
    X_labelled: Any,
    y_labelled: Any,
    *,
    batch_size: int = ...,
    labels_left: int | None = ...,
    seed: int = ...,
    features: Any = ...,
    classes: Sequence[Any] | None = ...,
    return_scores: bool,
) -> NDArray[Any] | Queried: ...


def query(  # noqa: PLR0913 - the front door: all but a few have defaults
    strategy: Strategy,
    model: Any,
    X_pool: Any,
    X_labelled: Any,
    y_labelled: Any,
    *,
    batch_size: int = 1,
    labels_left: int | None = None,
    seed: int = 0,
    features: Any = None,
    classes: Sequence[Any] | None = None,
    return_scores: bool = False,
) -> NDArray[Any] | Queried:
    """Choose the records of a pool to be labelled next.

    The model is given records as they are. What strategies see of them is found apart from that: numbers as they are, a
    missing one as its column's mean; of frames with text, categories, dates or gaps what the steps of the model's
    pipeline before the last give, or else skrub's encoding; of text and wide sparse matrices 100 principal directions.
    Features are centred and scaled by pool and labelled set together, so that units and offsets change nothing; columns
    that do not vary are left out, with a ConstantColumnWarning if they have names. Columns of frames go by their names.
    Nothing is known of earlier rounds, so the trajectory features say that nothing has changed.

    In pools of more than 20,000 records policies rank how sparse the pool is around a candidate among 1,024 records at
    random; whatever else they read is exact. ``docs/large-pools.md`` says how rarely that changes a choice, and that
    100,000 records take a second or two. What rules approximate is in ``docs/strategies.md``, what each kind of model
    and of data comes to in ``docs/models.md``.

    Args:
        strategy: a policy or a rule.
        model: a fitted classifier with ``predict_proba``, or else ``decision_function`` or ``predict``; a torch module
            or another function from records to (records, classes); or a list of several, which is a committee.
        X_pool: unlabelled records: an array, a sparse matrix, a tensor, a frame of pandas or polars, text, images.
        X_labelled: labelled records of the same kind; may be empty.
        y_labelled: their labels, (labelled,).
        batch_size: records wanted; if the pool has fewer, all of them are returned, with a
            PoolExhaustedWarning.
        labels_left: labels that may still be bought, this batch included; by default a budget of 60 labels after the
            first of each class is assumed.
        seed: of chance and ties; the same seed chooses the same records.
        features: what strategies see, where that is not to be found: a pair of matrices, for pool and labelled records,
            a function or transformer that gives them, or a list of columns of a frame.
        classes: the classes, in the order of the model's columns if it does not name them itself.
        return_scores: whether scores and features are wanted too, as a :class:`Queried`.

    Returns:
        Row numbers of ``X_pool``, (min(batch_size, records),), int64, distinct, most wanted first; of a pandas frame
        the labels of its index.

    Raises:
        InvalidDataError: the records do not fit each other or the model, hold infinite numbers, or hold what no
            features can be made of.
        InvalidQueryError: the batch size is no whole number above 0, the pool is empty, or the strategy needs refits.
        InvalidRecipeError: the strategy learns from round to round, and one query knows no round.

    >>> from sklearn.linear_model import LogisticRegression
    >>> from alrl.strategies import make_strategy
    >>> X_labelled, y_labelled = [[0.0], [4.0]], ["low", "high"]
    >>> model = LogisticRegression().fit(X_labelled, y_labelled)
    >>> query(make_strategy("margin"), model, [[0.5], [1.9], [3.0]], X_labelled, y_labelled, batch_size=2).tolist()
    [1, 2]
    """
    refuse_learning(strategy, "a query by itself")
    count = whole_number("batch_size", batch_size, least=1)
    prepared = prepare(
        model,
        X_pool,
        X_labelled,
        y_labelled,
        needs=strategy.needs,
        labels_left=labels_left,
        seed=seed,
        features=features,
        classes=classes,
    )
    return choose_from(strategy, prepared, count, return_scores=return_scores)


@dataclass(frozen=True, kw_only=True, eq=False)
class PreparedPool:
    """A pool that a strategy can be asked about."""

    view: PoolView
    """The pool's records first, then the labelled ones."""
    records: int
    """Number of records of the pool."""
    ids: NDArray[Any] | None
    """Their names, (records,), where they have any."""


def choose_from(
    strategy: Strategy,
    prepared: PreparedPool,
    count: int,
    *,
    return_scores: bool,
) -> NDArray[Any] | Queried:
    """Choose ``count`` records of a pool. Warns with PoolExhaustedWarning if it holds fewer."""
    _refuse_unmet(strategy, prepared.view)
    left = int(prepared.view.available.sum())
    warn_if_fewer(left, count)
    picks = picked(strategy, prepared.view, min(count, left))[0].numpy()
    rows = picks[picks >= 0].astype(np.int64)
    chosen = rows if prepared.ids is None else prepared.ids[rows]
    if not return_scores:
        return chosen
    scores = scored(strategy, prepared.view)[0, : prepared.records].double().numpy()
    return Queried(records=chosen, scores=scores, features=prepared.view.features[0, : prepared.records].numpy())


def prepare(
    model: Any,
    X_pool: Any,
    X_labelled: Any,
    y_labelled: Any,
    *,
    needs: Collection[Need] = (),
    labels_left: int | None = None,
    seed: int = 0,
    features: Any = None,
    classes: Sequence[Any] | None = None,
) -> PreparedPool:
    """Ask a model about a pool, and find what strategies see of it.

    Arguments and errors are those of :func:`query`. Of what strategies need beyond probabilities (``needs``), the
    embedding is the features, and members are those of a fitted ensemble.
    """
    budget = None if labels_left is None else whole_number("labels_left", labels_left, least=1)
    number = whole_number("seed", seed, least=0)
    pool, labelled = read_pair(X_pool, X_labelled, model)
    labels = read_labels(y_labelled, labelled)
    parts = [pool] if labelled is None else [pool, labelled]
    for part in parts:
        refuse_unusable(part)
    outputs = ask_model(model, parts, labels, classes=classes, members="members" in needs)
    seen = find_features(pool, labelled, model, features)
    view = build_view(seen, len(pool), outputs, labels, needs=needs, labels_left=budget, seed=number)
    return PreparedPool(view=view, records=len(pool), ids=pool.ids)


def _refuse_unmet(strategy: Strategy, view: PoolView) -> None:
    """Raise InvalidQueryError if the strategy needs what the view does not have."""
    for need in sorted(strategy.needs):
        if getattr(view, need.replace("-", "_")) is None:
            raise InvalidQueryError(
                f"{strategy.name} needs {MEANINGS[need]}, which a query by itself does not have;"
                f" {_INSTEAD.get(strategy.name) or _INSTEAD.get(need, '')}choose a strategy that needs none"
                f" (docs/strategies.md says what each needs), or play {strategy.name} with simulate()"
            )


_INSTEAD = {  # What works in a query, by strategy or by need.
    "uherding": "give strategy=UHerding(temperature=1) of alrl.strategies.diversity.herding, which refits nothing; ",
    "members": "give a list of several models, or an ensemble; with probabilities give members=; ",
}


def warn_if_fewer(records: int, batch_size: int) -> None:
    """Warn with PoolExhaustedWarning if fewer ``records`` are left than a batch asks for."""
    if batch_size > records:
        warnings.warn(
            f"batch_size = {batch_size} given, and {records} records are left to query: all of them are returned",
            PoolExhaustedWarning,
            stacklevel=4,
        )


def _standardised(seen: QueryFeatures) -> Tensor:
    """Return the features centred and scaled, (1, N, D); a column that is constant becomes zero."""
    standard = Standardisation.of_table(seen.values)
    if seen.names and len(seen.values) > 1:
        warn_of_constants(standard.constant_columns(seen.names), "X_pool and X_labelled", stacklevel=5)
    largest = standard.scale.max(initial=0.0)
    common = None
    if seen.common_scale and largest > 0:
        common = np.full_like(standard.scale, largest * np.sqrt(np.square(standard.scale / largest).mean()))
    return torch.from_numpy(standard.apply(seen.values, scale=common))[None]


def build_view(
    seen: QueryFeatures,
    pool: int,
    outputs: ModelOutputs,
    labels: Sequence[Any],
    *,
    needs: Collection[Need] = (),
    labels_left: int | None = None,
    seed: int = 0,
) -> PoolView:
    """Return one episode's view: the ``pool`` records first, the labelled ones after them."""
    features = _standardised(seen)
    codes = outputs.codes(labels)
    records, classes = features.shape[1], len(outputs.classes)
    exists = torch.ones(1, records, dtype=torch.bool)
    labelled = (torch.arange(records) >= pool)[None]
    chances = torch.from_numpy(outputs.probabilities.astype(np.float32))[None]
    spent = max(0, len(codes) - classes)
    budget = spent + labels_left if labels_left is not None else max(_USUAL_BUDGET, spent + 1)
    members = None if outputs.members is None else torch.from_numpy(outputs.members.astype(np.float32))[None]
    return PoolView(
        features=features,
        feature_count=torch.tensor([features.shape[2]]),
        exists=exists,
        labelled=labelled,
        selected=torch.zeros_like(labelled),
        labelled_index=torch.arange(pool, records)[None],
        labelled_mask=torch.ones(1, len(codes), dtype=torch.bool),
        labels=torch.from_numpy(codes)[None],
        class_mask=torch.ones(1, classes, dtype=torch.bool),
        probabilities=chances,
        noise=EpisodeNoise([[seed]], "strategy").draw(records),
        trajectory=Trajectory(
            flips=torch.zeros(1, records),
            loops=torch.ones(1),
            probabilities=(chances,),
            remembered=torch.ones(1, 1, dtype=torch.bool),
        ),
        spent=torch.tensor([spent]),
        budget=torch.tensor([max(budget, 1)]),
        geometry=Geometry(features, exists),
        embedding=features if "embedding" in needs else None,
        members=members if "members" in needs else None,
    )
