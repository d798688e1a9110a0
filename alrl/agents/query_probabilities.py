"""Query by probabilities alone, of a model that lives elsewhere, or by a model; strategies by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alrl.agents.own_data.probability_table import read_labelled, read_table
from alrl.agents.players import find_strategy
from alrl.agents.query import PreparedPool, Queried, build_view, choose_from
from alrl.agents.query import query as query_model
from alrl.errors import InvalidQueryError
from alrl.numerics.arguments import whole_number
from alrl.strategies.base import Strategy, refuse_learning


def query(  # noqa: PLR0913 - the front door: all but a few have defaults
    model_or_probabilities: Any,
    X_pool: Any = None,
    X_labelled: Any = None,
    y_labelled: Any = None,
    *,
    strategy: Strategy | str = "general",
    batch_size: int = 1,
    features: Any = None,
    labelled: Any = None,
    classes: Sequence[Any] | None = None,
    members: Any = None,
    labels_left: int | None = None,
    seed: int = 0,
    return_scores: bool = False,
) -> NDArray[Any] | Queried:
    """Choose the records to be labelled next, by class probabilities or by a fitted model.

    With ``X_pool`` it is :func:`alrl.agents.query.query` with a strategy by name. Without, the model lives elsewhere:
    behind a service, in another language, in a file of yesterday's predictions; what it says of every record is enough.

    Args:
        model_or_probabilities: class probabilities (N, k) of all records, labelled ones among them or not; a frame's
            columns are named by the classes. Or a model.
        X_pool: with a model, its pool.
        X_labelled: with a model, the labelled records.
        y_labelled: with a model, their labels.
        strategy: a strategy or policy, or the name of one.
        batch_size: records wanted.
        features: what strategies see of the N records: a matrix, a sparse one, a frame, text; without it they see the
            probabilities alone. With a model as there.
        labelled: which of the N records are labelled: ``{row: label}``, or a pair (rows, labels), or the rows alone, of
            which the likeliest class is taken for the label. Or, for labelled records that are not among the N, a pair
            (their features (L, D), labels), or with their probabilities (L, k) a triple.
        classes: the classes, in the order of the columns; 0, 1, ... if left out.
        members: probabilities (M, N, k) by each member of a committee, for strategies that want them.
        labels_left: labels that may still be bought, this batch included.
        seed: of chance and ties.
        return_scores: whether scores and features are wanted too, as a :class:`alrl.agents.query.Queried`.

    Returns:
        Row numbers of the N records, none of them labelled, most wanted first; of a pandas frame its index labels.

    Raises:
        InvalidDataError: rows are no probabilities, or features, labels or members do not fit them.
        InvalidQueryError: the batch size is no whole number or below 1, or every record is labelled.
        InvalidRecipeError: there is no such strategy, or it learns from round to round.

    >>> probabilities = [[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.5, 0.5]]
    >>> query(probabilities, labelled={3: 1}, strategy="margin").tolist()
    [1]
    """
    chosen = find_strategy(strategy)
    if X_pool is not None:
        if labelled is not None or members is not None:
            raise InvalidQueryError(
                "labelled and members go with probabilities; with X_pool give X_labelled, y_labelled"
            )
        return query_model(
            chosen,
            model_or_probabilities,
            X_pool,
            X_labelled,
            y_labelled,
            batch_size=batch_size,
            labels_left=labels_left,
            seed=seed,
            features=features,
            classes=classes,
            return_scores=return_scores,
        )
    refuse_learning(chosen, "a query by itself")
    count = whole_number("batch_size", batch_size, least=1)
    budget = None if labels_left is None else whole_number("labels_left", labels_left, least=1)
    table = read_table(model_or_probabilities, features, classes, members)
    known = read_labelled(labelled, table)
    rows = known.pool
    if not len(rows):
        raise InvalidQueryError(f"all {len(table.probabilities)} records are labelled; there is nothing left to query")
    view = build_view(
        table.seen(known),
        len(rows),
        table.outputs(known),
        known.labels,
        needs=chosen.needs,
        labels_left=budget,
        seed=whole_number("seed", seed, least=0),
    )
    names = np.arange(len(table.probabilities)) if table.ids is None else table.ids
    prepared = PreparedPool(view=view, records=len(rows), ids=names[rows])
    return choose_from(chosen, prepared, count, return_scores=return_scores)
