from __future__ import annotations

import pytest
import torch

from alrl.errors import InvalidDataError
from alrl.testing.example_view import example_view
from alrl.testing.rearrange import alone, classes_permuted, padded, records_permuted, tensors


def same(a, b):
    return tensors(a).keys() == tensors(b).keys() and all(
        tensor.equal(tensors(b)[name]) for name, tensor in tensors(a).items()
    )


def test_the_seed_decides_the_view():
    assert same(example_view(seed=3), example_view(seed=3))
    assert not same(example_view(seed=3), example_view(seed=4))


def test_padding_is_empty_and_masked():
    view = example_view(seed=0, padding=2)
    assert view.exists.sum(1).tolist() == [9, 6, 12]
    assert view.class_mask.sum(1).tolist() == [3, 2, 4]
    assert view.labelled_mask.sum(1).tolist() == [4, 2, 5]
    assert not view.features[~view.exists].any()
    assert not view.probabilities[~view.class_mask[:, None].expand_as(view.probabilities)].any()
    torch.testing.assert_close(view.probabilities.sum(-1)[view.exists], torch.ones(27))


def test_labelled_records_are_those_of_the_index():
    view = example_view(seed=0, padding=1)
    marked = torch.zeros_like(view.labelled)
    for episode in range(3):
        marked[episode, view.labelled_index[episode, view.labelled_mask[episode]]] = True
    assert marked.equal(view.labelled)


@pytest.mark.parametrize("episode", [0, 1, 2])
def test_an_episode_cut_out_and_padded_again_is_the_same(episode):
    view = example_view(seed=1)
    single = alone(view, episode)
    assert same(alone(padded(single, records=3, features=1, classes=2, labelled=1), 0), single)


def test_permuting_there_and_back_gives_the_same_view():
    view = example_view(seed=2, records=(8, 8), classes=(4,), labelled=(3,))
    random = torch.Generator().manual_seed(0)
    records = torch.stack([torch.randperm(8, generator=random) for _ in range(2)])
    classes = torch.stack([torch.randperm(4, generator=random) for _ in range(2)])
    moved = classes_permuted(records_permuted(view, records), classes)
    assert not same(moved, view)
    assert moved.labelled.gather(1, moved.labelled_index).all()
    assert moved.probabilities[1, 5, 2] == view.probabilities[1, records[1, 5], classes[1, 2]]
    assert classes.gather(1, moved.labels).equal(view.labels)
    assert same(records_permuted(classes_permuted(moved, classes.argsort(1)), records.argsort(1)), view)


def test_cases_are_what_they_say():
    assert (example_view(case="duplicates", records=(5,)).features.std(1) < 1e-6).all()
    assert example_view(case="certain", records=(5,)).probabilities.amax(-1).tolist() == [[1.0] * 5]
    assert example_view(case="even", records=(5,)).margin.tolist() == [[0.0] * 5]
    assert len(example_view(case="one class", records=(5,)).labels.unique()) == 1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"case": "odd"}, 'case "odd" given; allowed: ordinary, duplicates'),
        ({"records": ()}, "no episode asked for"),
        ({"records": (3,)}, "an episode of 3 records, 4 of them labelled"),
        ({"classes": (1,)}, "and 1 classes asked for; it has at least"),
    ],
)
def test_what_cannot_be_made_up_is_refused(settings, message):
    with pytest.raises(InvalidDataError, match=message):
        example_view(**settings)
