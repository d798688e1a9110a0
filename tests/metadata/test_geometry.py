from __future__ import annotations

import pytest
import torch

from alrl.geometry import exact_neighbours, geometry
from alrl.testing.example_view import example_view
from alrl.testing.rearrange import alone

LINE = [0.0, 1.0, 3.0, 7.0]


def test_ranks_of_sparsity_and_isolation_on_a_line(view_of, features_of):
    # Mean distances to the three others: 11/3, 3, 3, 17/3. Distances to the labelled record: 1, 3, 7.
    seen = features_of(view_of(features=LINE, labelled=[0], labels=[0]), index=[1, 2, 3])
    assert seen["sparsity-rank"] == pytest.approx([1 / 3, 1 / 3, 5 / 6])
    assert seen["isolation-rank"] == pytest.approx([1 / 6, 1 / 2, 5 / 6])


def test_isolation_over_sparsity_on_a_line(view_of, features_of):
    seen = features_of(view_of(features=LINE, labelled=[0], labels=[0]))
    # log(d / s) / 3, both raised by a thousandth of the extent 3.79144: log(1 / 3) / 3 = -.3662, log(1) = 0, ...
    assert seen["isolation-ratio"] == pytest.approx([-1, -0.3653640, 0, 0.0703939], abs=1e-6)


def test_records_in_the_batch_count_as_known(view_of, features_of):
    seen = features_of(view_of(features=LINE, labelled=[0], labels=[0], selected=[3]), index=[1, 2])
    assert seen["known-neighbours"] == pytest.approx([2 / 3, 2 / 3])
    assert seen["isolation-rank"] == pytest.approx([1 / 4, 3 / 4])


def test_what_the_neighbours_say(view_of, features_of):
    P = [[0.9, 0.1], [0.8, 0.2], [0.4, 0.6], [0.5, 0.5]]
    seen = features_of(view_of(features=LINE, probabilities=P, labelled=[0], labels=[0]))
    # Margins .8, .6, .2, 0; three neighbours each.
    assert seen["known-neighbours"] == pytest.approx([0, 1 / 3, 1 / 3, 1 / 3])
    assert seen["neighbour-margin"] == pytest.approx([0.8 / 3, 1 / 3, 1.4 / 3, 1.6 / 3], abs=1e-6)
    assert seen["margin-contrast"] == pytest.approx([0.8 / 3 - 0.8, 1 / 3 - 0.6, 1.4 / 3 - 0.2, 1.6 / 3], abs=1e-6)
    assert seen["neighbour-agreement"] == pytest.approx([2 / 3, 2 / 3, 0, 2 / 3])


def test_ten_neighbours_at_most(view_of, features_of):
    seen = features_of(view_of(features=[float(n) for n in range(13)], labelled=[10, 11, 12], labels=[0] * 3))
    assert [seen["known-neighbours"][n] for n in (0, 2, 12)] == pytest.approx([0.1, 0.1, 0.2])


def test_distance_to_no_labelled_record_is_the_largest_ratio(view_of, features_of):
    assert features_of(view_of(features=LINE))["isolation-ratio"] == pytest.approx([1, 1, 1, 1])


def test_duplicates_are_neither_dense_nor_far(view_of, features_of):
    seen = features_of(view_of(features=[2.0, 2.0, 2.0], labelled=[0], labels=[1]), index=[1, 2])
    assert seen["sparsity-rank"] == pytest.approx([0.5, 0.5])
    assert seen["isolation-rank"] == pytest.approx([0.5, 0.5])
    assert seen["isolation-ratio"] == pytest.approx([0, 0])


def test_a_record_without_others_has_no_neighbours(view_of, features_of):
    seen = features_of(view_of(features=[4.0], probabilities=[[0.9, 0.1]]))
    assert seen["known-neighbours"] == [0]
    assert seen["neighbour-margin"] == [0]
    assert seen["margin-contrast"] == pytest.approx([-0.8])
    assert seen["neighbour-agreement"] == [0]
    assert seen["concentration"] == 0


@pytest.mark.parametrize("records", [1, 2, 5, 10])
def test_neighbours_that_a_small_pool_lacks_do_not_count(everything, records):
    view = example_view(seed=3, records=(14, records), labelled=(1,))
    index = torch.arange(records)[None]
    small = everything.observe(alone(view, 1), index)
    among = everything.observe(view, index.expand(2, -1))
    torch.testing.assert_close(small.candidates[0], among.candidates[1], rtol=0, atol=1e-5)
    torch.testing.assert_close(small.loop[0], among.loop[1], rtol=0, atol=1e-5)


@pytest.fixture
def random_view(view_of):
    """A view of 1500 records, of which 40 are labelled."""
    random = torch.Generator().manual_seed(4)
    X, P = torch.randn(1500, 5, generator=random), torch.rand(1500, 3, generator=random).softmax(-1)
    labels = torch.randint(3, (40,), generator=random).tolist()
    return lambda: view_of(features=X.tolist(), probabilities=P.tolist(), labelled=range(40), labels=labels)


WANTED = list(range(100, 1500, 50))
ESTIMATED = {"sparsity-rank": 0.06, "outlierness": 0.02, "concentration": 0.02}
"""Features that a sample of 400 of 1500 records estimates, and how far off they may be."""


def test_in_a_large_pool_ranks_and_means_of_sparsity_are_estimated_and_nothing_else(
    random_view, features_of, monkeypatch
):
    exact = features_of(random_view(), WANTED)
    monkeypatch.setattr(geometry, "EXACT_RECORDS", 1000)
    monkeypatch.setattr(exact_neighbours, "_SAMPLE", 400)
    seen = features_of(random_view(), WANTED)
    for name, values in exact.items():
        assert seen[name] == pytest.approx(values, abs=ESTIMATED.get(name, 1e-5)), name
    for name in ESTIMATED:
        assert seen[name] != pytest.approx(exact[name], abs=1e-6), name


def test_a_sample_as_large_as_the_pool_estimates_nothing(random_view, features_of, monkeypatch):
    exact = features_of(random_view(), WANTED)
    monkeypatch.setattr(geometry, "EXACT_RECORDS", 1000)
    monkeypatch.setattr(exact_neighbours, "_SAMPLE", 1500)
    seen = features_of(random_view(), WANTED)
    for name, values in exact.items():
        assert seen[name] == pytest.approx(values, abs=1e-5), name
