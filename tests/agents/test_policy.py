"""A policy plays wherever a rule does, and before training plays exactly as margin sampling does."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from alrl.agents.policy import Policy
from alrl.envs.candidates import CandidateMixture
from alrl.errors import InvalidQueryError, InvalidRecipeError
from alrl.evaluation.simulate import simulate
from alrl.metadata import DEFAULT_GROUPS, FeatureSet
from alrl.strategies import ContractError
from alrl.testing import check_strategy, example_view


@pytest.mark.parametrize("data", ["wine", "breast_cancer"])
@pytest.mark.parametrize("batch", [1, 4])
def test_untrained_it_queries_what_margin_queries(data: str, batch: int, untrained: Policy) -> None:
    policy = dataclasses.replace(untrained, mixture=CandidateMixture(count=16))
    ours = simulate(data, policy, labels=12, batch=batch, seeds=3)
    rule = simulate(data, "margin", labels=12, batch=batch, seeds=3)
    assert ours.picks.tolist() == rule.picks.tolist()
    assert ours.accuracy.tolist() == rule.accuracy.tolist()


def test_weights_change_what_is_queried(wild: Policy) -> None:
    ours, rule = (simulate("wine", each, labels=8, seeds=3) for each in (wild, "margin"))
    assert ours.picks.tolist() != rule.picks.tolist()
    assert ours.strategy == "policy"


def test_untrained_it_keeps_the_contract_of_strategies(untrained: Policy) -> None:
    check_strategy(untrained)


@pytest.mark.parametrize("seed", range(3))
def test_it_keeps_the_contract_whatever_its_weights(seed: int, untrained: Policy) -> None:
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in untrained.network.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.2)
    check_strategy(untrained)


def test_with_fewer_candidates_than_records_only_the_finite_score_of_each_record_is_given_up(wild: Policy) -> None:
    narrow = dataclasses.replace(wild, mixture=CandidateMixture(count=4))
    with pytest.raises(ContractError, match="finite wherever a record is available"):
        check_strategy(narrow)
    view = example_view(seed=3)
    candidates, scores = narrow.score_candidates(view)
    full = narrow.score(view)
    assert torch.equal(full.isfinite().sum(1), (candidates >= 0).sum(1))
    assert torch.equal(full.gather(1, candidates.clamp_min(0))[candidates >= 0], scores[candidates >= 0])


def test_a_batch_is_filled_pick_by_pick(wild: Policy) -> None:
    view = example_view(seed=5, records=(12, 12), labelled=(3, 9))
    picks = wild.select(view, 5)
    for number in range(5):
        assert torch.equal(wild.select(view, 1)[:, 0], picks[:, number])
        view = view.with_selected(picks[:, number])
    assert [len(set(row)) for row in picks.tolist()] == [5, 4]
    assert picks[1].tolist()[3:] == [-1, -1]


def test_a_batch_below_one_is_refused(untrained: Policy) -> None:
    with pytest.raises(InvalidQueryError, match="batch of 0 records asked for; a batch has at least 1 record"):
        untrained.select(example_view(), 0)


def test_the_fingerprint_is_that_of_the_weights(untrained: Policy) -> None:
    before = untrained.fingerprint
    assert len(before) == 64
    renamed = dataclasses.replace(untrained, name="other").to("cpu")
    assert renamed.fingerprint == before
    with torch.no_grad():
        untrained.network.margin_weight += 1
    assert untrained.fingerprint != before
    assert renamed.fingerprint == before


def test_a_feature_that_is_no_number_or_out_of_bounds_is_named(wild: Policy) -> None:
    view = example_view(seed=2)
    for value, answer in ((torch.nan, "nan"), (torch.inf, "inf"), (1.5, "1.5"), (-0.5, "-0.5")):
        broken = dataclasses.replace(view, probabilities=torch.full_like(view.probabilities, value))
        for ask in (wild.select, wild.score):
            with pytest.raises(
                InvalidQueryError,
                match=rf"the feature 'top-probability' of a candidate is {answer}; it lies from 0 to 1",
            ):
                ask(broken)


def test_a_feature_that_cannot_be_computed_is_told_by_its_group(untrained: Policy) -> None:
    features = FeatureSet([*DEFAULT_GROUPS, "disagreement"])
    policy = Policy.untrained(features, untrained.mixture)
    bare = dataclasses.replace(example_view(), members=None)
    with pytest.raises(InvalidQueryError, match='the feature group "disagreement" needs the predictions'):
        policy.select(bare)


def test_a_feature_to_do_without_that_there_is_not_is_told() -> None:
    with pytest.raises(
        InvalidRecipeError, match='unknown feature to do without "margin-rnk"; did you mean "margin-rank"'
    ):
        Policy.untrained(FeatureSet(DEFAULT_GROUPS), CandidateMixture(), without=["margin-rnk"])
