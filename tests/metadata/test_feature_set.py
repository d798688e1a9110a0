"""What holds for every feature, whatever the view."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from alrl.errors import InvalidQueryError, InvalidRecipeError
from alrl.geometry.geometry import Geometry
from alrl.metadata import DEFAULT_GROUPS, GROUPS, FeatureSet
from alrl.numerics.backend import portable
from alrl.testing.example_view import example_view
from alrl.testing.rearrange import alone, classes_permuted, padded, records_permuted, tensors

EVERYTHING = FeatureSet(list(GROUPS))
OF_SCALE = {"influence": "the prior of its linear model is of standardised columns, each of which adds to a variance"}
"""Groups that depend on the scale and the number of the columns, each with the reason."""
FREE_OF_SCALE = FeatureSet([name for name in GROUPS if name not in OF_SCALE])
FEW = settings(max_examples=40)
CASES = ["ordinary", "duplicates", "certain", "even", "one class"]


@st.composite
def views(draw, cases=CASES):
    """One to three episodes, from a single record without labels to a pool that is labelled through and through.

    They are in their third loop or in the first one, others having been in the batch before them or not.
    """
    records = draw(st.lists(st.integers(1, 14), min_size=1, max_size=3))
    view = example_view(
        seed=draw(st.integers(0, 10_000)),
        records=records,
        features=draw(st.lists(st.integers(1, 5), min_size=1, max_size=3)),
        classes=draw(st.lists(st.integers(2, 5), min_size=1, max_size=3)),
        labelled=[draw(st.integers(0, size)) for size in records],
        case=draw(st.sampled_from(cases)),
        padding=draw(st.integers(0, 2)),
    )
    lived = draw(st.sampled_from(["three rounds", "the last of them", "one round"]))
    if lived != "three rounds":
        kept = view.trajectory.probabilities[-1:] if lived == "one round" else view.trajectory.probabilities
        only = torch.arange(len(kept))[:, None] == len(kept) - 1
        past = dataclasses.replace(
            view.trajectory,
            probabilities=kept,
            remembered=only.expand(-1, len(records)),
            flips=torch.zeros_like(view.trajectory.flips),
            loops=torch.zeros_like(view.trajectory.loops),
        )
        view = dataclasses.replace(view, trajectory=past)
    if draw(st.booleans()):
        view = view.with_selected(view.available.to(torch.uint8).argmax(1).where(view.available.any(1), -1))
    return view


def all_records(view):
    """Every record as a candidate, those that are padding as none."""
    position = torch.arange(view.exists.shape[1]).expand_as(view.exists)
    return position.where(view.exists, -1)


def observe(view, index=None):
    return EVERYTHING.observe(view, all_records(view) if index is None else index)


def assert_same(given, expected, tolerance=2e-6):
    assert given.mask.equal(expected.mask)
    torch.testing.assert_close(given.candidates, expected.candidates, rtol=0, atol=tolerance)
    torch.testing.assert_close(given.loop, expected.loop, rtol=0, atol=tolerance)


@FEW
@given(views())
def test_every_feature_is_finite_and_within_its_range(view):
    seen = observe(view)
    for features, values in ((EVERYTHING.record, seen.candidates[seen.mask]), (EVERYTHING.loop, seen.loop)):
        assert values.shape[-1] == len(features)
        for feature, column in zip(features, values.unbind(-1), strict=True):
            # The range as float32, which is what observations are.
            assert bool((column >= feature.low).all() and (column <= feature.high).all()), (feature.name, column)


@FEW
@given(views(), st.integers(0, 3), st.integers(0, 20), st.integers(0, 3), st.integers(0, 3))
def test_padding_changes_nothing(view, records, features, classes, labelled):
    wider = padded(view, records=records, features=features, classes=classes, labelled=labelled)
    assert_same(observe(wider, all_records(view)), observe(view))


@FEW
@given(views())
def test_an_episode_alone_is_seen_as_among_others(view):
    together = observe(view)
    for episode, size in enumerate(view.exists.sum(1).tolist()):
        single = observe(alone(view, episode))
        torch.testing.assert_close(single.candidates[0], together.candidates[episode, :size], rtol=0, atol=2e-6)
        torch.testing.assert_close(single.loop[0], together.loop[episode], rtol=0, atol=2e-6)


@FEW
@given(views())
def test_compiled_passes_say_what_torch_alone_says(view):
    other = dataclasses.replace(view, geometry=Geometry(view.features, view.exists))
    compiled = observe(view)
    with portable():
        assert_same(compiled, observe(other))


@FEW
@given(views(), st.integers(-30, 30))
def test_the_scale_of_the_features_does_not_matter(view, power):
    X = view.features * 2.0**power
    other = dataclasses.replace(view, features=X, geometry=Geometry(X, view.exists))
    index = all_records(view)
    assert_same(FREE_OF_SCALE.observe(other, index), FREE_OF_SCALE.observe(view, index), tolerance=0)


@FEW
@given(views(cases=["ordinary", "certain", "one class"]))
def test_the_number_of_columns_does_not_matter(view):
    # Every column four times over doubles all distances, up to rounding, which decides between equal ones: in a single
    # column the two middle records are equally far from all others, whatever their values.
    assume(int(view.feature_count.min()) > 1)
    X = view.features.repeat(1, 1, 4)
    other = dataclasses.replace(view, features=X, geometry=Geometry(X, view.exists))
    index = all_records(view)
    assert_same(FREE_OF_SCALE.observe(other, index), FREE_OF_SCALE.observe(view, index), tolerance=1e-5)


# Which of several records at exactly the same distance are the nearest depends on their order: no duplicates here.
@FEW
@given(views(cases=["ordinary", "certain", "even", "one class"]), st.randoms())
def test_features_follow_their_records(view, random):
    order = torch.arange(view.exists.shape[1]).expand_as(view.exists).clone()
    for episode, size in enumerate(view.exists.sum(1).tolist()):
        order[episode, :size] = torch.tensor(random.sample(range(size), size))
    index = all_records(view)
    moved = order.argsort(1).gather(1, index.clamp_min(0)).where(index >= 0, -1)
    assert_same(observe(records_permuted(view, order), moved), observe(view, index))


@FEW
@given(views(cases=["ordinary", "one class"]), st.randoms())
def test_the_order_of_the_classes_does_not_matter(view, random):
    order = torch.arange(view.class_mask.shape[1]).expand_as(view.class_mask).clone()
    for episode, size in enumerate(view.class_count.tolist()):
        order[episode, :size] = torch.tensor(random.sample(range(size), size))
    assert_same(observe(classes_permuted(view, order)), observe(view))


@FEW
@given(views())
def test_a_record_is_seen_as_it_is_whatever_the_other_candidates(view):
    index = all_records(view)
    seen = observe(view)
    back = observe(view, index.flip(1))
    assert back.mask.equal(seen.mask.flip(1))
    assert back.candidates.equal(seen.candidates.flip(1))
    assert observe(view, index[:, :1]).candidates.equal(seen.candidates[:, :1])


@FEW
@given(views())
def test_observing_leaves_the_view_as_it_was(view):
    before = {name: tensor.clone() for name, tensor in tensors(view).items()}
    observe(view)
    assert all(tensor.equal(before[name]) for name, tensor in tensors(view).items())


def test_no_candidate_is_all_zeros_and_masked():
    seen = observe(example_view(records=(6,)), torch.tensor([[3, -1, 0, -1]]))
    assert seen.mask.tolist() == [[True, False, True, False]]
    assert not seen.candidates[0, [1, 3]].any()
    assert seen.candidates[0, [0, 2]].any(1).all()
    assert seen.candidates.dtype == seen.loop.dtype == torch.float32


def test_names_are_unique_and_everything_is_said():
    features = [feature for group in GROUPS.values() for feature in group.features]
    assert len({feature.name for feature in features}) == len(features)
    for feature in features:
        assert feature.low < feature.high
        assert feature.meaning.endswith(".")
    assert all(type(group).__doc__ for group in GROUPS.values())


def test_the_schema_of_the_default_groups_is_stable():
    # Weights are bound to it: a change here needs another SCHEMA_VERSION.
    usual = FeatureSet(DEFAULT_GROUPS)
    assert not usual.needs
    assert usual.schema == {
        "version": 1,
        "groups": ["confidence", "trajectory", "geometry", "balance", "misfit", "loop"],
        "record": [
            *("top-probability", "second-probability", "margin", "entropy", "margin-rank", "entropy-rank"),
            *("confidence-rank", "flip-rate", "flip-rank", "probability-mean", "probability-spread"),
            *("probability-drift", "sparsity-rank", "isolation-rank", "isolation-ratio", "known-neighbours"),
            *("neighbour-margin", "margin-contrast", "neighbour-agreement", "first-class-surplus"),
            *("second-class-surplus", "first-class-share", "second-class-share", "label-agreement"),
            *("label-probability", "label-unity"),
        ],
        "loop": [
            *("budget-spent", "labelled-count", "labelled-per-feature", "labelled-per-class", "class-count"),
            *("pool-entropy", "pool-margin", "margin-spread", "pool-flip-rate", "largest-class"),
            *("labelled-accuracy", "labelled-probability", "concentration"),
        ],
    }
    assert usual.record[usual.margin_column].name == "margin"


def test_groups_come_in_one_order_and_those_left_out_are_not_computed():
    some = FeatureSet(["loop", "balance", "confidence"])
    assert some.schema["groups"] == ["confidence", "balance", "loop"]
    view = example_view()
    index = all_records(view)
    seen, whole = some.observe(view, index), observe(view)
    names = [feature.name for feature in EVERYTHING.record]
    columns = [names.index(feature.name) for feature in some.record]
    assert seen.candidates.equal(whole.candidates[..., columns])
    assert seen.loop.equal(whole.loop[:, : len(some.loop)])


def test_an_unknown_group_is_refused_with_the_nearest_known_one():
    with pytest.raises(InvalidRecipeError) as error:
        FeatureSet(["confidence", "geometri", "loop"])
    assert str(error.value) == (
        f'unknown feature group "geometri"; did you mean "geometry"? Known: {", ".join(sorted(GROUPS))}'
    )


@pytest.mark.parametrize("missing", ["confidence", "loop"])
def test_confidence_and_loop_are_needed(missing):
    with pytest.raises(InvalidRecipeError, match=f"'{missing}' must be one of them"):
        FeatureSet([name for name in GROUPS if name != missing])


@pytest.mark.parametrize("scope", ["record", "loop"])
@pytest.mark.parametrize(("value", "answer"), [(torch.nan, "nan"), (-torch.inf, "-inf"), (7.0, "7"), (-3.0, "-3")])
def test_the_feature_that_is_out_of_bounds_is_named(scope, value, answer):
    view = example_view()
    seen = EVERYTHING.observe(view, all_records(view))
    EVERYTHING.check(seen)
    values = (seen.candidates if scope == "record" else seen.loop).clone()
    features = EVERYTHING.record if scope == "record" else EVERYTHING.loop
    values[..., 3] = value
    wrong = dataclasses.replace(seen, **{"candidates" if scope == "record" else "loop": values})
    with pytest.raises(InvalidQueryError, match=rf"the feature '{features[3].name}' of .* is {answer}; it lies from"):
        EVERYTHING.check(wrong)


def test_what_stands_in_the_place_of_no_candidate_is_not_looked_at():
    view = example_view()
    seen = EVERYTHING.observe(view, all_records(view))
    hidden = dataclasses.replace(seen, mask=torch.zeros_like(seen.mask), candidates=seen.candidates + torch.nan)
    EVERYTHING.check(hidden)


@FEW
@given(views())
def test_whatever_the_view_what_is_observed_passes(view):
    EVERYTHING.check(EVERYTHING.observe(view, all_records(view)))
