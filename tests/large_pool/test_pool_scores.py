from __future__ import annotations

import numpy as np
import pytest
import torch

from alrl.large_pool.pool import LargePool
from alrl.large_pool.scorer import MEASURES, LearnerScorer, score_pool
from alrl.learners import SoftmaxRegression
from alrl.numerics import uncertainty


@pytest.fixture
def fitted():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((300, 5)).astype(np.float32)
    pool = LargePool(X, chunk_bytes=8 * 5 * 37)
    learner = SoftmaxRegression()
    labelled = torch.from_numpy(pool.standardised(np.arange(9)))[None]
    learner.fit(labelled, torch.arange(9)[None] % 3, torch.ones(1, 9), torch.ones(1, 3, dtype=torch.bool))
    return pool, LearnerScorer(learner)


@pytest.mark.parametrize(
    ("measure", "expected"),
    [
        ("margin", uncertainty.margin),
        ("least-confidence", lambda p: 1 - uncertainty.least_confidence(p)),
        ("entropy", lambda p: -uncertainty.entropy(p)),
    ],
)
def test_chunks_are_scored_as_the_strategies_score_the_whole(fitted, measure, expected):
    pool, scorer = fitted
    whole = scorer.of(pool, slice(0, 300))
    scores = score_pool(pool, scorer, measure)
    np.testing.assert_allclose(scores.certainty, expected(whole).numpy(), atol=2e-6)
    assert (scores.predicted == whole.argmax(1).numpy()).all()


def test_every_measure_has_a_strategy_of_its_name():
    from alrl.strategies import strategies

    assert set(MEASURES) <= set(strategies())
