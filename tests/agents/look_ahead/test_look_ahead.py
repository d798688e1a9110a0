from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from alrl.agents.look_ahead.look_ahead import LookAhead
from alrl.agents.look_ahead.worlds import draw_worlds, real_world
from alrl.agents.policy import Policy
from alrl.data.sources import load_data_set
from alrl.data.task import draw_task
from alrl.envs.candidates import CandidateMixture
from alrl.errors import InvalidRecipeError
from alrl.learners import SoftmaxRegression
from alrl.loop.simulator import Simulator
from alrl.metadata import DEFAULT_GROUPS, FeatureSet
from alrl.strategies import make_strategy
from alrl.strategies.uncertainty_sampling import Margin
from alrl.testing.rearrange import tensors

EXACT = SoftmaxRegression(double=True, tolerance=1e-7)
WHOLE = LookAhead(horizon=1, reach=10_000, iterations=500, likelihood=0.0)


def simulator(seeds=(0, 1), name="synthetic/tiny-0", queries=4):
    """A loop that is under way: some records were bought by margin."""
    simulator = Simulator([draw_task(load_data_set(name), [seed]) for seed in seeds], EXACT, labels=30)
    for _ in range(queries):
        simulator.step(make_strategy("margin").select(simulator.view))
    return simulator


def candidates_of(simulator, count):
    return simulator.view.noise.masked_fill(~simulator.view.available, -1).topk(count, 1).indices


def fitted(simulator, episode, extra=()):
    """Scikit-learn's fit to what an episode holds and to the records ``extra``; validation features and labels."""
    pool, validation, view = simulator.parts("pool"), simulator.parts("validation"), simulator.view
    index = [*view.labelled_index[episode, view.labelled_mask[episode]].tolist(), *extra]
    model = LogisticRegression(C=1.0, tol=1e-10, max_iter=5000)
    model.fit(pool.features[episode, index].double().numpy(), pool.labels[episode, index].numpy())
    real = validation.exists[episode]
    return model, validation.features[episode, real].double().numpy(), validation.labels[episode, real].numpy()


@pytest.mark.parametrize("name", ["synthetic/tiny-0", "iris"])
def test_the_value_of_horizon_one_is_the_accuracy_after_adding_a_candidate(name):
    loop = simulator(name=name)
    candidates = candidates_of(loop, 6)
    value = WHOLE.value(loop, candidates)
    for episode in range(2):
        for place, candidate in enumerate(candidates[episode].tolist()):
            model, X, y = fitted(loop, episode, [candidate])
            # A record whose two likeliest classes are as good as tied may fall to either.
            two = np.sort(model.predict_proba(X), 1)[:, -2:]
            unclear = float((two[:, 1] - two[:, 0] < 1e-3).mean())
            assert abs(float(value[episode, place]) - model.score(X, y)) <= unclear + 1e-6
    assert value.unique().numel() > 2


def test_likelihood_is_added_with_its_weight():
    loop = simulator(seeds=(0,))
    candidates = candidates_of(loop, 4)
    plain = WHOLE.value(loop, candidates)
    weighted = dataclasses.replace(WHOLE, likelihood=0.5).value(loop, candidates)
    for place, candidate in enumerate(candidates[0].tolist()):
        model, X, y = fitted(loop, 0, [candidate])
        position = [model.classes_.tolist().index(label) for label in y]
        log = np.log(model.predict_proba(X)[np.arange(len(y)), position]).clip(-3)
        assert float(weighted[0, place] - plain[0, place]) == pytest.approx(0.5 * log.mean(), abs=1e-4)


@pytest.mark.parametrize("horizon", [2, 3, 6])
def test_a_longer_horizon_is_the_loop_played_on_by_margin(horizon):
    candidates = candidates_of(simulator(), 5)
    value = dataclasses.replace(WHOLE, horizon=horizon).value(simulator(), candidates)
    for place in range(5):
        loop, scores = simulator(), []
        pick = candidates[:, place : place + 1]
        for _ in range(horizon):
            loop.step(pick)
            scores.append(loop.outcome("validation").accuracy)
            pick = make_strategy("margin").select(loop.view)
        watched = sorted({0, horizon // 2, horizon - 1})
        torch.testing.assert_close(
            value[:, place], torch.stack(scores)[watched].mean(0), rtol=0, atol=1e-6, check_dtype=False
        )


@pytest.mark.parametrize("base", [None, make_strategy("core-set")])
@pytest.mark.parametrize("horizon", [1, 3])
def test_beside_a_batch_that_is_being_filled_its_labels_come_with_the_candidates(base, horizon):
    kept, rule = torch.tensor([[0, 0], [0, -1]]), base or make_strategy("margin")
    wanted = candidates_of(simulator(), 6)
    kept[:, 0], kept[0, 1], candidates = wanted[:, 0], wanted[0, 1], wanted[:, 2:]
    expert = dataclasses.replace(WHOLE, horizon=horizon, base=base)
    value = expert.value(simulator(), candidates, batch=kept)
    assert not value.equal(expert.value(simulator(), candidates))
    for place in range(4):
        loop, scores = simulator(), []
        picks = torch.cat([kept, candidates[:, place : place + 1]], 1)
        for _ in range(horizon):
            loop.step(picks)
            scores.append(loop.outcome("validation").accuracy)
            picks = rule.select(loop.view)
        mean = torch.stack(scores)[sorted({0, horizon // 2, horizon - 1})].mean(0)
        torch.testing.assert_close(value[:, place], mean, rtol=0, atol=1e-6, check_dtype=False)


@pytest.mark.parametrize("rule", ["margin", "entropy", "core-set", "random"])
def test_a_base_rule_queries_as_it_would_in_the_loop(rule):
    base = make_strategy(rule)
    candidates = candidates_of(simulator(), 4)
    value = dataclasses.replace(WHOLE, horizon=3, base=base).value(simulator(), candidates)
    if rule == "random":
        # Chance of a roll-out is another than the loop's: what holds is that it is margin's at the first step alone.
        first = dataclasses.replace(WHOLE, horizon=1).value(simulator(), candidates)
        one = dataclasses.replace(WHOLE, horizon=1, base=base).value(simulator(), candidates)
        assert one.equal(first)
        assert not value.equal(dataclasses.replace(WHOLE, horizon=3).value(simulator(), candidates))
        return
    torch.testing.assert_close(value, played(base, candidates, 3), rtol=0, atol=1e-6, check_dtype=False)


def played(strategy, candidates, horizon):
    """Mean validation accuracy after each query of loops that go on from each candidate, (B, K)."""
    values = []
    for place in range(candidates.shape[1]):
        loop, scores = simulator(), []
        pick = candidates[:, place : place + 1]
        for _ in range(horizon):
            loop.step(pick)
            scores.append(loop.outcome("validation").accuracy)
            pick = strategy.select(loop.view)
        values.append(torch.stack(scores)[sorted({0, horizon // 2, horizon - 1})].mean(0))
    return torch.stack(values, 1)


@pytest.mark.parametrize("groups", [DEFAULT_GROUPS, (*DEFAULT_GROUPS, "cost", "cartography")])
def test_a_policy_sees_of_a_branch_what_it_would_see_of_the_loop(groups):
    policy = restless(groups)
    candidates = candidates_of(simulator(), 3)
    value = dataclasses.replace(WHOLE, horizon=4, base=policy).value(simulator(), candidates)
    torch.testing.assert_close(value, played(policy, candidates, 4), rtol=0, atol=1e-6, check_dtype=False)


def test_a_branch_counts_fits_and_labels_as_the_loop_does():
    seen = []

    class Watching(Margin):
        def select(self, view, count=1):
            seen.append(view)
            return super().select(view, count)

    candidates = candidates_of(simulator(), 1)
    dataclasses.replace(WHOLE, horizon=3, base=Watching()).value(simulator(), candidates)
    loop, pick = simulator(), candidates
    for view in seen:
        loop.step(pick)
        for name in ("fits", "trained", "obtained", "spent", "labelled"):
            assert getattr(view, name).equal(getattr(loop.view, name)), name
        pick = make_strategy("margin").select(loop.view)
    assert len(seen) == 2


def restless(groups):
    """A policy of random weights: what it chooses hangs on every feature."""
    policy = Policy.untrained(FeatureSet(groups), CandidateMixture(count=12, margin=1.0, random=0.0))
    with torch.no_grad():
        for weight in policy.network.parameters():
            weight.copy_(torch.linspace(-1.0, 1.3, weight.numel()).sin().view_as(weight))
    return policy


def test_a_base_rule_of_further_needs_is_refused():
    loop = simulator(seeds=(0,))
    with pytest.raises(InvalidRecipeError, match="a base rule that needs members given"):
        LookAhead(base=make_strategy("bald")).value(loop, candidates_of(loop, 2))


def test_repeated_roll_outs_are_averaged():
    loop = simulator()
    candidates = candidates_of(loop, 4)
    settings = LookAhead(base=make_strategy("random"), horizon=4, iterations=200)
    tries = [dataclasses.replace(settings, repeats=count).value(loop, candidates) for count in (1, 2, 3)]
    assert not tries[0].equal(tries[1])
    # What the second and the third roll-out said: values of their own, within what an accuracy and 0.2 x -3 can be.
    second, third = 2 * tries[1] - tries[0], 3 * tries[2] - 2 * tries[1]
    assert not torch.allclose(second, third)
    for each in (second, third):
        assert -0.6 <= float(each.min()) <= float(each.max()) <= 1.0


def test_a_metric_may_be_the_balanced_accuracy():
    loop = simulator(name="synthetic/imbalanced-0")
    candidates = candidates_of(loop, 4)
    value = dataclasses.replace(WHOLE, metric="balanced-accuracy").value(loop, candidates)
    for place in range(4):
        step = simulator(name="synthetic/imbalanced-0")
        step.step(candidates[:, place : place + 1])
        torch.testing.assert_close(
            value[:, place], step.outcome("validation").balanced_accuracy, rtol=0, atol=1e-6, check_dtype=False
        )


@pytest.mark.parametrize("width", [2, 3])
def test_a_beam_that_is_wide_enough_finds_the_best_of_all_sequences(width):
    """Of horizon 2 every continuation is tried: the best is what trying each by hand finds."""
    candidates = candidates_of(simulator(), 3)
    value = dataclasses.replace(WHOLE, horizon=2, beam=width).value(simulator(), candidates)
    for place in range(3):
        pick = candidates[:, place : place + 1]
        loop = simulator()
        loop.step(pick)
        first = loop.outcome("validation").accuracy
        margins = (-loop.view.margin).masked_fill(~loop.view.available, -torch.inf)
        lasts = []
        for after in margins.topk(width, 1).indices.unbind(1):
            branch = simulator()
            branch.step(pick)
            branch.step(after[:, None])
            lasts.append(branch.outcome("validation").accuracy)
        expected = (first + torch.stack(lasts).amax(0)) / 2
        torch.testing.assert_close(value[:, place], expected, rtol=0, atol=1e-6, check_dtype=False)


def test_a_beam_ends_where_the_pool_does():
    loop = simulator(seeds=(0,), queries=0)
    for _ in range(int(loop.view.available.sum()) - 2):
        loop.step(make_strategy("random").select(loop.view))
    candidates = loop.view.available.nonzero()[:, 1][None]
    settings = LookAhead(horizon=6, likelihood=0.0, iterations=500)
    plain, beams = (dataclasses.replace(settings, beam=width).value(loop, candidates) for width in (1, 4))
    torch.testing.assert_close(beams, plain, rtol=0, atol=1e-4, check_dtype=False)


def test_a_beam_beside_a_base_rule_is_refused():
    with pytest.raises(InvalidRecipeError, match="beam = 2 given beside a base rule"):
        LookAhead(beam=2, base=make_strategy("margin"))


def test_an_unknown_metric_is_refused():
    with pytest.raises(InvalidRecipeError, match="metric = 'f1' given; allowed: accuracy, balanced-accuracy"):
        LookAhead(metric="f1")


def test_no_candidate_is_worth_what_is_known_already():
    loop = simulator()
    candidates = candidates_of(loop, 3)
    candidates[:, 1] = -1
    value = WHOLE.value(loop, candidates)
    torch.testing.assert_close(value[:, 1], loop.outcome("validation").accuracy, rtol=0, atol=1e-6, check_dtype=False)
    candidates[:, 1] = candidates[:, 0]
    torch.testing.assert_close(
        WHOLE.value(loop, candidates)[:, ::2], value[:, ::2], rtol=0, atol=1e-6, check_dtype=False
    )


def test_values_are_those_of_each_episode_alone():
    both = simulator((0, 1))
    candidates = candidates_of(both, 5)
    value = LookAhead(reach=20).value(both, candidates)
    for episode in range(2):
        alone = LookAhead(reach=20).value(simulator((episode,)), candidates[episode : episode + 1])
        torch.testing.assert_close(value[episode : episode + 1], alone, rtol=0, atol=1e-3)


def test_looking_ahead_changes_nothing():
    looked, plain = simulator(), simulator()
    before = {name: tensor.clone() for name, tensor in tensors(looked.view).items()}
    LookAhead().value(looked, candidates_of(looked, 5))
    assert all(tensor.equal(before[name]) for name, tensor in tensors(looked.view).items())
    for _ in range(3):
        pick = make_strategy("margin").select(plain.view)
        looked.step(pick)
        plain.step(pick)
    after = tensors(plain.view)
    assert all(tensor.equal(after[name]) for name, tensor in tensors(looked.view).items())
    assert looked.outcome("validation").accuracy.equal(plain.outcome("validation").accuracy)


def test_the_last_records_of_a_pool_may_be_fewer_than_the_horizon():
    loop = simulator(seeds=(0,), queries=0)
    left = int(loop.view.available.sum()) - 2
    for _ in range(left):
        loop.step(make_strategy("random").select(loop.view))
    assert int(loop.view.available.sum()) == 2
    candidates = loop.view.available.nonzero()[:, 1][None]
    value = LookAhead(horizon=6, likelihood=0.0, iterations=500).value(loop, candidates)
    # Whichever comes first, in the end both are labelled: the other two watched scores are those of the whole pool.
    first = WHOLE.value(loop, candidates)
    model, X, y = fitted(loop, 0, candidates[0].tolist())
    assert value[0].tolist() == pytest.approx(((first[0] + 2 * model.score(X, y)) / 3).tolist(), abs=1e-4)


@pytest.mark.parametrize("name", ["horizon", "reach", "iterations", "repeats", "beam"])
def test_settings_below_one_are_refused(name):
    with pytest.raises(InvalidRecipeError) as error:
        LookAhead(**{name: 0})
    assert str(error.value) == f"look-ahead: {name} = 0 given; it must be at least 1"


def test_the_brier_score_is_taken_off_with_its_weight():
    loop = simulator(seeds=(0,))
    candidates = candidates_of(loop, 3)
    plain = WHOLE.value(loop, candidates)
    weighted = dataclasses.replace(WHOLE, brier=0.5).value(loop, candidates)
    for place, candidate in enumerate(candidates[0].tolist()):
        model, X, y = fitted(loop, 0, [candidate])
        distance = ((model.predict_proba(X) - (y[:, None] == model.classes_)) ** 2).sum(1)
        assert float(weighted[0, place] - plain[0, place]) == pytest.approx(-0.5 * distance.mean(), abs=1e-4)


def test_labels_of_a_world_are_drawn_from_the_learner_fitted_to_the_whole_pool():
    loop = simulator(seeds=(0,))
    pool = loop.parts("pool")
    worlds = draw_worlds(loop, "validation", count=400, drawn=True, share=1.0)
    ones = torch.stack([world.answers[0] for world in worlds]).eq(1).double().mean(0).numpy()
    model = LogisticRegression(C=1.0, tol=1e-10, max_iter=5000)
    X, y = pool.features[0].double().numpy(), pool.labels[0].numpy()
    # Four standard errors of a share of 400 draws are at most a tenth.
    np.testing.assert_allclose(ones, model.fit(X, y).predict_proba(X)[:, 1], atol=0.11)
    again = draw_worlds(loop, "validation", count=2, drawn=True, share=1.0)
    assert again[1].answers.equal(worlds[1].answers)
    assert not again[0].labels.equal(again[1].labels)


def test_a_value_is_the_mean_over_worlds_each_with_its_own_part_and_chance():
    loop = simulator()
    candidates, expert = candidates_of(loop, 4), dataclasses.replace(WHOLE, worlds=3, part=0.5)
    worlds = expert.draw_worlds(loop)
    shares = [float(world.counts.sum() / loop.parts("validation").exists.sum()) for world in worlds]
    assert all(0.2 < share < 0.8 for share in shares)
    apart = expert.by_world(loop, candidates, worlds)
    assert apart.shape == (3, 2, 4)
    assert apart.mean(0).equal(expert.value(loop, candidates))
    assert not apart[0].equal(apart[1])
    real = expert.by_world(loop, candidates, [real_world(loop, "validation")])
    assert real[0].equal(WHOLE.value(loop, candidates))


def test_a_world_less_look_ahead_and_an_impossible_part_are_refused():
    with pytest.raises(InvalidRecipeError, match="worlds = 0"):
        LookAhead(worlds=0)
    with pytest.raises(InvalidRecipeError, match="part = 0 given"):
        LookAhead(part=0.0)
    loop = simulator(queries=0)
    with pytest.raises(InvalidRecipeError, match="no world given"):
        WHOLE.by_world(loop, candidates_of(loop, 2), [])
