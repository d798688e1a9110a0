"""Statistics with data sets as units, against scipy, scikit-learn and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn.linear_model import LogisticRegression

from alrl.evaluation import statistics
from alrl.evaluation.statistics.across_data_sets import expanded, signed_rank_posterior

DIFFERENCES = [np.random.default_rng(place).normal(0.3 * place - 0.5, 1.0, 20) for place in range(9)]


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_the_mean_over_data_sets_has_scipys_interval_over_their_means() -> None:
    result = statistics.mean_difference(DIFFERENCES)
    means = [each.mean() for each in DIFFERENCES]
    expected = stats.ttest_1samp(means, 0.0).confidence_interval(0.95)
    assert (result.value, result.low, result.high) == pytest.approx((np.mean(means), expected.low, expected.high))
    few = statistics.mean_difference(DIFFERENCES[:5])
    assert np.isnan([few.low, few.high]).all()


def test_the_interval_over_data_sets_is_wider_than_that_over_seeds_of_the_same_midmean() -> None:
    wide = statistics.midmean_over_data_sets(DIFFERENCES, rng())
    narrow = statistics.midmean_difference(DIFFERENCES, rng())
    assert wide.value == narrow.value == pytest.approx(stats.trim_mean(np.concatenate(DIFFERENCES), 0.25))
    assert wide.low < narrow.low < narrow.high < wide.high
    ragged = statistics.midmean_over_data_sets([*DIFFERENCES[:-1], DIFFERENCES[-1][:10]], rng(), resamples=500)
    assert wide.low - 0.5 < ragged.low < ragged.high < wide.high + 0.5


def test_without_noise_of_seeds_the_hierarchical_bootstrap_is_that_of_the_data_sets() -> None:
    values = np.array([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0])
    result = statistics.midmean_over_data_sets([[value] for value in values], rng(), resamples=4000)
    plain = stats.bootstrap(
        (values,), lambda x, axis: stats.trim_mean(x, 0.25, axis=axis), n_resamples=4000, method="percentile",
        confidence_level=expanded(0.95, 8), rng=rng(),
    ).confidence_interval  # fmt: skip
    assert (result.low, result.high) == pytest.approx((plain.low, plain.high), abs=0.4)


def test_the_expanded_level_is_that_of_students_quantile() -> None:
    # Hesterberg 2015: alpha' = Phi(-sqrt(n / (n - 1)) t).
    expected = 1 - 2 * stats.norm.cdf(-np.sqrt(10 / 9) * stats.t.ppf(0.975, 9))
    assert expanded(0.95, 10) == pytest.approx(expected)


def test_the_bayesian_signed_rank_test_has_its_closed_form_for_one_data_set() -> None:
    # Weight w of the prior is Beta(1/2, 1): both halves of the only pair are better unless w^2 > 1/2.
    result = signed_rank_posterior(np.array([5.0]), rng(), rope=0.1, samples=200_000)
    assert result.better == pytest.approx(0.5**0.25, abs=0.005)
    assert result.equal == pytest.approx(1 - 0.5**0.25, abs=0.005)
    assert result.worse == 0.0


def test_the_bayesian_signed_rank_test_is_symmetric_and_sees_what_is_equal() -> None:
    values = np.array([1.0, -1.0, 2.0, -2.0, 3.0, -3.0])
    result = statistics.bayesian_signed_rank(values, rng())
    assert result is not None
    assert result.better == pytest.approx(result.worse, abs=0.02)
    equal = statistics.bayesian_signed_rank(values / 100, rng())
    assert equal is not None
    assert equal.equal == 1.0
    assert statistics.bayesian_signed_rank(values[:5], rng()) is None


def test_elo_of_two_is_the_odds_in_decades() -> None:
    result = statistics.elo({"a": [[0.5, 0.8], [0.2, 0.5]]}, ["x", "y"], "y", rng())
    assert result["x"].value == pytest.approx(1000 + 400 * np.log10(0.8 / 0.2), abs=1e-2)
    assert result["y"].value == 1000.0


def test_elo_is_tabarenas_logistic_regression_of_games() -> None:
    names, sets = ["a", "b", "c", "d"], 8
    scores = np.random.default_rng(1).normal([0.0, 0.3, 0.5, 1.0], 1.0, (sets, 30, 4))
    wins = {str(place): (each[:, :, None] > each[:, None, :]).mean(0) for place, each in enumerate(scores)}
    result = statistics.elo(wins, names, "a", rng(), resamples=50)
    X, y, weight = [], [], []
    for share in wins.values():
        for one in range(4):
            for other in range(one + 1, 4):
                row = np.zeros(4)
                row[one], row[other] = np.log(10), -np.log(10)
                X += [row, row]
                y += [1, 0]
                weight += [share[one, other], share[other, one]]
    model = LogisticRegression(fit_intercept=False, C=1e6, tol=1e-10, max_iter=1000).fit(X, y, sample_weight=weight)
    expected = 400 * model.coef_[0] + 1000
    assert [result[name].value for name in names] == pytest.approx(list(expected - expected[0] + 1000), abs=0.5)
    assert all(result[name].low < result[name].value < result[name].high for name in names[1:])


def test_who_wins_every_game_has_a_finite_rating() -> None:
    always = np.array([[0.5, 1.0, 1.0], [0.0, 0.5, 0.5], [0.0, 0.5, 0.5]])
    result = statistics.elo({"a": always}, ["x", "y", "z"], "z", rng())
    assert np.isfinite(result["x"].value)
    assert result["x"].value > 2000
    assert result["y"].value == pytest.approx(1000)


def test_improvability_is_what_the_error_lacks_of_the_best_in_percent() -> None:
    scores = [[0.9, 0.8, 1.0], [0.5, 0.75, 0.75]]
    assert statistics.improvability(scores) == pytest.approx([(100 + 50) / 2, (100 + 0) / 2, 0.0])
