"""Annotators answer by record, reproducibly, and err as often as they say."""

from __future__ import annotations

import pytest
import torch

from alrl.errors import InvalidRecipeError
from alrl.loop.annotator import NoisyAnnotator, PerfectAnnotator

HIDDEN = torch.tensor([[0, 1, 2, 1], [1, 0, 0, 1]])


def test_the_perfect_annotator_says_the_truth_and_ignores_what_is_no_query():
    picks = torch.tensor([[3, 2, -1], [0, -1, 1]])
    assert PerfectAnnotator().answer(HIDDEN, picks).tolist() == [[1, 2, 0], [1, 0, 0]]


def test_without_errors_the_noisy_annotator_is_perfect():
    picks = torch.tensor([[0, 1, 2, 3, -1]] * 2)
    answers = NoisyAnnotator(0.0, [[0], [1]]).answer(HIDDEN, picks)
    assert torch.equal(answers, PerfectAnnotator().answer(HIDDEN, picks))


def test_errors_have_their_rate_and_spread_over_the_other_classes():
    hidden = torch.full((1, 40_000), 1)
    hidden[0, -1] = 3
    answers = NoisyAnnotator(0.3, [[5]]).answer(hidden, torch.arange(39_999)[None])
    share = torch.bincount(answers[0], minlength=4) / 39_999
    assert torch.allclose(share, torch.tensor([0.1, 0.7, 0.1, 0.1]), atol=0.01)


def test_a_rate_of_one_is_always_wrong():
    hidden = torch.randint(0, 3, (2, 500), generator=torch.Generator().manual_seed(0))
    everything = torch.arange(500).expand(2, -1)
    assert not (NoisyAnnotator(1.0, [[0], [1]]).answer(hidden, everything) == hidden).any()


def test_an_answer_depends_on_the_record_and_not_on_when_it_is_asked():
    hidden = torch.randint(0, 3, (1, 200), generator=torch.Generator().manual_seed(0))
    annotator = NoisyAnnotator(0.5, [[3]])
    all_at_once = annotator.answer(hidden, torch.arange(200)[None])
    order = torch.randperm(200, generator=torch.Generator().manual_seed(1))
    one_by_one = [int(annotator.answer(hidden, pick[None, None])) for pick in order]
    assert all_at_once[0, order].tolist() == one_by_one
    assert 0.3 < (all_at_once != hidden).float().mean() < 0.7


def test_an_episode_is_answered_as_it_would_be_alone():
    hidden = torch.randint(0, 4, (1, 300), generator=torch.Generator().manual_seed(0)).expand(3, -1)
    everything = torch.arange(300).expand(3, -1)
    batch = NoisyAnnotator(0.5, [[7, 0], [7, 1], [7, 2]])
    answers = batch.answer(hidden, everything)
    assert not torch.equal(answers[0], answers[1])
    alone = NoisyAnnotator(0.5, [[7, 1]]).answer(hidden[:1], everything[:1])
    assert torch.equal(alone[0], answers[1])
    branches = batch.take(torch.tensor([2, 1, 1])).answer(hidden, everything)
    assert torch.equal(branches, answers[[2, 1, 1]])
    batch.restart(0, [7, 1])
    assert torch.equal(batch.answer(hidden, everything), answers[[1, 1, 2]])


@pytest.mark.parametrize("rate", [-0.1, 1.5, float("nan")])
def test_rates_outside_zero_to_one_are_refused(rate):
    with pytest.raises(InvalidRecipeError, match=r"error rate of .* is not allowed; give a number from 0 to 1"):
        NoisyAnnotator(rate, [[0]])
