"""Every reward by hand-computed episodes, and what holds of it whatever the episode."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from alrl.envs.env import ActiveLearningEnv
from alrl.envs.rewards import Reward, Standing, make_reward, reward_kinds
from alrl.envs.rewards.contract import payment
from alrl.errors import ContractError, InvalidRecipeError
from alrl.testing import check_reward


def standings(scores, spent, *, budget=30, money=None, full=float("nan"), reward=None):
    """The standings of one episode, in order."""
    shown, reached = [], torch.tensor([False])
    for number, (score, labels) in enumerate(zip(scores, spent, strict=True)):
        now, whole = torch.tensor([float(score)]), torch.tensor([float(full)])
        if reward is not None:
            reached = reached | reward.reaches(now, whole)
        shown.append(
            Standing(
                score=now,
                spent=torch.tensor([labels]),
                budget=torch.tensor([budget]),
                money=torch.tensor([float(money[number]) if money else 0.0], dtype=torch.float64),
                full_score=whole,
                reached=reached,
            )
        )
    return shown


def earned(reward, shown):
    """What each round pays, and what is settled at the end."""
    return [float(reward.paid(a, b)) for a, b in pairwise(shown)], float(reward.settled(shown[-1]))


def test_these_are_all():
    assert set(reward_kinds()) == {"area", "gain", "net-value", "target"}


def test_gain_is_what_a_loop_adds():
    paid, settled = earned(make_reward("gain"), standings([0.5, 0.7, 0.65], [0, 10, 20]))
    assert paid == pytest.approx([0.2, -0.05])
    assert settled == 0


def test_area_is_the_normalised_area_under_the_curve():
    # KNOWN_VALUES: n = 10, 20, 30, 40 and accuracy .5, .7, .8, .85 have the area .725.
    paid, settled = earned(make_reward("area"), standings([0.5, 0.7, 0.8, 0.85], [0, 10, 20, 30]))
    assert paid == pytest.approx([0.2, 0.25, 0.275])
    assert sum(paid) + settled == pytest.approx(0.725)
    assert settled == 0


def test_area_goes_on_level_where_an_episode_ends_before_its_budget():
    paid, settled = earned(make_reward("area"), standings([0.5, 0.7, 0.8], [0, 10, 20]))
    assert paid == pytest.approx([0.2, 0.25])
    assert settled == pytest.approx(0.8 / 3)


def test_target_pays_minus_the_labels_until_it_is_reached():
    reward = make_reward("target", share=0.95)
    # 95 % of .9 is .855.
    shown = standings([0.5, 0.7, 0.86], [0, 10, 15], full=0.9, reward=reward)
    assert earned(reward, shown) == ([-10, -5], 0)
    assert [bool(each.reached) for each in shown] == [False, False, True]


def test_target_costs_the_whole_budget_where_it_is_not_reached():
    reward = make_reward("target", share=0.95)
    paid, settled = earned(reward, standings([0.5, 0.7, 0.8], [0, 10, 20], full=0.9, reward=reward))
    assert (paid, settled) == ([-10, -10], -10)


def test_target_is_free_where_the_first_sample_reaches_it_even_if_the_next_fit_falls_below():
    reward = make_reward("target", share=0.95)
    shown = standings([0.88, 0.8], [0, 1], full=0.9, reward=reward)
    assert earned(reward, shown) == ([0], 0)
    assert bool(shown[1].reached)


def test_a_share_that_is_met_exactly_is_reached():
    reward = make_reward("target", share=0.9)
    assert bool(reward.reaches(torch.tensor([0.81]), torch.tensor([0.9])))


def test_net_value_is_worth_less_cost():
    reward = make_reward("net-value", value=100.0)
    paid, settled = earned(reward, standings([0.5, 0.7, 0.69], [0, 10, 20], money=[3.0, 5.5, 8.0]))
    assert paid == pytest.approx([20 - 2.5, -1 - 2.5])
    assert settled == 0


scores = st.lists(st.floats(0, 1, width=32), min_size=2, max_size=8)


@given(scores, st.integers(1, 5))
def test_rewards_of_any_episode(values, step):
    spent = [step * number for number in range(len(values))]
    budget = spent[-1] + 3
    shown = standings(values, spent, budget=budget, full=1.0, reward=make_reward("target", share=0.9))
    gain, area, target, value = (
        earned(make_reward(kind, **own), shown)
        for kind, own in (("gain", {}), ("area", {}), ("target", {"share": 0.9}), ("net-value", {"value": 50.0}))
    )
    assert sum(gain[0]) == pytest.approx(values[-1] - values[0], abs=1e-5)
    curve = np.trapezoid([*values, values[-1]], [*spent, budget]) / budget
    assert sum(area[0]) + area[1] == pytest.approx(curve, abs=1e-5)
    first = next((n for n, each in enumerate(values) if each >= 0.9 - 1e-6), None)
    assert sum(target[0]) + target[1] == (-budget if first is None else -spent[first])
    assert sum(value[0]) == pytest.approx(50 * (values[-1] - values[0]), abs=1e-3)


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        ("target", {"share": 0.0}, "share = 0.0 given; give a number above 0, at most 1"),
        ("target", {"share": 1.1}, "share = 1.1 given; give a number above 0, at most 1"),
        ("net-value", {"value": -1.0}, "value = -1.0 given; give a number above 0"),
        ("gian", {}, 'unknown kind of reward "gian"; did you mean "gain"?'),
    ],
)
def test_what_a_reward_cannot_be_is_refused(kind, settings, message):
    with pytest.raises(InvalidRecipeError, match=message.replace("?", r"\?")):
        make_reward(kind, **settings)


class Halves(Reward):
    name = "halves"

    def paid(self, before, after):
        return after.score.mul_(0.5) - before.score


class Empties(Reward):
    name = "empties"

    def paid(self, before, after):
        return after.score - before.score

    def settled(self, last):
        return last.score.mul_(0)


@pytest.mark.parametrize(("kind", "what"), [(Halves, "paid"), (Empties, "settled")])
def test_a_reward_leaves_the_standings_as_they_are(kind, what):
    with pytest.raises(ContractError, match="it leaves the standings untouched; it wrote to"):
        check_reward(kind())
    shown = standings([0.5, 0.7], [1, 2])[: 2 if what == "paid" else 1]
    with pytest.raises(ContractError, match=f"{kind.__name__}: it leaves the standings untouched; it wrote to"):
        payment(kind(), what, shown, torch.ones(1, dtype=torch.bool))


class Sometimes(Reward):
    name = "sometimes"

    def paid(self, before, after):
        return after.score - before.score

    def reaches(self, score, full_score):
        return score * 2


def test_what_a_reward_asks_for_is_reached_or_not(recipe):
    with pytest.raises(ContractError, match=r"Sometimes: reaches gives \(5,\), bool; it gave \(5,\) of torch.float32"):
        check_reward(Sometimes())
    with pytest.raises(ContractError, match=r"Sometimes: reaches gives \(1,\), bool; it gave \(1,\) of torch.float32"):
        ActiveLearningEnv(recipe(reward={"kind": f"{__name__}:Sometimes"})).reset(seed=0)
