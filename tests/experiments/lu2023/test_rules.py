"""US-NC and QBC as strategies of any loop."""

from __future__ import annotations

import pytest

from alrl.errors import InvalidQueryError
from alrl.evaluation.simulate import simulate
from alrl.testing.example_view import example_view
from experiments.lu2023.rules import QueryByCommittee, UncertaintyOfLogistic


@pytest.mark.parametrize("rule", [UncertaintyOfLogistic(), QueryByCommittee()])
def test_a_rule_plays_in_any_loop_of_two_classes(rule):
    curves = simulate("breast_cancer", rule, labels=6, seeds=2)
    assert all(len(set(row)) == 6 for row in curves.picks.tolist())
    assert curves.accuracy[:, -1].mean() > 0.85


def test_more_than_two_classes_are_refused():
    with pytest.raises(InvalidQueryError, match="us-nc is defined for two classes; 4 given"):
        UncertaintyOfLogistic().score(example_view())


def test_an_episode_is_the_same_alone_and_beside_others():
    curves = simulate("breast_cancer", UncertaintyOfLogistic(), labels=3, seeds=2)
    again = simulate("breast_cancer", UncertaintyOfLogistic(), labels=3, seeds=[1])
    assert curves.picks[1].tolist() == again.picks[0].tolist()
