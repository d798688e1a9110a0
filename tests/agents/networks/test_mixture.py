from __future__ import annotations

import dataclasses
import json
import math

import pytest
import torch

from alrl.agents.networks.mixture import NETWORK, Mixture
from alrl.agents.networks.set_scorer import SetScorer
from alrl.agents.policy import Policy
from alrl.agents.policy_file import load_policy, save_policy
from alrl.envs.candidates import CandidateMixture
from alrl.errors import InvalidRecipeError, PolicyFileError
from alrl.metadata import FeatureSet
from alrl.strategies.diversity.herding import UHerding
from alrl.testing import check_strategy
from alrl.testing.example_view import example_view
from tests.agents.conftest import disturb

FEATURES = FeatureSet(["confidence", "coverage", "loop"])
NAMES = [feature.name for feature in FEATURES.record]
GAIN = NAMES.index("doubtful-cover-gain")


def mixture(weight, *, members=1, columns=(GAIN,), sizes=(), **mixture):
    chosen = CandidateMixture(**{"count": 12, "margin": 0.5, "herding": 0.5, "random": 0.0} | mixture)
    base = disturb(Policy.untrained(FEATURES, chosen, width=8, members=members), 3)
    made = Mixture(FEATURES, base.network, columns, torch.tensor(weight), sizes=sizes)
    return dataclasses.replace(base, network=made)


def test_the_network_alone_chooses_as_it_does_by_itself():
    policy = mixture([1.0, 0.0])
    view = example_view(seed=1, records=(30, 20))
    alone = dataclasses.replace(policy, network=policy.network.prior)
    assert policy.select(view, 4).equal(alone.select(view, 4))


def test_the_gain_alone_chooses_as_uncertain_herding_does():
    policy = mixture([0.0, 1.0])
    view = example_view(seed=2, records=(30, 20), labelled=(4, 3))
    rule = UHerding(radius="mean", temperature=1.0, unit_length=False)
    assert policy.select(view, 1).equal(rule.select(view, 1))


def test_terms_are_standardised_among_the_candidates():
    policy = mixture([1.0, 1.0])
    view = example_view(seed=3, records=(40,), labelled=(4,))
    candidates = policy.mixture.draw(view)
    seen = FEATURES.observe(view, candidates)
    terms = policy.network.terms(seen.candidates, seen.loop, seen.mask)[seen.mask]
    assert terms.mean(0).abs().max() < 1e-4
    assert policy.network.names == (NETWORK, "doubtful-cover-gain")


def test_each_episode_may_have_weights_of_its_own():
    policy = mixture([[1.0, 0.0], [0.0, 1.0]])
    view = example_view(seed=4, records=(30, 30), features=(3,), classes=(3,), labelled=(4,))
    both = policy.select(view, 1)
    for episode, weight in enumerate(([1.0, 0.0], [0.0, 1.0])):
        assert mixture(weight).select(view, 1)[episode].equal(both[episode])


def test_each_size_of_a_batch_may_have_weights_of_its_own():
    policy = mixture([[1.0, 0.0], [0.0, 1.0]], sizes=(1, 10))
    view = example_view(seed=6, records=(30, 20), labelled=(4, 3))
    assert policy.select(view, 1).equal(mixture([1.0, 0.0]).select(view, 1))
    assert policy.select(view, 10).equal(mixture([0.0, 1.0]).select(view, 10))
    assert policy.score(view).equal(mixture([1.0, 0.0]).score(view))
    weights = {size: policy.network.of_batch(size).weight.tolist() for size in (1, 2, 5, 10, 200)}
    share = math.log10(2)
    assert weights[1] == [1.0, 0.0]
    assert weights[2] == pytest.approx([1 - share, share])
    assert weights[5] == pytest.approx([share, 1 - share])
    assert weights[10] == weights[200] == [0.0, 1.0]


@pytest.mark.parametrize("sizes", [(1,), (10, 1), (1, 1), (0, 10)])
def test_sizes_that_do_not_rise_or_have_no_weights_are_refused(sizes):
    with pytest.raises(InvalidRecipeError, match="rising ones of at least 1, with weights each"):
        mixture([[1.0, 0.0], [0.0, 1.0]], sizes=sizes)


def test_a_file_keeps_the_weights_of_each_size(tmp_path):
    policy = mixture([[0.7, 1.0], [0.2, 1.0]], sizes=(1, 10))
    again = load_policy(save_policy(policy, tmp_path / "mine"))
    view = example_view(seed=5, records=(30, 20))
    assert again.select(view, 3).equal(policy.select(view, 3))
    assert "in batches of 10 +0.20 network, +1.00 doubtful-cover-gain" in again.network.summary


@pytest.mark.parametrize("members", [1, 2])
def test_a_file_gives_the_same_policy_again(tmp_path, members):
    policy = mixture([0.7, 1.0], members=members)
    again = load_policy(save_policy(policy, tmp_path / "mine"))
    view = example_view(seed=5, records=(30, 20))
    assert again.fingerprint == policy.fingerprint
    assert again.select(view, 3).equal(policy.select(view, 3))
    assert "+0.70 network, +1.00 doubtful-cover-gain" in again.network.summary
    assert json.loads((tmp_path / "mine" / "policy.json").read_text())["candidates"]["herding"] == 0.5


def test_a_file_whose_weights_do_not_fit_its_columns_is_refused(tmp_path):
    policy = mixture([0.7, 1.0])
    policy.network.weight = torch.ones(5)
    with pytest.raises(PolicyFileError, match="one weight for its network and each of its 1 columns"):
        load_policy(save_policy(policy, tmp_path / "mine"))


def test_a_file_whose_weights_do_not_fit_its_sizes_is_refused(tmp_path):
    policy = mixture([[0.7, 1.0], [0.2, 1.0]], sizes=(1, 10))
    policy.network.weight = torch.ones(3, 2)
    with pytest.raises(PolicyFileError, match="for each of its 2 sizes of a batch"):
        load_policy(save_policy(policy, tmp_path / "mine"))


@pytest.mark.parametrize("columns", [(99,), (-1,), (1, 1)])
def test_columns_that_there_are_not_are_refused(columns):
    prior = SetScorer(record=len(NAMES), loop=13, margin_column=2, width=4)
    with pytest.raises(InvalidRecipeError, match="columns"):
        Mixture(FEATURES, prior, columns)


def test_it_keeps_the_contract_of_strategies():
    check_strategy(mixture([1.0, 1.0]))
    apart = mixture([[1.0, 0.2], [0.1, 1.0]], sizes=(1, 10))
    assert not apart.ordered
    check_strategy(apart)
