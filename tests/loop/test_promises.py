"""Classes of one's own that break what they promise are told as they are played, by their names: none plays on."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from torch import Tensor

import alrl
from alrl.envs.candidates import CandidateSource, drawn
from alrl.errors import ContractError, InvalidDataError
from alrl.learners import Committee, SoftmaxRegression
from alrl.loop.annotators.base import Annotator, Answers, Query
from alrl.loop.pool_view import PoolView
from alrl.loop.promises import versions
from alrl.strategies import Strategy
from alrl.strategies.wrappers.class_balanced import ClassBalanced
from alrl.strategies.wrappers.epsilon_greedy import EpsilonGreedy
from alrl.strategies.wrappers.power import Power
from alrl.strategies.wrappers.subsampled import Subsampled
from alrl.testing import check_annotator, example_view


def strategy(score: Callable[[PoolView], Any], select: Callable[[PoolView, int], Any] | None = None) -> Strategy:
    class Own(Strategy):
        name = "own"

        def score(self, view: PoolView) -> Tensor:
            return score(view)  # type: ignore[no-any-return]

    if select is not None:
        Own.select = lambda self, view, count=1: select(view, count)  # type: ignore[method-assign]
    return Own()


def margins(view: PoolView) -> Tensor:
    return -view.margin


SCORES: dict[str, Callable[[PoolView], Any]] = {
    "NaN": lambda view: margins(view) * float("nan"),
    "infinite": lambda view: margins(view) + torch.inf,
    "of integers": lambda view: margins(view).long(),
    "booleans": lambda view: margins(view) > 0,
    "of three records": lambda view: margins(view)[:, :3],
    "of one row": lambda view: margins(view)[0],
    "an array": lambda view: margins(view).numpy(),
    "nothing": lambda view: None,
    "written into the view": lambda view: margins(view) + view.probabilities.zero_().sum(),
}
BATCHES: dict[str, Callable[[PoolView, int], Any]] = {
    "nothing": lambda view, count: None,
    "an array": lambda view, count: np.zeros((len(view.exists), count), dtype=int),
    "floats": lambda view, count: torch.zeros(len(view.exists), count),
    "one too few": lambda view, count: torch.full((len(view.exists), count - 1), -1),
    "outside the pool": lambda view, count: torch.full((len(view.exists), count), 10**6),
    "twice the same": lambda view, count: view.available.long().argmax(1, keepdim=True).expand(-1, count),
    "labelled": lambda view, count: view.labelled.long().argmax(1, keepdim=True).repeat(1, count),
}


@pytest.mark.parametrize("what", SCORES)
def test_scores_that_break_their_promise_are_told(what: str) -> None:
    with pytest.raises(ContractError, match=r"Own: .*check_strategy"):
        alrl.simulate("iris", strategy(SCORES[what]), labels=4, seeds=2)
    with pytest.raises(ContractError, match=r"Own: .*check_strategy"):
        alrl.query([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.5, 0.5]], strategy=strategy(SCORES[what]))


@pytest.mark.parametrize("what", BATCHES)
def test_batches_that_break_their_promise_are_told(what: str) -> None:
    with pytest.raises(ContractError, match=r"Own: select gives .*check_strategy"):
        alrl.simulate("iris", strategy(margins, BATCHES[what]), labels=4, batch=2, seeds=2)


def test_a_sound_strategy_of_ones_own_plays_as_the_rule_that_it_repeats() -> None:
    own, rule = (alrl.simulate("iris", each, labels=6, batch=2, seeds=3) for each in (strategy(margins), "margin"))
    assert own.picks is not None
    assert np.array_equal(own.picks, rule.picks)


def answers(change: Callable[[Query, dict[str, Any]], Any]) -> Annotator:
    class Own(Annotator):
        name = "own"

        def answer(self, query: Query) -> Answers:
            given: dict[str, Any] = {"labels": query.known}
            other = change(query, given)
            return Answers(**given) if other is None else other

    return Own()


ANSWERS: dict[str, Callable[[Query, dict[str, Any]], Any]] = {
    "a class that there is not": lambda query, given: given.update(labels=torch.full_like(query.picks, 99)),
    "one class too many": lambda query, given: given.update(labels=query.class_count[:, None].expand_as(query.picks)),
    "below none": lambda query, given: given.update(labels=torch.full_like(query.picks, -7)),
    "floats": lambda query, given: given.update(labels=query.known.double()),
    "of another shape": lambda query, given: given.update(labels=query.known[:, 0]),
    "a negative delay": lambda query, given: given.update(delay=torch.full_like(query.picks, -3)),
    "a price of NaN": lambda query, given: given.update(price=torch.full(query.picks.shape, torch.nan)),
    "a price below 0": lambda query, given: given.update(price=torch.full(query.picks.shape, -1.0)),
    "charges as numbers": lambda query, given: given.update(charged=torch.ones_like(query.picks)),
    "a tensor": lambda query, given: query.known,
}


@pytest.mark.parametrize("what", ANSWERS)
def test_answers_that_break_their_promise_are_told(what: str) -> None:
    # Labels out of range were written beyond the end of arrays: the process crashed after it had printed a result.
    with pytest.raises(ContractError, match=r"Own: .*check_annotator"):
        check_annotator(answers(ANSWERS[what]))
    with pytest.raises(ContractError, match=r"Own: .*check_annotator"):
        alrl.simulate("wine", "margin", labels=4, seeds=2, annotator=answers(ANSWERS[what]))


def learner(change: Callable[[Tensor], Any]) -> SoftmaxRegression:
    class Own(SoftmaxRegression):
        name = "own"

        def predict_proba(self, X: Tensor) -> Tensor:
            return change(super().predict_proba(X))  # type: ignore[no-any-return]

    return Own()


PROBABILITIES: dict[str, Callable[[Tensor], Any]] = {
    "one column": lambda given: given[..., :1],
    "NaN": lambda given: given * float("nan"),
    "summing to 3": lambda given: given * 3,
    "negative": lambda given: given * 2 - 1 / 3,
    "zero": torch.zeros_like,
    "an array": lambda given: given.numpy(),
    "nothing": lambda given: None,
}


@pytest.mark.parametrize("what", PROBABILITIES)
def test_predictions_that_break_their_promise_are_told(what: str) -> None:
    with pytest.raises(ContractError, match=r"Own: .*check_learner"):
        alrl.simulate("iris", "margin", labels=4, seeds=2, learner=learner(PROBABILITIES[what]))


@pytest.mark.parametrize("what", ["one column", "NaN", "summing to 3"])
def test_members_that_break_their_promise_are_told_through_their_committee(what: str) -> None:
    class Own(SoftmaxRegression):
        name = "own"

        def predict_branches(self, X: Tensor, branches: int) -> Tensor:
            return PROBABILITIES[what](super().predict_branches(X, branches))  # type: ignore[no-any-return]

    members = Committee(member=Own(), members=2)
    with pytest.raises(ContractError, match=r"Committee: .*check_learner"):
        alrl.simulate("iris", "margin", labels=4, seeds=2, learner=members)


@pytest.mark.parametrize("wrapper", [EpsilonGreedy, ClassBalanced, Power, Subsampled])
@pytest.mark.parametrize("what", ["NaN", "of three records", "written into the view"])
def test_a_rule_inside_another_is_told_too(wrapper: Any, what: str) -> None:
    with pytest.raises(ContractError, match=r"Own: .*check_strategy"):
        alrl.simulate("iris", wrapper(base=strategy(SCORES[what])), labels=4, seeds=2)


@pytest.mark.parametrize("what", ["one column", "summing to 3", "negative", "zero"])
def test_a_classifier_of_scikit_learn_that_gives_no_probabilities_is_told(what: str) -> None:
    class Broken(LogisticRegression):  # type: ignore[misc]
        def predict_proba(self, X: Any) -> Any:
            return PROBABILITIES[what](torch.as_tensor(super().predict_proba(X))).numpy()

    with pytest.raises(InvalidDataError, match=r"Broken.predict_proba gave (shape|rows)"):
        alrl.simulate("iris", "margin", labels=4, seeds=2, learner=Broken())


@pytest.mark.parametrize("position", [10**6, -2, 0])
def test_candidates_outside_the_pool_or_twice_are_told(position: int) -> None:
    class Own(CandidateSource):
        count = 3

        def draw(self, view: PoolView) -> Tensor:
            return torch.full((len(view.exists), 3), position)

    # A position beyond the pool crashed Python.
    with pytest.raises(ContractError, match=r"Own: draw gives distinct positions of available records"):
        drawn(Own(), example_view(seed=0))


def test_a_learner_that_writes_to_its_records_is_told() -> None:
    class Fits(SoftmaxRegression):
        name = "own"

        def fit(self, X: Tensor, y: Tensor, weight: Tensor, class_mask: Tensor) -> Any:
            y.zero_()
            return super().fit(X, y, weight, class_mask)

    class Predicts(SoftmaxRegression):
        name = "own"

        def predict_proba(self, X: Tensor) -> Tensor:
            return super().predict_proba(X.mul_(2))

    for own, part in ((Fits(), "y"), (Predicts(), "X")):
        with pytest.raises(ContractError, match=f"it leaves what it is given untouched; it wrote to {part}; .*learner"):
            alrl.simulate("iris", "margin", labels=4, seeds=2, learner=own)


def test_an_annotator_that_writes_to_the_query_is_told() -> None:
    with pytest.raises(
        ContractError, match=r"Own: it leaves the query untouched; it wrote to truth; .*check_annotator"
    ):
        alrl.simulate("iris", "margin", labels=4, seeds=2, annotator=answers(lambda query, _: query.truth.zero_()))


def test_what_holds_gradients_plays_as_what_does_not() -> None:
    weight = torch.nn.Parameter(torch.ones(()))
    own = alrl.simulate(
        "iris", strategy(lambda view: margins(view) * weight), labels=4, seeds=2, learner=learner(lambda p: p * weight)
    )
    rule = alrl.simulate("iris", "margin", labels=4, seeds=2)
    assert own.picks is not None
    assert np.array_equal(own.picks, rule.picks)


def test_what_a_view_computes_when_asked_has_not_been_written_to() -> None:
    view = example_view(seed=1).with_selected(torch.tensor([1, 2, 3]))
    before = versions(view)
    names = [name for name, value in vars(PoolView).items() if isinstance(value, functools.cached_property)]
    for name in names:
        getattr(view, name)
    assert len(names) > 10
    assert {version for name, version in versions(view).items() if name not in before} == {0}
