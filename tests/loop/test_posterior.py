"""What labels leave open in a linear model: by hand, by dense algebra, whatever the padding and the company."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from alrl.loop.pool_view import PoolView
from alrl.loop.posterior import RIDGE, Posterior, posterior, standing_for_pool, weighted_mean
from alrl.numerics.backend import portable
from alrl.numerics.uncertainty import gini
from alrl.testing.example_view import example_view
from alrl.testing.rearrange import alone, padded

FEW = settings(max_examples=25)
PARTS = ("own", "others", "covariance")


def on_a_line(places: list[float], labelled: tuple[int, ...] = (), probabilities: Any = None) -> PoolView:
    """Records with one feature and two classes, of probability 1/2 each unless given."""
    view = example_view(records=(len(places),), features=(1,), classes=(2,), labelled=(len(labelled),))
    is_labelled = torch.zeros_like(view.labelled)
    is_labelled[0, list(labelled)] = True
    shown = [[0.5, 0.5]] * len(places) if probabilities is None else probabilities
    return dataclasses.replace(
        view,
        features=torch.tensor(places)[None, :, None],
        probabilities=torch.tensor(shown)[None],
        labelled=is_labelled,
        labelled_index=torch.tensor([list(labelled)], dtype=torch.int64),
    )


def of(view: PoolView, index: list[int], others: list[int]) -> tuple[Any, ...]:
    """Variances of the records, of the others and covariances, of the only episode."""
    result = posterior(view, torch.tensor([index]), torch.tensor([others]))
    return tuple(getattr(result, part)[0].tolist() for part in PARTS)


def wanted(view: PoolView) -> tuple[torch.Tensor, torch.Tensor]:
    """All records as records and, the other way round, as others; padding included."""
    every = torch.arange(view.exists.shape[1]).expand_as(view.exists)
    return every, every.flip(1)


def found_in(view: PoolView) -> Posterior:
    return posterior(view, *wanted(view))


def with_batch(view: PoolView, count: int) -> PoolView:
    """The view after the first ``count`` available records of each episode joined the batch."""
    for _ in range(count):
        some = view.available
        view = view.with_selected(torch.where(some.any(1), some.to(torch.uint8).argmax(1), -1))
    return view


def dense(view: PoolView, episode: int) -> np.ndarray:
    """Covariance of the logits of all records, (N, N), by float64 algebra over the weights and the intercept."""
    Z = np.pad(view.features[episode].double().numpy(), ((0, 0), (0, 1)), constant_values=1.0)
    p = view.probabilities[episode].double().numpy()
    weight = np.maximum(1 - (p**2).sum(1), 0.02) * view.known[episode].numpy()
    return Z @ np.linalg.inv(RIDGE * np.eye(Z.shape[1]) + (Z.T * weight) @ Z) @ Z.T


@st.composite
def views(draw: st.DrawFn) -> PoolView:
    """Up to three episodes, some without a labelled record or without an available one, a batch perhaps begun."""
    records = draw(st.lists(st.integers(1, 14), min_size=1, max_size=3))
    view = example_view(
        seed=draw(st.integers(0, 10_000)),
        records=records,
        features=draw(st.lists(st.integers(1, 6), min_size=1, max_size=3)),
        labelled=[draw(st.integers(0, size)) for size in records],
        case=draw(st.sampled_from(["ordinary", "duplicates", "certain"])),
    )
    return with_batch(view, draw(st.integers(0, 4)))


def test_without_a_label_the_prior_alone_speaks() -> None:
    own, others, covariance = of(on_a_line([0.0, 1.0, -1.0, 2.0]), [0, 1], [1, 2, 3])
    # (x² + 1) / 10, and (x x' + 1) / 10: every weight has variance 1/10, the intercept's too.
    assert own == pytest.approx([0.1, 0.2])
    assert others == pytest.approx([0.2, 0.2, 0.5])
    assert covariance == [pytest.approx([0.1, 0.1, 0.1]), pytest.approx([0.2, 0.0, 0.3])]


def test_a_label_takes_away_what_records_have_in_common_with_it() -> None:
    own, others, covariance = of(on_a_line([0.0, 1.0, -1.0], labelled=(1,)), [0, 1], [0, 2])
    # The label at 1 has variance .2 and, of impurity 1/2, noise 2: what it says is divided by 2.2.
    assert own == pytest.approx([0.1 - 0.01 / 2.2, 0.2 - 0.04 / 2.2])
    assert others == pytest.approx([0.1 - 0.01 / 2.2, 0.2])
    assert covariance == [pytest.approx([0.1 - 0.01 / 2.2, 0.1]), pytest.approx([0.1 - 0.02 / 2.2, 0.0])]


@pytest.mark.parametrize("sure", [[1.0, 0.0], [0.999, 0.001]])
def test_a_label_that_the_learner_is_sure_of_still_tells_a_fiftieth(sure: list[float]) -> None:
    own, _, _ = of(on_a_line([0.0, 1.0], labelled=(1,), probabilities=[[0.5, 0.5], sure]), [0], [0])
    assert own == pytest.approx([0.1 - 0.01 / 50.2], rel=1e-6)


def test_the_unsure_records_of_the_labelled_tell_most() -> None:
    shown = [[0.5, 0.5], [0.5, 0.5], [0.9, 0.1]]
    view = on_a_line([0.0, 1.0, 1.0], probabilities=shown)
    unsure, sure = (of(view.with_selected(torch.tensor([n])), [0], [0])[0] for n in (1, 2))
    # Impurities .5 and .18.
    assert unsure == pytest.approx([0.1 - 0.01 / 2.2])
    assert sure == pytest.approx([0.1 - 0.01 / (0.2 + 1 / 0.18)])


@FEW
@given(views())
def test_covariances_are_those_of_dense_algebra(view: PoolView) -> None:
    result = found_in(view)
    for episode in range(len(view.exists)):
        size = int(view.exists[episode].sum())
        expected = dense(view, episode)
        variance = expected.diagonal()
        np.testing.assert_allclose(result.own[episode, :size], variance[:size], rtol=1e-3, atol=1e-5)
        np.testing.assert_allclose(result.others[episode].flip(0)[:size], variance[:size], rtol=1e-3, atol=1e-5)
        covariance = result.covariance[episode].flip(1)[:size, :size]
        np.testing.assert_allclose(covariance, expected[:size, :size], rtol=1e-3, atol=1e-5)


@FEW
@given(views())
def test_what_torch_alone_computes_is_what_compiled_code_computes(view: PoolView) -> None:
    here = found_in(view)
    with portable():
        there = found_in(view)
    for part in PARTS:
        torch.testing.assert_close(getattr(there, part), getattr(here, part), rtol=1e-4, atol=1e-6)
    assert (there.correlation - here.correlation).abs().max() < 1e-4


@FEW
@given(views(), st.integers(0, 5), st.integers(0, 5), st.integers(0, 5))
def test_padding_changes_no_bit(view: PoolView, records: int, features: int, labelled: int) -> None:
    result, size = found_in(view), view.exists.shape[1]
    wide = padded(view, records=records, features=features, labelled=labelled, classes=1)
    same = posterior(wide, *wanted(view))
    assert all(getattr(same, part).equal(getattr(result, part)) for part in PARTS)
    assert found_in(wide).own[:, :size].equal(result.own)


@FEW
@given(views())
def test_company_changes_no_bit(view: PoolView) -> None:
    index, others = wanted(view)
    together = posterior(view, index, others)
    for episode in range(len(view.exists)):
        single = alone(view, episode)
        size = single.exists.shape[1]
        there = posterior(single, index[:1, :size], index[:1, :size])
        assert there.own[0].equal(together.own[episode, :size])
        assert there.others[0].equal(together.others[episode].flip(0)[:size])
        assert there.covariance[0].equal(together.covariance[episode].flip(1)[:size, :size])


def test_a_batch_of_several_is_summed_in_one_order_whatever_the_size_of_the_pool() -> None:
    view = with_batch(example_view(seed=4, records=(300,), labelled=(5,)), 9)
    index, others = torch.arange(300)[None], torch.arange(128)[None]
    result = posterior(view, index, others)
    for records in (1, 37, 300):
        wide = posterior(padded(view, records=records), index, others)
        assert all(getattr(wide, part).equal(getattr(result, part)) for part in PARTS)


def test_records_in_the_batch_count_as_known() -> None:
    view = example_view(seed=1, records=(9,), labelled=(3,))
    picks = view.available[0].nonzero()[:2, 0]
    batch = view.with_selected(picks[:1]).with_selected(picks[1:])
    bought = dataclasses.replace(
        view,
        labelled=batch.known,
        labelled_index=torch.cat([view.labelled_index, picks[None]], 1),
        labelled_mask=torch.ones(1, 5, dtype=torch.bool),
    )
    filled, before, after = found_in(batch), found_in(view), found_in(bought)
    assert all(getattr(filled, part).equal(getattr(after, part)) for part in PARTS)
    assert (filled.own[0, picks] < before.own[0, picks] * 0.99).all()
    other_order = found_in(view.with_selected(picks[1:]).with_selected(picks[:1]))
    assert all(getattr(filled, part).equal(getattr(other_order, part)) for part in PARTS)


def test_a_labelled_record_that_is_asked_for_again_counts_once() -> None:
    view = example_view(seed=1, records=(9,), labelled=(3,))
    again = dataclasses.replace(view, times_queried=view.labelled.long()).with_selected(view.labelled_index[:, 0])
    assert all(getattr(found_in(again), part).equal(getattr(found_in(view), part)) for part in PARTS)


@FEW
@given(views(), st.integers(-30, 30))
def test_variances_stay_above_zero_and_correlations_in_their_range_on_any_scale(view: PoolView, power: int) -> None:
    scaled = dataclasses.replace(view, features=view.features * 2.0**power)
    here = found_in(scaled)
    with portable():
        there = found_in(scaled)
    for result in (here, there):
        assert (result.own >= 1e-6).all()
        assert (result.others >= 1e-6).all()
        assert (result.correlation.abs() <= 1).all()


def test_duplicates_are_correlated_through_and_through() -> None:
    result = found_in(example_view(seed=2, records=(8,), labelled=(3,), case="duplicates"))
    assert result.own.equal(result.own[:, :1].expand_as(result.own))
    torch.testing.assert_close(result.correlation, torch.ones(1, 8, 8))


def test_the_gini_impurity_stays_within_its_range() -> None:
    shown = torch.tensor([[[0.25, 0.25, 0.25, 0.25], [0.7, 0.2, 0.1, 0.0], [0.0, 1.0, 0.0, 0.0]]])
    assert gini(shown)[0].tolist() == pytest.approx([0.75, 0.46, 0.0])
    # What rounds to more than one is no negative doubt.
    assert gini(torch.tensor([[[1.0000001, 0.0]]])).tolist() == [[0.0]]


def test_weighted_means_by_hand() -> None:
    values = torch.tensor([[[1.0, 2.0, 9.0], [4.0, 0.0, 5.0]], [[1.0, 1.0, 3.0], [0.0, 0.0, 8.0]]])
    weight = torch.tensor([[1.0, 3.0, 0.0], [0.0, 0.0, 0.5]])
    expected = torch.tensor([[1.75, 1.0], [3.0, 8.0]])
    assert weighted_mean(values, weight).equal(expected)
    with portable():
        assert weighted_mean(values, weight).equal(expected)


def test_a_mean_without_any_weight_is_no_number() -> None:
    values, weight = torch.ones(2, 1, 3), torch.tensor([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0]])
    for way in (weighted_mean(values, weight), _portably(values, weight)):
        assert way.isnan().tolist() == [[True], [False]]


def _portably(values: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    with portable():
        return weighted_mean(values, weight)


@pytest.mark.parametrize("records", [1, 9, 400])
def test_available_records_stand_for_the_pool_those_of_most_noise(records: int) -> None:
    view = with_batch(example_view(seed=3, records=(records, 5), labelled=(1, 5)), 1)
    others, weight = standing_for_pool(view)
    assert others.shape == weight.shape == (2, min(128, max(records, 5)))
    for episode in range(2):
        available = view.available[episode].nonzero()[:, 0]
        expected = available[view.noise[episode, available].argsort(descending=True)][:128]
        assert others[episode][weight[episode] > 0].equal(expected)
        assert weight[episode].sum() == len(expected)
    assert weight.dtype == view.features.dtype


def test_other_noise_draws_other_records() -> None:
    view = example_view(seed=3, records=(400,), labelled=(2,))
    first, second = (set(standing_for_pool(each)[0][0].tolist()) for each in (view, _noisy_otherwise(view)))
    # Of 398 each holds 128: about 41 in common.
    assert 20 < len(first & second) < 65


def _noisy_otherwise(view: PoolView) -> PoolView:
    return dataclasses.replace(view, noise=1 - view.noise.roll(7, 1))
