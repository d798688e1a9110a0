"""Bad starts, told by labels alone."""

from __future__ import annotations

import pytest

from alrl.projects.event_log import Event
from alrl.projects.judgement.start import check_start
from alrl.projects.state import RoundFacts, State


def begun(right: int, trials: int, counts: tuple[int, ...], rounds: int = 4) -> State:
    """Return a project whose labels were predicted so well before they came, with so many labels of each class."""
    state = State(classes=[str(each) for each in range(len(counts))])
    state.labels = {f"{each}-{place}": str(each) for each, count in enumerate(counts) for place in range(count)}
    for number in range(rounds):
        progressive = [[1]] * right + [[0]] * (trials - right) if number == 1 else []
        facts = {"progressive": progressive}
        state.rounds.append(RoundFacts(number=number, at=0.0, event=0, labels=0, fingerprint="", file="", facts=facts))
    return state


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        (begun(25, 30, (20, 20)), "fine"),
        (begun(5, 30, (20, 20)), "bad"),
        (begun(14, 30, (20, 20)), "fine"),
        (begun(25, 30, (40, 0)), "bad"),
        (begun(4, 10, (10, 10)), "early"),
        (begun(5, 30, (20, 20), rounds=2), "early"),
        (begun(5, 30, (20, 20), rounds=9), "past"),
    ],
)
def test_a_start_is_bad_where_guessing_predicts_better_or_a_class_is_missing(state: State, kind: str) -> None:
    assert check_start(state).kind == kind


def test_a_class_added_on_the_way_makes_no_bad_start_until_the_project_begins_anew() -> None:
    state = begun(25, 30, (20, 20))
    for classes in (["0", "1"], ["2"]):
        state.apply(Event(number=1, at=0.0, kind="class added", body={"classes": classes}))
    assert check_start(state).kind == "fine"
    state.apply(Event(number=2, at=0.0, kind="restarted", body={"labels": 40}))
    state.labels, state.first_round = begun(25, 30, (20, 20)).labels, 0
    assert "no label of 2" in check_start(state).reason


def test_a_bad_start_comes_with_its_evidence_and_an_offer() -> None:
    sentence = check_start(begun(5, 30, (20, 20))).sentence()
    assert sentence.startswith("bad: 5 of the last 30 labels were predicted, the commonest class is 50 %")
    assert "alrl project restart" in sentence
