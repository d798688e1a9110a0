"""Labels that are wrong, late, refused or asked for again: each is charged once, arrives, and leaks nothing."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from alrl.agents.look_ahead.look_ahead import LookAhead
from alrl.data.sources import load_data_set
from alrl.data.task import draw_task
from alrl.errors import InvalidQueryError
from alrl.learners import NearestCentroid
from alrl.loop.annotators import annotators, make_annotator
from alrl.loop.cost import Prices
from alrl.loop.simulator import Simulator
from alrl.strategies import make_strategy

TINY = load_data_set("synthetic/tiny-0")
NOISY = {"kind": "noisy", "rate": 0.3}
LATE = make_annotator("delayed", least=1, most=3, annotator=NOISY)
SILENT = {"kind": "abstaining", "rate": 0.5, "annotator": NOISY}
TEAM = make_annotator("several", annotators=[NOISY, {"kind": "perfect"}], prices=[0.5, 2.0], asked="in-turn")
RANDOM = make_strategy("random")


def simulator(annotator=None, seeds=(0, 1), **settings):
    tasks = [draw_task(TINY, [seed]) for seed in seeds]
    return Simulator(tasks, NearestCentroid(), labels=30, annotator=annotator, **settings)


def play(loop, batches):
    """Query at random, so many in each round (0 only waits); the rounds."""
    rounds = []
    for batch in batches:
        picks = RANDOM.select(loop.view, batch) if batch else torch.full((len(loop.tasks), 1), -1)
        rounds.append(loop.step(picks))
    return rounds


def positions(mask):
    return [row.nonzero()[:, 0].tolist() for row in mask]


@settings(max_examples=25, deadline=None)
@given(
    batches=st.lists(st.integers(0, 4), min_size=1, max_size=6),
    least=st.integers(0, 2),
    more=st.integers(0, 2),
    rate=st.sampled_from([0.0, 0.5]),
    charged=st.booleans(),
)
def test_every_label_that_arrives_was_charged_once_and_all_arrive(batches, least, more, rate, charged):
    inner = {"kind": "abstaining", "rate": rate, "charged": charged, "annotator": NOISY}
    loop = simulator(make_annotator("delayed", least=least, most=least + more, annotator=inner), prices=Prices(label=2))
    first = loop.first_counts()
    rounds = play(loop, [*batches, *[0] * (least + more)])
    view, wanted = loop.view, torch.tensor(sum(batches))
    arrived = view.labelled.sum(1)
    assert view.labelled_mask.sum(1).equal(arrived)
    assert not view.selected.any()
    silent = view.silent.sum(1)
    assert (arrived - first + silent).tolist() == [wanted] * 2
    assert view.spent.equal(wanted - silent * (not charged))
    assert loop.cost.labels.equal((view.spent + first).double())
    assert loop.cost.money.equal(2 * loop.cost.labels)
    assert torch.stack([each.cost.labels for each in rounds]).sum(0).equal(view.spent.double())
    for kept, there in zip(view.labelled_index, view.labelled_mask, strict=True):
        assert len(set(kept[there].tolist())) == int(there.sum())


def test_a_late_label_is_out_of_reach_until_it_comes_and_then_known():
    loop = simulator(make_annotator("delayed", least=2, most=2))
    picks = RANDOM.select(loop.view, 3)
    before = loop.view
    loop.step(picks)
    for wait in range(2):
        view = loop.view
        assert positions(view.selected) == [sorted(row) for row in picks.tolist()]
        assert not (view.available | view.labelled).gather(1, picks).any()
        assert view.labels.equal(before.labels)
        assert view.spent.tolist() == [3, 3]
        with pytest.raises(InvalidQueryError, match="none whose label is under way"):
            loop.step(picks)
        answers = loop.step(torch.full((2, 1), -1)).answers
        assert answers.tolist() == [[-1]] * 2, wait
    view = loop.view
    assert view.labelled.gather(1, picks).all()
    assert view.labelled_index[:, -3:].equal(picks)
    truth = loop.parts("pool").labels.gather(1, picks)
    assert view.labels[:, -3:].equal(truth)


def test_labels_of_one_batch_come_in_parts():
    loop = simulator(make_annotator("delayed", least=0, most=2), seeds=range(8))
    first = loop.first_counts()
    rounds = play(loop, [6])
    at_once = (rounds[0].answers >= 0).sum(1)
    assert loop.view.labelled.sum(1).equal(first + at_once)
    counts = []
    for _ in range(2):
        play(loop, [0])
        counts.append(loop.view.labelled.sum(1) - first)
    assert (counts[-1] == 6).all()
    assert len({*map(tuple, torch.stack([at_once, *counts], 1).tolist())}) > 1
    assert ((counts[0] > at_once) & (counts[0] < 6)).any()


def test_an_episode_that_stands_still_waits_too():
    loop = simulator(make_annotator("delayed", least=1, most=1))
    loop.step(RANDOM.select(loop.view, 2))
    loop.step(torch.full((2, 1), -1), torch.tensor([True, False]))
    assert loop.view.selected.sum(1).tolist() == [0, 2]
    loop.step(torch.full((2, 1), -1))
    assert loop.view.selected.sum(1).tolist() == [0, 0]


def test_a_record_without_an_answer_has_no_label_and_is_not_asked_for_again():
    loop = simulator(make_annotator("abstaining", rate=1.0))
    picks = RANDOM.select(loop.view, 2)
    known = loop.view.labelled.clone()
    answers = loop.step(picks).answers
    view = loop.view
    assert answers.tolist() == [[-1, -1]] * 2
    assert view.labelled.equal(known)
    assert not view.available.gather(1, picks).any()
    assert not (view.known & ~known).any()
    with pytest.raises(InvalidQueryError, match="or was refused"):
        loop.step(picks)


def test_a_record_is_asked_for_again_where_that_is_allowed_and_the_majority_is_believed():
    loop = simulator(make_annotator("noisy", rate=0.4), seeds=range(20), relabel="majority")
    pick = RANDOM.select(loop.view, 1)
    answer = torch.cat([loop.step(pick).answers for _ in range(9)], 1)
    assert (answer != answer[:, :1]).any()
    view = loop.view
    assert view.labelled.sum(1).equal(loop.first_counts() + 1)
    assert view.spent.tolist() == [9] * 20
    believed = view.labels[:, -1]
    votes = torch.nn.functional.one_hot(answer).sum(1)
    most = votes.amax(1)
    assert votes.gather(1, believed[:, None])[:, 0].equal(most)
    truth = loop.parts("pool").labels.gather(1, pick)[:, 0]
    assert (believed == truth).sum() > (answer[:, 0] == truth).sum()


def test_the_last_of_several_labels_is_believed_where_that_is_declared():
    loop = simulator(make_annotator("noisy", rate=0.5), seeds=range(9), relabel="last")
    pick = RANDOM.select(loop.view, 1)
    for _ in range(4):
        answer = loop.step(pick).answers
        assert loop.view.labels[:, -1:].equal(answer)


def test_a_record_of_the_first_sample_may_be_asked_for_again():
    loop = simulator(make_annotator("noisy", rate=0.5), relabel="last")
    first = torch.stack([torch.from_numpy(task.first) for task in loop.tasks])
    answers = loop.step(first).answers
    assert loop.view.labels.equal(answers)
    assert loop.view.labelled_index.equal(first)


def test_without_leave_no_record_is_asked_for_again():
    loop = simulator(make_annotator("noisy", rate=0.5))
    pick = RANDOM.select(loop.view, 1)
    loop.step(pick)
    with pytest.raises(InvalidQueryError, match="labelled already"):
        loop.step(pick)


def test_several_annotators_are_paid_their_prices():
    loop = simulator(TEAM, prices=Prices(label=10.0))
    rounds = play(loop, [1, 1, 3])
    assert [each.cost.label_money.tolist() for each in rounds] == [[5.0] * 2, [20.0] * 2, [30.0] * 2]
    # The first sample is labelled in turn as well, by the first annotator to begin with.
    assert loop.cost.label_money[0].item() - 55 == sum((5.0, 20.0)[n % 2] for n in range(loop.first_counts()[0]))


def test_who_is_asked_may_be_the_agents_choice():
    loop = simulator(TEAM)
    picks = RANDOM.select(loop.view, 2)
    paid = loop.step(picks, who=torch.tensor([[1, 1], [0, 0]])).cost.label_money
    assert paid.tolist() == [4.0, 1.0]


@pytest.mark.parametrize(
    "annotator", [LATE, TEAM, make_annotator("abstaining", rate=0.5), make_annotator("boundary", rate=0.4)]
)
def test_an_episode_alone_plays_what_it_plays_among_others(annotator):
    together = simulator(annotator, seeds=(3, 4, 5))
    play(together, [2, 3, 0, 2])
    for place, seed in enumerate((3, 4, 5)):
        alone = simulator(annotator, seeds=(seed,))
        play(alone, [2, 3, 0, 2])
        for name in ("labelled", "selected", "spent"):
            assert getattr(together.view, name)[place].equal(getattr(alone.view, name)[0]), name
        size = int(alone.view.labelled_mask.sum())
        assert together.view.labels[place, :size].equal(alone.view.labels[0, :size])
        assert together.cost.items[place, :5].equal(alone.cost.items[0, :5])


@pytest.mark.parametrize("annotator", [LATE, TEAM, make_annotator("noisy", rate=1.0)])
def test_another_annotator_leaves_split_first_sample_and_chance_as_they_were(annotator):
    plain, other = simulator(), simulator(annotator)
    for a, b in zip(plain.tasks, other.tasks, strict=True):
        assert a.first.tolist() == b.first.tolist()
        assert a.split.pool.tolist() == b.split.pool.tolist()
    for _ in range(3):
        assert plain.view.noise.equal(other.view.noise)
        assert plain.view.labelled_index[:, :2].equal(other.view.labelled_index[:, :2])
        for loop in (plain, other):
            play(loop, [1])


def test_an_episode_begun_anew_owes_nothing_and_waits_for_nothing():
    loop = simulator(make_annotator("delayed", least=1, most=1))
    play(loop, [3])
    loop.restart([0], [draw_task(TINY, [9])])
    assert loop.view.selected.sum(1).tolist() == [0, 3]
    assert loop.view.spent.tolist() == [0, 3]
    play(loop, [0])
    assert loop.view.labelled.sum(1).tolist() == (loop.first_counts() + torch.tensor([0, 3])).tolist()


def test_a_look_ahead_values_what_the_annotator_would_say():
    noisy = make_annotator("noisy", rate=1.0)
    loop, settings = simulator(noisy), LookAhead(horizon=1, reach=8)
    candidates = RANDOM.select(loop.view, 4)
    value = settings.value(loop, candidates)
    for column in range(4):
        played = simulator(noisy)
        played.step(candidates[:, column : column + 1])
        answer = played.view.labels[:, -1:]
        assert loop.labels_if_queried().gather(1, candidates[:, column : column + 1]).equal(answer)
        score = LookAhead(horizon=1, reach=8).value(played, torch.full((2, 1), -1))
        torch.testing.assert_close(value[:, column : column + 1], score)


def test_a_look_ahead_learns_nothing_of_a_record_without_an_answer():
    loop = simulator(make_annotator("abstaining", rate=1.0))
    candidates = RANDOM.select(loop.view, 2)
    nothing = torch.full((2, 1), -1)
    value, without = (LookAhead(horizon=1).value(loop, wanted) for wanted in (candidates, nothing))
    torch.testing.assert_close(value, without.expand(-1, 2))


def test_every_kind_of_annotator_plays():
    made = {
        "confused": {"matrix": (0.6 * torch.eye(4) + 0.1).tolist()},
        "several": {"annotators": [NOISY, SILENT], "asked": "panel"},
        "noisy": {"rate": 0.2},
        "boundary": {"rate": 0.2},
        "abstaining": {"rate": 0.2, "hard": True},
    }
    assert set(made) < set(annotators())
    for kind, given_settings in made.items():
        loop = simulator(make_annotator(kind, **given_settings))
        play(loop, [2, 2])
        assert loop.view.spent.tolist() == [4, 4], kind
