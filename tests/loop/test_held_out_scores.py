"""Scores are counted by hand."""

from __future__ import annotations

import pytest
import torch
from sklearn.metrics import accuracy_score, balanced_accuracy_score

from alrl.loop.held_out_scores import outcome


def predicting(classes, k):
    return torch.nn.functional.one_hot(torch.tensor(classes), k).float()


def test_known_values():
    given = outcome(
        predicting([[0, 0, 0, 1, 2]], 3), torch.tensor([[0, 0, 1, 1, 1]]), torch.ones(1, 5, dtype=torch.bool)
    )
    assert given.accuracy.tolist() == pytest.approx([3 / 5])
    assert given.balanced_accuracy.tolist() == pytest.approx([(1 + 1 / 3) / 2])


def test_padding_does_not_count_though_it_looks_right():
    exists = torch.tensor([[True, True, False, False]])
    given = outcome(predicting([[1, 1, 0, 0]], 2), torch.tensor([[1, 0, 0, 0]]), exists)
    assert given.accuracy.tolist() == [0.5]
    assert given.balanced_accuracy.tolist() == [0.5]


def test_a_class_without_a_record_has_no_recall():
    given = outcome(predicting([[0, 2, 2]], 3), torch.tensor([[0, 2, 0]]), torch.ones(1, 3, dtype=torch.bool))
    assert given.balanced_accuracy.tolist() == [0.75]


def test_an_empty_part_scores_zero_and_not_nan():
    given = outcome(torch.zeros(1, 2, 2), torch.zeros(1, 2, dtype=torch.long), torch.zeros(1, 2, dtype=torch.bool))
    assert (given.accuracy.item(), given.balanced_accuracy.item()) == (0.0, 0.0)


def test_scikit_learn_says_the_same():
    generator = torch.Generator().manual_seed(0)
    p, y = torch.rand(4, 50, 5, generator=generator), torch.randint(5, (4, 50), generator=generator)
    given = outcome(p, y, torch.ones(4, 50, dtype=torch.bool))
    for i in range(4):
        assert given.accuracy[i] == pytest.approx(accuracy_score(y[i], p[i].argmax(1)))
        assert given.balanced_accuracy[i] == pytest.approx(balanced_accuracy_score(y[i], p[i].argmax(1)))


def test_scores_go_by_name():
    given = outcome(predicting([[0, 0, 1]], 2), torch.tensor([[0, 1, 1]]), torch.ones(1, 3, dtype=torch.bool))
    assert given.metric("accuracy") is given.accuracy
    assert given.metric("balanced-accuracy") is given.balanced_accuracy
