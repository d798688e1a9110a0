"""Imitation: the expert's ranking of candidates is learnt from states that the behaviour visits."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import Tensor

from alrl.agents.look_ahead.look_ahead import LookAhead
from alrl.agents.policy import Policy
from alrl.agents.training.imitation import assess, fit, loss, targets
from alrl.agents.training.valued_candidates import Behaviour, ValuedCandidates, collect
from alrl.data.task import Task
from alrl.envs.episodes import Game
from alrl.envs.recipe import EnvRecipe
from alrl.errors import InvalidRecipeError
from alrl.testing import example_view

EXPERT = LookAhead(horizon=2, reach=16, iterations=3)


def made(policy: Policy, states: int, seed: int) -> ValuedCandidates:
    """States whose best candidate is the one with the largest second feature: not margin's choice."""
    generator = torch.Generator().manual_seed(seed)
    candidates = torch.rand(states, 6, len(policy.features.record), generator=generator)
    mask = torch.rand(states, 6, generator=generator) > 0.1
    mask[:, 0] = True
    return ValuedCandidates(
        candidates=candidates.masked_fill(~mask[..., None], 0.0),
        loop=torch.rand(states, len(policy.features.loop), generator=generator),
        mask=mask,
        values=candidates[..., 1].masked_fill(~mask, 0.0),
    )


def fitted(policy: Policy, seed: int = 0, epochs: int = 30, learning_rate: float = 1e-2) -> tuple[Policy, list[float]]:
    losses: list[float] = []
    trained, _ = fit(
        policy,
        made(policy, 600, seed=1),
        made(policy, 100, seed=2),
        epochs=epochs,
        learning_rate=learning_rate,
        weight_decay=1e-3,
        temperature=1.5,
        generator=torch.Generator().manual_seed(seed),
        progress=lambda _, value: losses.append(value),
    )
    return trained, losses


def test_targets_are_standardised_within_each_state() -> None:
    values = torch.tensor([[1.0, 3.0, 99.0], [10.0, 30.0, 20.0]])
    mask = torch.tensor([[True, True, False], [True, True, True]])
    target, standard = targets(values, mask, temperature=1.0)
    assert torch.allclose(standard[0], torch.tensor([-1.0, 1.0, 0.0]), atol=1e-3)
    assert torch.allclose(standard[1], torch.tensor([-1.2247, 1.2247, 0.0]), atol=1e-3)
    assert torch.allclose(target.sum(1), torch.ones(2))
    assert target[0, 2] == 0
    assert torch.allclose(target[0, :2], torch.tensor([-1.0, 1.0]).softmax(0), atol=1e-3)


def test_equal_values_ask_for_no_preference() -> None:
    target, standard = targets(torch.full((1, 4), 0.7), torch.ones(1, 4, dtype=torch.bool), temperature=1.5)
    assert torch.allclose(target, torch.full((1, 4), 0.25))
    assert torch.equal(standard, torch.zeros(1, 4))


def test_the_loss_is_cross_entropy_over_real_candidates() -> None:
    mask = torch.tensor([[True, True, False]])
    scores = torch.tensor([[0.0, 0.0, -torch.inf]])
    assert float(loss(scores, torch.tensor([[0.5, 0.5, 0.0]]), mask)) == pytest.approx(0.693147, abs=1e-5)


def test_the_loss_falls_and_the_ranking_beats_chance_and_margin(untrained: Policy) -> None:
    aside = made(untrained, 200, seed=3)
    before = assess(untrained, aside, 1.5)
    trained, losses = fitted(untrained)
    after = assess(trained, aside, 1.5)
    assert len(losses) == 30
    assert losses[-1] < 0.8 * losses[0]
    assert before.gain == before.margin_gain == after.margin_gain
    assert abs(before.gain) < 0.3
    assert after.gain > 0.9
    assert after.loss < before.loss


def test_what_was_given_stays_as_it_was(untrained: Policy) -> None:
    before = untrained.fingerprint
    trained, _ = fitted(untrained, epochs=1)
    assert untrained.fingerprint == before != trained.fingerprint


def test_the_generator_decides_the_order_of_examples(untrained: Policy) -> None:
    first, again, other = (fitted(untrained, seed, epochs=2)[0].fingerprint for seed in (0, 0, 1))
    assert first == again != other


def collected(env: EnvRecipe, policy: Policy | None, *, every: int = 2, names: int = 3) -> ValuedCandidates:
    return collect(drawn(env, names), env, Behaviour(policy=policy, share=0.7), EXPERT, every=every)


def drawn(env: EnvRecipe, names: int) -> list[Task]:
    game = Game(env)
    return [game.source.draw([0, number], name) for number, name in enumerate(env.data.names[:names])]


def test_examples_are_what_a_policy_would_see(tiny_env: EnvRecipe) -> None:
    examples = collected(tiny_env, None)
    features = tiny_env.observation.build()
    states = len(examples)
    assert states == 3 * 4
    assert examples.candidates.shape == (states, 6, len(features.record))
    assert examples.loop.shape == (states, len(features.loop))
    assert (examples.mask.sum(1) > 1).all()
    assert examples.values.isfinite().all()
    assert examples.values[examples.mask].std() > 0


@pytest.mark.parametrize("batch", [1, 3])
def test_examples_are_what_the_environment_shows_of_a_batch_being_filled(tiny_env: EnvRecipe, batch: int) -> None:
    env = tiny_env.model_copy(update={"budget": tiny_env.budget.model_copy(update={"batch": batch})})
    margin = Behaviour(policy=None, share=0.0, random=0.0)
    examples = collect(drawn(env, 2), env, margin, EXPERT, every=1)
    game, everyone = Game(env), torch.ones(2, dtype=torch.bool)
    game.begin(drawn(env, 2))
    seen, values = [], []
    for _ in range(8):
        seen.append(game.observation)
        values.append(EXPERT.value(game.simulator, game.candidates, batch=game.chosen))
        column = -game.observation.candidates[..., game.features.margin_column]
        game.step(column.masked_fill(~game.action_mask, -torch.inf).argmax(1), everyone)
    assert torch.equal(examples.candidates, torch.cat([each.candidates for each in seen]))
    assert torch.equal(examples.loop, torch.cat([each.loop for each in seen]))
    assert torch.allclose(examples.values, torch.cat(values), atol=1e-6)
    spent = examples.loop[::2, [feature.name for feature in game.features.loop].index("budget-spent")]
    # Labels are bought when the batch is full; the last batch is cut short.
    assert torch.allclose(spent * 8, torch.arange(8.0) // batch * batch)


def test_the_expert_is_asked_at_every_so_many_queries(tiny_env: EnvRecipe) -> None:
    assert [len(collected(tiny_env, None, every=every, names=1)) for every in (1, 4, 8)] == [8, 2, 1]


def test_collecting_is_a_function_of_the_tasks(tiny_env: EnvRecipe) -> None:
    first, again = collected(tiny_env, None), collected(tiny_env, None)
    assert torch.equal(first.values, again.values)
    assert torch.equal(first.candidates, again.candidates)


def test_tasks_beside_each_other_give_what_each_gives_alone(tiny_env: EnvRecipe) -> None:
    together = collected(tiny_env, None, every=8)
    alone = [
        collect([task], tiny_env, Behaviour(policy=None, share=0.7), EXPERT, every=8) for task in drawn(tiny_env, 3)
    ]
    assert torch.allclose(together.candidates, ValuedCandidates.joined(alone).candidates, atol=1e-4)


def shares(policy: Policy | None, share: float) -> tuple[float, float, float]:
    """How often the behaviour takes the policy's choice, margin's and the luckiest, where the three differ."""
    counts, number = torch.zeros(3), 400
    view = example_view(seed=1, records=(12,) * 4, labelled=(3,))
    order = view.margin.masked_fill(~view.available, torch.inf).argsort(1)
    margin, luckiest, third = order[:, 0], order[:, 1], order[:, 2]
    view = dataclasses.replace(view, noise=torch.zeros_like(view.noise).scatter(1, luckiest[:, None], 0.9))
    candidates: Tensor = torch.stack([margin, luckiest, third], 1)
    scores = torch.tensor([[0.0, 0.0, 1.0]]).expand(4, 3) if policy is not None else None
    generator = torch.Generator().manual_seed(0)
    for _ in range(number):
        coins = torch.rand(4, 2, generator=generator)
        chosen = Behaviour(policy=policy, share=share).choose(view, candidates, scores, coins)
        counts += torch.stack([(chosen == each).sum() for each in (third, margin, luckiest)])
    policy_share, margin_share, luck_share = (counts / (4 * number)).tolist()
    return policy_share, margin_share, luck_share


def test_in_the_first_round_margin_and_chance_choose() -> None:
    assert shares(None, 0.7) == pytest.approx((0.0, 0.7, 0.3), abs=0.04)


def test_afterwards_the_policy_makes_its_share_of_the_choices(untrained: Policy) -> None:
    assert shares(untrained, 0.7) == pytest.approx((0.7, 0.21, 0.09), abs=0.04)


def test_a_missing_candidate_is_never_chosen(untrained: Policy) -> None:
    view = example_view(seed=1, records=(12,), labelled=(3,))
    candidates = torch.tensor([[-1, int(view.available[0].nonzero()[0])]])
    for coin in (0.0, 0.99):
        picks = Behaviour(policy=None, share=0.0).choose(view, candidates, None, torch.full((1, 2), coin))
        assert picks.tolist() == [candidates[0, 1].item()]


def test_a_policy_at_work_changes_what_is_visited(tiny_env: EnvRecipe, wild: Policy) -> None:
    policy = dataclasses.replace(wild, mixture=tiny_env.action.candidates.build())
    assert not torch.equal(collected(tiny_env, None).candidates, collected(tiny_env, policy).candidates)


def test_states_whose_values_are_noise_do_not_count_where_states_are_weighed(untrained: Policy) -> None:
    right, wrong = made(untrained, 150, seed=1), made(untrained, 300, seed=3)
    wrong = dataclasses.replace(wrong, values=-wrong.values, error=torch.ones_like(wrong.values))
    right = dataclasses.replace(right, error=torch.zeros_like(right.values))
    examples = ValuedCandidates.joined([right, wrong])
    assert examples.reliability().tolist() == [1.0] * 150 + [0.0] * 300

    def gain(weigh: bool) -> float:
        how = {"epochs": 50, "learning_rate": 1e-2, "weight_decay": 1e-3, "temperature": 1.5, "weigh": weigh}
        made_aside, dice = made(untrained, 100, seed=2), torch.Generator().manual_seed(0)
        return fit(untrained, examples, made_aside, generator=dice, **how)[1].gain  # type: ignore[arg-type]

    assert gain(weigh=True) > 0.4
    assert gain(weigh=False) < 0


def test_the_variance_of_a_value_over_worlds_is_collected(tiny_env: EnvRecipe) -> None:
    expert = LookAhead(horizon=1, reach=16, iterations=3, worlds=3, drawn=True, part=0.5)
    some = collect(drawn(tiny_env, 2), tiny_env, Behaviour(policy=None, share=0.0), expert, every=2)
    assert some.error is not None
    assert bool((some.error[some.mask] > 0).any())
    assert bool((some.error[~some.mask] == 0).all())
    assert 0 < float(some.reliability().mean()) < 1
    one = collect(drawn(tiny_env, 2), tiny_env, Behaviour(policy=None, share=0.0), EXPERT, every=2)
    assert one.error is None
    assert one.reliability().tolist() == [1.0] * len(one)


def test_an_imitation_that_diverges_is_told(untrained: Policy) -> None:
    with pytest.raises(InvalidRecipeError, match=r"imitation has diverged: .* lower learning_rate = 1e\+30"):
        fitted(untrained, epochs=3, learning_rate=1e30)
