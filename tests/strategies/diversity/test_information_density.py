from __future__ import annotations

import math

import numpy as np
import pytest

from alrl.errors import InvalidRecipeError
from alrl.strategies.diversity.information_density import InformationDensity
from alrl.strategies.uncertainty_sampling import Entropy
from alrl.testing.example_view import example_view
from alrl.testing.rearrange import alone

POINTS = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [5.0, 5.0]]
SIMILARITY = [0.53097484, 0.51232292, 0.51232292, 0.34851389]


def test_known_densities(view_of):
    view = view_of(features=POINTS, probabilities=[[0.5, 0.5]] * 4)
    density = InformationDensity().score(view)[0] / math.log(2)
    assert density.tolist() == pytest.approx(SIMILARITY, abs=5e-7)


def test_beta_is_the_power_of_the_density(view_of):
    view = view_of(features=POINTS, probabilities=[[0.5, 0.5]] * 4)
    density = InformationDensity(beta=2).score(view)[0] / math.log(2)
    assert density.tolist() == pytest.approx([each**2 for each in SIMILARITY], abs=5e-7)
    assert InformationDensity(beta=0).score(view).equal(Entropy().score(view))


def test_prefers_the_dense_among_the_unsure_and_the_unsure_among_the_dense(view_of):
    view = view_of(features=POINTS, probabilities=[[0.9, 0.1], [0.5, 0.5], [0.9, 0.1], [0.5, 0.5]])
    assert InformationDensity().select(view, 2).tolist() == [[1, 3]]


def test_agrees_with_brute_force():
    view = example_view(seed=5, padding=2)
    score = InformationDensity().score(view)
    for episode in range(3):
        single = alone(view, episode)
        X, p = single.features[0].double().numpy(), single.probabilities[0].double().numpy()
        similarity = (1 / (1 + np.sqrt(((X[:, None] - X[None]) ** 2).sum(-1)))).mean(1)
        np.testing.assert_allclose(score[episode, : len(X)], -(p * np.log(p)).sum(1) * similarity, rtol=1e-5)


@pytest.mark.parametrize("beta", [-1.0, math.nan, math.inf])
def test_a_beta_that_makes_no_sense_is_refused(beta):
    with pytest.raises(InvalidRecipeError, match=rf"beta = {beta} given; it must be finite and at least 0"):
        InformationDensity(beta=beta)
