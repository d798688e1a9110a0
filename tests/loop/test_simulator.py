"""The loop: episodes side by side are what they are alone, and the view holds nothing that it should not."""

from __future__ import annotations

import dataclasses
import gc

import numpy as np
import pytest
import torch

from alrl.data.data_set import DataSet
from alrl.data.sources import load_data_set
from alrl.data.split import Split
from alrl.data.task import Task, draw_task
from alrl.errors import InvalidDataError, InvalidQueryError
from alrl.learners import SoftmaxRegression
from alrl.loop.annotators import NoisyAnnotator
from alrl.loop.predictions import REMEMBERED
from alrl.loop.simulator import Simulator
from alrl.strategies import make_strategy

MIXED = ("iris", "wine", "synthetic/tiny-1", "breast_cancer")
EXACT = SoftmaxRegression(tolerance=1e-6, double=True)
MARGIN = make_strategy("margin")


def tasks_of(*names, seed=0):
    return [draw_task(load_data_set(name), [seed, number]) for number, name in enumerate(names)]


def play(simulator, steps, batch=1):
    """Query by margin; the picks, (B, steps * batch)."""
    picks = []
    for _ in range(steps):
        picks.append(MARGIN.select(simulator.view, batch))
        simulator.step(picks[-1])
    return torch.cat(picks, 1)


def fields(view):
    """Every tensor of a view, geometry included."""
    result = {}
    for prefix, part in (("", view), ("past ", view.trajectory)):
        for field in dataclasses.fields(part):
            value = getattr(part, field.name)
            values = value if isinstance(value, tuple) else (value,)
            result |= {f"{prefix}{field.name} {i}": each for i, each in enumerate(values) if torch.is_tensor(each)}
    return result | {"distances": view.distance_to_known, "neighbours": view.geometry.neighbours[0]}


def assert_episode_equal(one, other, episode=0, of=0, names=None):
    """The fields of two views agree in one episode each, where neither is padding."""
    a, b = fields(one), fields(other)
    for name in names or a:
        x, y = (
            part[:, i] if name.startswith("past remembered") else part[i]
            for part, i in ((a[name], episode), (b[name], of))
        )
        shape = tuple(slice(min(p, q)) for p, q in zip(x.shape, y.shape, strict=True))
        assert torch.allclose(x[shape].double(), y[shape].double(), atol=1e-5), name


@pytest.mark.parametrize("batch", [1, 3])
def test_an_episode_alone_plays_what_it_plays_among_others(batch):
    tasks = tasks_of(*MIXED)
    together = Simulator(tasks, EXACT, labels=30)
    picks = play(together, 6, batch)
    for episode, task in enumerate(tasks):
        alone = Simulator([task], EXACT, labels=30)
        assert play(alone, 6, batch).tolist() == picks[episode : episode + 1].tolist()
        assert_episode_equal(alone.view, together.view, 0, episode)
        for part in ("validation", "test"):
            for score in ("accuracy", "balanced_accuracy"):
                given, expected = (getattr(each.outcome(part), score) for each in (together, alone))
                assert given[episode] == pytest.approx(expected[0].item(), abs=1e-6)


def test_the_default_learner_too_is_the_same_in_company():
    tasks = tasks_of("wine", "wine", "wine")
    together, alone = (
        Simulator(tasks, SoftmaxRegression(), labels=20),
        Simulator(tasks[1:2], SoftmaxRegression(), labels=20),
    )
    assert play(together, 12)[1].tolist() == play(alone, 12)[0].tolist()
    assert torch.allclose(together.view.probabilities[1], alone.view.probabilities[0], atol=1e-5)


def test_an_episode_restarted_midway_is_as_a_fresh_one():
    begun = Simulator(tasks_of("wine", "iris", "iris"), EXACT, labels=30)
    play(begun, 4)
    new = draw_task(load_data_set("wine"), [77])
    kept = fields(begun.view)
    begun.restart([1], [new])
    fresh = Simulator([new], EXACT, labels=30)
    for _ in range(REMEMBERED + 1):
        assert_episode_equal(
            fresh.view, begun.view, 0, 1, ["probabilities 0", "past flips 0", "past loops 0", "labels 0", "noise 0"]
        )
        assert begun.view.trajectory.remembered[:, 1].sum() == fresh.view.trajectory.remembered[:, 0].sum()
        assert play(fresh, 1)[0].tolist() == play(begun, 1)[1].tolist()
    assert kept["spent 0"].tolist() == [4, 4, 4]
    assert begun.view.spent.tolist() == [4 + REMEMBERED + 1, REMEMBERED + 1, 4 + REMEMBERED + 1]


def test_a_restart_leaves_the_other_episodes_as_they_were():
    begun, left = (Simulator(tasks_of("iris", "iris", "iris"), EXACT, labels=30) for _ in range(2))
    for each in (begun, left):
        play(each, 4)
    begun.restart([1], [draw_task(load_data_set("digits"), [5])])
    assert begun.view.features.shape[2] == 64
    assert_episode_equal(
        left.view, begun.view, 0, 0, [n for n in fields(left.view) if not n.startswith("past remember")]
    )
    assert play(begun, 5)[[0, 2]].tolist() == play(left, 5)[[0, 2]].tolist()
    assert torch.allclose(begun.outcome("test").accuracy[[0, 2]], left.outcome("test").accuracy[[0, 2]])


def test_no_episode_to_restart_is_nothing_done():
    simulator = Simulator(tasks_of("iris"), SoftmaxRegression(), labels=5)
    view = simulator.view
    simulator.restart([], [])
    assert simulator.view is view


def test_episodes_outside_the_mask_stand_still():
    some, all_ = (Simulator(tasks_of("iris", "iris"), EXACT, labels=30) for _ in range(2))
    before = {name: value.clone() for name, value in fields(some.view).items()}
    for _ in range(3):
        picks = MARGIN.select(some.view)
        loop = some.step(picks, torch.tensor([True, False]))
        assert loop.picks.tolist() == [[picks[0].item()], [-1]]
        play(all_, 1)
    assert_episode_equal(some.view, all_.view, 0, 0)
    assert some.view.spent.tolist() == [3, 0]
    for name in ("probabilities 0", "labelled 0", "past flips 0", "past loops 0", "noise 0"):
        assert torch.equal(fields(some.view)[name][1], before[name][1]), name


def test_answers_are_labels_and_labels_are_kept_in_order():
    simulator = Simulator(tasks_of("iris", "wine"), SoftmaxRegression(), labels=30)
    available = simulator.view.available
    picks = torch.stack([row.nonzero()[[4, 0, 2], 0] for row in available])
    picks[1, 1] = -1
    loop = simulator.step(picks)
    for episode, task in enumerate(simulator.tasks):
        real = [pick for pick in picks[episode].tolist() if pick >= 0]
        wanted = [*task.first.tolist(), *real]
        assert simulator.view.labelled_index[episode][simulator.view.labelled_mask[episode]].tolist() == wanted
        truth = task.split.data_set.y[task.split.pool[wanted]]
        assert simulator.view.labels[episode][simulator.view.labelled_mask[episode]].tolist() == truth.tolist()
        assert sorted(simulator.view.labelled[episode].nonzero()[:, 0].tolist()) == sorted(wanted)
        rows = simulator.records(picks)[episode].tolist()
        assert [row for row in rows if row >= 0] == task.split.pool[real].tolist()
    assert loop.answers[1, 1] == -1
    assert simulator.records(picks)[1, 1] == -1
    assert loop.spent.tolist() == [3, 2]
    assert loop.seconds > 0


def test_an_old_view_learns_nothing_new():
    simulator = Simulator(tasks_of("iris"), SoftmaxRegression(), labels=30)
    old = simulator.view
    before = {name: value.clone() for name, value in fields(old).items()}
    play(simulator, 3)
    for name in ("labels 0", "labelled 0", "labelled_index 0", "probabilities 0", "spent 0", "past flips 0"):
        assert torch.equal(fields(old)[name], before[name]), name


def scrambled(task, labelled, seed=0):
    """The same task with other classes wherever no label was bought: pool, validation and test part."""
    data, split = task.split.data_set, task.split
    y, known = data.y.copy(), set(split.pool[labelled].tolist())
    free = np.array([row for row in range(data.n_records) if row not in known])
    y[free] = np.random.default_rng(seed).permutation(y[free])
    assert (y != data.y).any()
    other = dataclasses.replace(data, y=y)
    moved = Split(data_set=other, pool=split.pool, validation=split.validation, test=split.test)
    return Task(split=moved, first=task.first, seed=task.seed)


def test_no_field_of_the_view_depends_on_a_hidden_label():
    tasks = tasks_of("iris", "digits")
    simulator = Simulator(tasks, SoftmaxRegression(), labels=30)
    picks = play(simulator, 6)
    wanted = [[*task.first.tolist(), *picks[i].tolist()] for i, task in enumerate(tasks)]
    other = Simulator([scrambled(*each) for each in zip(tasks, wanted, strict=True)], SoftmaxRegression(), labels=30)
    assert play(other, 6).tolist() == picks.tolist()
    seen, expected = fields(other.view), fields(simulator.view)
    assert all(torch.equal(seen[name], expected[name]) for name in expected)
    for part in ("validation", "test"):
        assert not torch.equal(other.outcome(part).accuracy, simulator.outcome(part).accuracy)


def test_a_wrong_answer_is_believed():
    tasks = tasks_of("iris")
    annotator = NoisyAnnotator(rate=1.0)
    simulator = Simulator(tasks, SoftmaxRegression(), labels=5, annotator=annotator)
    pick = simulator.view.available[0].nonzero()[:1].T
    answer = simulator.step(pick).answers.item()
    assert answer != tasks[0].split.data_set.y[tasks[0].split.pool[pick.item()]]
    assert simulator.view.labels[0, 3].item() == answer


def test_chance_belongs_to_the_episode_and_the_loop_and_to_nothing_else():
    tasks = tasks_of("iris", "iris")
    noisy = NoisyAnnotator(rate=0.5)
    plain = Simulator(tasks, SoftmaxRegression(), labels=5)
    other = Simulator(tasks, SoftmaxRegression(C=0.1), labels=9, annotator=noisy)
    drawn = []
    for step in range(3):
        assert torch.equal(plain.view.noise, other.view.noise)
        drawn.append(plain.view.noise)
        for each in (plain, other):
            each.step(torch.tensor([[10 + step], [20 + step]]))
    assert len({tuple(row) for noise in drawn for row in noise.tolist()}) == 6


def test_the_pool_runs_out_and_the_loop_goes_on():
    X = np.arange(24.0).reshape(12, 2) % 7
    data = DataSet.from_arrays(X, [0, 1] * 6)
    simulator = Simulator([draw_task(data, [0])], SoftmaxRegression(), labels=50)
    pool = len(simulator.tasks[0].split.pool)
    picks = play(simulator, 4, batch=3)[0]
    assert sorted(picks[picks >= 0].tolist() + simulator.tasks[0].first.tolist()) == list(range(pool))
    assert (picks >= 0).sum() == pool - 2
    assert simulator.view.spent.item() == pool - 2
    assert not simulator.view.available.any()
    assert simulator.view.labelled.all()


@pytest.mark.parametrize(
    ("picks", "message"),
    [
        (lambda sim: [[sim.tasks[0].first[0]], [5]], r"episode 0: record \d+ is labelled already, not in the pool or"),
        (lambda sim: [[40, 41], [50, 50]], r"episode 1: record 50 .* or picked twice; pick distinct records"),
        (lambda sim: [[80], [5]], r"episode 0: record 80 is .*not in the pool"),
        (lambda sim: [[5], [89]], r"a pick of 89 given; a pool position is 0 to 88, -1 for none"),
        (lambda sim: [[5], [-2]], r"a pick of -2 given; a pool position is 0 to 88"),
        (lambda sim: [[5]], r"picks of shape \(1, 1\) given; expected \(2, batch\)"),
        (lambda sim: [5, 6], r"picks of shape \(2,\) given; expected \(2, batch\)"),
    ],
)
def test_picks_that_cannot_be_are_refused_and_change_nothing(picks, message):
    simulator = Simulator(tasks_of("iris", "wine"), SoftmaxRegression(), labels=30)
    assert [len(task.split.pool) for task in simulator.tasks] == [75, 89]
    view = simulator.view
    with pytest.raises(InvalidQueryError, match=message):
        simulator.step(torch.tensor(np.array(picks(simulator)).tolist()))
    assert simulator.view is view


def test_no_task_and_no_budget_are_refused():
    with pytest.raises(InvalidDataError, match=r"no task given; a simulator plays at least one episode"):
        Simulator([], SoftmaxRegression(), labels=5)
    with pytest.raises(InvalidQueryError, match=r"a budget of 0 labels given; it must be at least 1"):
        Simulator(tasks_of("iris"), SoftmaxRegression(), labels=0)


def test_the_learner_given_is_left_as_it_is():
    learner = SoftmaxRegression()
    Simulator(tasks_of("iris"), learner, labels=5)
    assert learner._state is None


def stored():
    """Numbers in all tensors that are alive."""
    return sum(each.numel() for each in gc.get_objects() if type(each) is torch.Tensor)


def test_many_loops_hold_no_more_than_few():
    data = load_data_set("synthetic/tiny-0")
    simulator = Simulator([draw_task(data, [seed]) for seed in range(2)], SoftmaxRegression(), labels=1000)
    after = []
    for loop in range(300):
        play(simulator, 1)
        if loop % 10 == 9:
            simulator.restart([0, 1], [draw_task(data, [seed, loop]) for seed in range(2)])
        if loop % 100 == 99:
            gc.collect()
            after.append(stored())
    assert after[2] <= after[0]
