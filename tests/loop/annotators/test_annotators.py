"""Annotators answer by record, reproducibly, and err, abstain and delay as often as they say."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from alrl.errors import ContractError, InvalidDataError, InvalidQueryError, InvalidRecipeError
from alrl.loop.annotators import annotators, make_annotator
from alrl.loop.annotators.base import NO_LABEL, Annotator, Answers, annotator_of
from alrl.loop.annotators.boundary import difficulty
from alrl.testing import check_annotator
from alrl.testing.example_query import example_query

NOISY = {"kind": "noisy", "rate": 0.5}
TEAM = [{"kind": "noisy", "rate": 0.9}, {"kind": "perfect"}, {"kind": "noisy", "rate": 0.5}]
EVERY_KIND = {
    "perfect": {},
    "noisy": {"rate": 0.5},
    "confused": {"matrix": [[0.5, 0.5, 0.0], [0.0, 0.5, 0.5], [0.2, 0.2, 0.6]]},
    "boundary": {"rate": 0.3},
    "abstaining": {"rate": 0.4, "annotator": NOISY},
    "delayed": {"least": 0, "most": 3, "annotator": NOISY},
    "several": {"annotators": TEAM, "prices": [0.1, 2.0, 0.5]},
}
HIDDEN = torch.randint(0, 3, (1, 300), generator=torch.Generator().manual_seed(0))
EVERYTHING = torch.arange(300)[None]


def answered(kind, query, **settings):
    return make_annotator(kind, **(EVERY_KIND[kind] | settings)).answer(query)


def fields(answer):
    return [value for value in (answer.labels, answer.charged, answer.price, answer.delay) if value is not None]


def test_every_annotator_is_tested_here():
    assert set(EVERY_KIND) == set(annotators())


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_every_annotator_keeps_the_contract(kind):
    check_annotator(make_annotator(kind, **EVERY_KIND[kind]))


@pytest.mark.parametrize(
    ("answer", "promise"),
    [
        (lambda self, query: torch.rand(query.picks.shape).mul(2).long(), "asked the same again"),
        (lambda self, query: query.known.flip(1).cummax(1).values, "no other query of the batch"),
        (lambda self, query: query.known.minimum(query.known.sum() % 3), "it would be alone"),
        (lambda self, query: query.known.masked_fill(query.picks == 5, NO_LABEL), "first sample is waited for"),
        (
            lambda self, query: query.known.masked_fill((query.picks == 5) & (not query.first), NO_LABEL),
            "abstains is False",
        ),
    ],
)
def test_a_broken_annotator_is_told_which_promise_it_breaks(answer, promise):
    class Own(Annotator):
        name = "own"

        def answer(self, query):
            return Answers(labels=answer(self, query))

    with pytest.raises(ContractError, match=f"Own: .*{promise}"):
        check_annotator(Own())


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_an_answer_depends_on_the_record_and_not_on_when_it_is_asked(kind):
    at_once = answered(kind, example_query(HIDDEN, EVERYTHING))
    order = torch.randperm(300, generator=torch.Generator().manual_seed(1))
    moved = answered(kind, example_query(HIDDEN, order[None]))
    single = answered(kind, example_query(HIDDEN, torch.tensor([[17]])))
    for whole, part, one in zip(*map(fields, (at_once, moved, single)), strict=True):
        assert whole[:, order].equal(part)
        assert whole[:, 17:18].equal(one)


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_an_episode_is_answered_as_it_would_be_alone(kind):
    seeds = [[7, 0], [7, 1], [7, 2]]
    truth = torch.cat([HIDDEN, HIDDEN.flip(1), HIDDEN])
    together = answered(kind, example_query(truth, EVERYTHING.expand(3, -1), seeds=seeds))
    alone = answered(kind, example_query(truth[1:2], EVERYTHING, seeds=seeds[1:2]))
    for batch, one in zip(fields(together), fields(alone), strict=True):
        assert batch[1:2].equal(one)
    if kind != "perfect":
        assert any(not batch[0].equal(batch[2]) for batch in fields(together))


@pytest.mark.parametrize("kind", [kind for kind in EVERY_KIND if kind != "perfect"])
def test_asked_again_he_considers_anew(kind):
    first = answered(kind, example_query(HIDDEN, EVERYTHING))
    again = answered(kind, example_query(HIDDEN, EVERYTHING, times=torch.ones_like(EVERYTHING)))
    assert any(not a.equal(b) for a, b in zip(fields(first), fields(again), strict=True))


def test_errors_have_their_rate_and_spread_over_the_other_classes():
    hidden = torch.full((1, 40_000), 1)
    query = example_query(hidden, torch.arange(40_000)[None], class_count=torch.tensor([4]))
    share = torch.bincount(make_annotator("noisy", rate=0.3).answer(query).labels[0], minlength=4) / 40_000
    assert torch.allclose(share, torch.tensor([0.1, 0.7, 0.1, 0.1]), atol=0.01)


def test_without_errors_the_noisy_annotator_is_perfect_and_with_nothing_else_never_right():
    query = example_query(HIDDEN, EVERYTHING)
    assert make_annotator("noisy", rate=0.0).answer(query).labels.equal(HIDDEN)
    assert not (make_annotator("noisy", rate=1.0).answer(query).labels == HIDDEN).any()


def test_the_noise_of_a_seed_is_what_it_was_before():
    # Literals: published results with noisy annotators must come out again.
    answers = make_annotator("noisy", rate=0.5).answer(example_query([[0, 1, 2, 1, 0, 2]], [[0, 1, 2, 3, 4, 5]]))
    again = make_annotator("noisy", rate=0.5).answer(example_query([[0, 1, 2, 1, 0, 2]], [[0, 1, 2, 3, 4, 5]]))
    assert answers.labels.equal(again.labels)
    luck = example_query([[0]], [[0]], seeds=[[0]]).luck(0)
    assert luck[0].tolist() == pytest.approx([0.6951701045036316], abs=1e-7)


def test_a_confusion_matrix_says_how_often_each_class_is_said():
    matrix = [[0.8, 0.2, 0.0], [0.0, 1.0, 0.0], [0.5, 0.1, 0.4]]
    truth = torch.arange(3).repeat(20_000)[None]
    drawn = make_annotator("confused", matrix=matrix).answer(example_query(truth, torch.arange(60_000)[None])).labels
    result = torch.stack([torch.bincount(drawn[truth == label], minlength=3) / 20_000 for label in range(3)])
    assert torch.allclose(result, torch.tensor(matrix), atol=0.01)
    assert (result[torch.tensor(matrix) == 0] == 0).all()


def test_errors_near_the_boundary_have_their_rate_and_their_place():
    # Two classes on a line that meet in the middle: neighbours of another class are there alone.
    truth = (torch.arange(4000) // 2000)[None]
    query = example_query(truth, torch.arange(4000)[None], X=torch.arange(4000.0)[None, :, None])
    hard = difficulty(query)
    assert hard.mean().item() == pytest.approx(1.0, abs=1e-5)
    assert hard[0, 1000] < hard[0, 1996] < hard[0, 1999] == hard[0, 2000]
    # Ten neighbours, five of them beyond the boundary: (5 + 1/2) / 11, and (0 + 1/2) / 11 far from it.
    assert (hard[0, 1999] / hard[0, 1000]).item() == pytest.approx(11.0, rel=1e-5)
    wrong = make_annotator("boundary", rate=0.3).answer(query).labels != truth
    assert wrong.float().mean().item() == pytest.approx(0.3, abs=0.03)
    assert wrong[0, 1997:2003].all()


def test_what_is_said_near_a_boundary_is_the_class_beyond_it():
    truth = torch.cat([torch.zeros(20), torch.ones(20), torch.full((20,), 2)]).long()[None]
    query = example_query(truth, torch.tensor([[19, 20, 39, 40]]))
    assert make_annotator("boundary", rate=1.0).answer(query).labels.tolist() == [[1, 0, 2, 1]]


def test_an_abstention_is_charged_or_not_as_declared():
    query = example_query(HIDDEN, EVERYTHING)
    charged, free = (make_annotator("abstaining", rate=0.4, charged=each).answer(query) for each in (True, False))
    silent = free.labels == NO_LABEL
    assert silent.float().mean().item() == pytest.approx(0.4, abs=0.08)
    assert charged.labels.equal(free.labels)
    assert charged.charged is None
    assert free.charged.equal(~silent)
    assert free.labels[~silent].equal(HIDDEN[~silent])


def test_hard_records_are_abstained_from_more_often():
    truth = (torch.arange(2000) // 1000)[None]
    query = example_query(truth, torch.arange(2000)[None])
    silent = make_annotator("abstaining", rate=0.2, hard=True).answer(query).labels == NO_LABEL
    assert silent[0, 996:1004].float().mean() > 3 * silent.float().mean()


def test_delays_are_spread_over_the_loops_that_were_declared():
    query = example_query(torch.zeros(1, 30_000, dtype=torch.long), torch.arange(30_000)[None])
    share = torch.bincount(make_annotator("delayed", least=2, most=4).answer(query).delay[0]) / 30_000
    assert torch.allclose(share, torch.tensor([0, 0, 1 / 3, 1 / 3, 1 / 3]), atol=0.01)


@pytest.mark.parametrize("kind", ["abstaining", "delayed"])
def test_wrapping_an_annotator_leaves_his_errors_as_they_are(kind):
    query = example_query(HIDDEN, EVERYTHING)
    plain, wrapped = annotator_of(NOISY).answer(query).labels, answered(kind, query).labels
    assert wrapped[wrapped >= 0].equal(plain[wrapped >= 0])


@pytest.mark.parametrize("kind", ["abstaining", "delayed"])
def test_the_first_sample_is_waited_for(kind):
    answer = answered(kind, example_query(HIDDEN, EVERYTHING, first=True))
    assert (answer.labels >= 0).all()
    assert answer.delay is None


def test_a_team_is_asked_at_random_in_turn_or_all_together():
    query = example_query(HIDDEN, EVERYTHING, queries_before=torch.tensor([4]))
    at_random, in_turn, panel = (answered("several", query, asked=rule) for rule in ("random", "in-turn", "panel"))
    assert in_turn.price[0, :5].tolist() == [2.0, 0.5, 0.1, 2.0, 0.5]
    shares = [(at_random.price == price).float().mean().item() for price in (0.1, 2.0, 0.5)]
    assert shares == pytest.approx([1 / 3] * 3, abs=0.09)
    assert (in_turn.labels[in_turn.price == 2.0] == HIDDEN[in_turn.price == 2.0]).all()
    assert torch.allclose(panel.price, torch.tensor(2.6).double())
    assert (panel.labels == HIDDEN).float().mean() > (at_random.labels == HIDDEN).float().mean()


def test_a_panel_says_what_most_of_them_say():
    several = [{"kind": "confused", "matrix": [[1 - first, first], [0.0, 1.0]]} for first in (1.0, 0.0, 0.0)]
    query = example_query([[0, 1]], [[0, 1]])
    assert make_annotator("several", annotators=several, asked="panel").answer(query).labels.tolist() == [[0, 1]]
    assert make_annotator("several", annotators=several[:2], asked="panel").answer(query).labels.tolist() == [[1, 1]]


def test_members_of_a_team_err_by_chance_of_their_own():
    query = example_query(HIDDEN, EVERYTHING)
    team = make_annotator("several", annotators=[NOISY] * 2)
    first, second = (team.answer(example_query(HIDDEN, EVERYTHING, who=EVERYTHING * 0 + who)).labels for who in (0, 1))
    assert not first.equal(second)
    assert not first.equal(annotator_of(NOISY).answer(query).labels)


def test_who_is_asked_may_be_said():
    who = torch.tensor([[1, 0, 1]])
    answer = answered("several", example_query([[0, 1, 1]], [[0, 1, 2]], who=who))
    assert answer.price.tolist() == [[2.0, 0.1, 2.0]]
    with pytest.raises(InvalidQueryError, match="annotator 3 asked; there are 3, counted from 0"):
        answered("several", example_query([[0, 1]], [[0, 1]], who=torch.tensor([[0, 3]])))


@pytest.mark.parametrize(
    ("kind", "wrong", "message"),
    [
        ("noisy", {"rate": -0.1}, r"rate = -0.1 is not allowed; give a number from 0 to 1"),
        ("noisy", {"rate": float("nan")}, r"rate = nan is not allowed"),
        ("boundary", {"rate": 1.5}, r"rate = 1.5 is not allowed"),
        ("abstaining", {"rate": 2.0}, r"rate = 2 is not allowed"),
        ("confused", {"matrix": [[0.5, 0.4], [0.0, 1.0]]}, r"give a row of probabilities for each class"),
        ("confused", {"matrix": [[1.0, 0.0]]}, r"give a row of probabilities for each class"),
        ("delayed", {"least": 3, "most": 2}, r"least is 0 or above, most no less"),
        ("delayed", {"most": 2.5}, r"most = 2.5 given; give a whole number of rounds"),
        ("delayed", {"annotator": {"kind": "nosy"}}, r'unknown annotator "nosy"; did you mean "noisy"'),
        ("delayed", {"annotator": {"rate": 0.1}}, r"name its kind, one of abstaining, boundary"),
        ("delayed", {"annotator": {"kind": "noisy", "rat": 0.1}}, r'unknown setting "rat"; did you mean "rate"'),
        ("several", {"annotators": [NOISY]}, r"1 annotators given; several are 2 to 15"),
        ("several", {"prices": [1.0]}, r"give one for each, 0 or above"),
        ("several", {"asked": "best"}, r"allowed are random, in-turn, panel"),
    ],
)
def test_settings_that_cannot_be_are_refused(kind, wrong, message):
    with pytest.raises(InvalidRecipeError, match=message):
        make_annotator(kind, **(EVERY_KIND[kind] | wrong))


def test_a_confusion_matrix_of_another_size_than_the_classes_is_refused():
    with pytest.raises(InvalidDataError, match=r"a confusion matrix of 3 classes given for data of 2"):
        answered("confused", example_query([[0, 1]], [[0]]))


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    rate=st.floats(0, 1),
    most=st.integers(0, 4),
    charged=st.booleans(),
    wanted=st.integers(0, 9),
)
def test_answers_are_classes_or_none_and_delays_are_as_declared(seed, rate, most, charged, wanted):
    inner = {"kind": "abstaining", "rate": rate, "charged": charged, "annotator": NOISY}
    late = {"kind": "delayed", "least": 0, "most": most, "annotator": inner}
    team = make_annotator("several", annotators=[late, NOISY], asked="in-turn")
    query = example_query(HIDDEN, EVERYTHING[:, :50], seeds=[[seed]], queries_before=torch.tensor([wanted]))
    answer = team.answer(query)
    assert ((answer.labels >= NO_LABEL) & (answer.labels < 3)).all()
    assert ((answer.delay >= 0) & (answer.delay <= most)).all()
    silent = answer.labels == NO_LABEL
    if not charged:
        assert answer.charged.equal(~silent)
