from __future__ import annotations

import pytest
import torch

from alrl.metadata.label_errors import confident_class, confident_joint, suspected, thresholds


def case(first, labels):
    p, y = torch.tensor(first), torch.tensor([labels])
    return torch.stack([p, 1 - p], -1)[None], y, torch.ones_like(y, dtype=torch.bool)


NORTHCUTT = case([0.9, 0.8, 0.85, 0.1, 0.2, 0.15, 0.1, 0.9], [0, 0, 0, 1, 1, 1, 0, 1])
OTHER = case([0.9, 0.8, 0.7, 0.1, 0.2, 0.3, 0.1, 0.95], [0, 0, 0, 0, 1, 1, 1, 1])


def test_the_confident_joint_and_what_it_suspects():
    assert confident_joint(*NORTHCUTT).tolist() == [[[3, 1], [1, 3]]]
    assert suspected(*NORTHCUTT)[0].nonzero()[:, 0].tolist() == [6, 7]


def test_thresholds_are_the_mean_of_each_class():
    assert thresholds(*OTHER)[0].tolist() == pytest.approx([0.625, 0.6125])
    assert confident_joint(*OTHER).tolist() == [[[3, 1], [1, 3]]]
    assert suspected(*OTHER)[0].nonzero()[:, 0].tolist() == [3, 7]


def test_of_a_class_without_labels_nobody_is_confident():
    probabilities, labels, real = case([0.9, 0.1, 0.2], [0, 0, 0])
    assert thresholds(probabilities, labels, real)[0, 1] > 1
    assert confident_class(probabilities, labels, real).tolist() == [[0, -1, -1]]
    assert not suspected(probabilities, labels, real).any()


def test_padding_neither_counts_nor_is_suspected():
    probabilities, labels, real = NORTHCUTT
    wider = [torch.cat([probabilities, torch.tensor([[[0.5, 0.5]]])], 1), torch.cat([labels, labels[:, :1]], 1)]
    wider.append(torch.cat([real, ~real[:, :1]], 1))
    assert thresholds(*wider).equal(thresholds(probabilities, labels, real))
    assert suspected(*wider)[0].nonzero()[:, 0].tolist() == [6, 7]
    assert confident_joint(*wider).equal(confident_joint(probabilities, labels, real))
