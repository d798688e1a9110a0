"""Each promise of the contract, broken on purpose, is caught and named."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from alrl.errors import AlrlError, InvalidQueryError
from alrl.strategies import ContractError, Strategy
from alrl.strategies.base import distinct_first, top
from alrl.strategies.uncertainty_sampling import Margin
from alrl.testing import check_strategy


class _Broken(Strategy):
    """Margin, but for what a subclass breaks."""

    name = "broken"

    def score(self, view):
        return -view.margin


class WrongShape(_Broken):
    def score(self, view):
        return super().score(view)[:1]


class Integers(_Broken):
    def score(self, view):
        return view.predicted


class NotFiniteForCertainty(_Broken):
    def score(self, view):
        terms = view.probabilities * view.probabilities.log()
        return -terms.masked_fill(~view.class_mask[:, None], 0.0).sum(-1)


class NotFiniteWithNothingKnown(_Broken):
    def score(self, view):
        return view.distance_to_known


class NotFiniteForDuplicates(_Broken):
    def score(self, view):
        return view.margin / view.geometry.neighbours[0].mean(-1)


class Labelled(_Broken):
    def select(self, view, count=1):
        open_view = dataclasses.replace(view, labelled=torch.zeros_like(view.labelled))
        return top(self.score(view), open_view, count)


class Selected(_Broken):
    def select(self, view, count=1):
        open_view = dataclasses.replace(view, selected=torch.zeros_like(view.selected))
        return top(self.score(view), open_view, count)


class Padding(_Broken):
    def select(self, view, count=1):
        more = dataclasses.replace(view, exists=torch.ones_like(view.exists))
        return top(-self.score(view), more, count)


class Twice(_Broken):
    def select(self, view, count=1):
        return super().select(view, 1).expand(-1, count) if count > 0 else super().select(view, count)


class TooFew(_Broken):
    def select(self, view, count=1):
        picks = super().select(view, count)
        return picks.masked_fill(torch.arange(count) >= 2, -1)


class Narrow(_Broken):
    def select(self, view, count=1):
        return super().select(view, count)[:, : view.exists.shape[1]]


class Lowest(_Broken):
    def select(self, view, count=1):
        return top(-self.score(view), view, count)


class OtherFirst(_Broken):
    def select(self, view, count=1):
        picks = super().select(view, count)
        full = (picks >= 0).all(1, keepdim=True)
        return picks.flip(1).where(full, picks)


class OwnDice(_Broken):
    def score(self, view):
        return torch.rand(view.exists.shape)


class Meddler(_Broken):
    def score(self, view):
        view.probabilities.mul_(0.99)
        return super().score(view)


class NoiseEater(_Broken):
    def select(self, view, count=1):
        picks = super().select(view, count)
        view.noise.zero_()
        return picks


class NeighbourlyEpisodes(_Broken):
    def score(self, view):
        return super().score(view) * view.probabilities[:, :, 0].mean()


class CountsPadding(_Broken):
    def score(self, view):
        return super().score(view) / view.exists.shape[1]


class CountsFeatures(_Broken):
    def score(self, view):
        return super().score(view) + view.features.square().mean(-1)


class LikesThePosition(_Broken):
    def score(self, view):
        return super().score(view) + torch.arange(view.exists.shape[1]) / 1e3


class LikesAClass(_Broken):
    def score(self, view):
        return view.probabilities[..., 0]


class LikesALabel(_Broken):
    def score(self, view):
        return super().score(view) * (1 + view.labels[:, :1])


class Lenient(_Broken):
    def select(self, view, count=1):
        return super().select(view, count) if count else view.labelled_index[:, :0]


class FirstOfTheTied(_Broken):
    def select(self, view, count=1):
        if count < 1:
            return super().select(view, count)
        score = self.score(view).masked_fill(~view.available, -torch.inf)
        order = score.argsort(dim=1, descending=True, stable=True)
        picks = distinct_first(torch.where(view.available.gather(1, order), order, -1), view)
        return torch.nn.functional.pad(picks, (0, max(0, count - picks.shape[1])), value=-1)[:, :count]


class Secretive(_Broken):
    def score(self, view):
        if view.members is None:
            raise InvalidQueryError("a committee is needed")
        return super().score(view)


class Pretentious(_Broken):
    needs = frozenset({"embedding"})


BROKEN = {
    Secretive: "it needs members, which its needs do not name: []",
    Pretentious: "without embedding, which it needs, InvalidQueryError is raised; select(view, 1) returned",
    WrongShape: "score gives a float tensor (3, 12); it gave (1, 12)",
    Integers: "score gives a float tensor (3, 12); it gave (3, 12) of torch.int64",
    NotFiniteForCertainty: 'on the view "one class of probability 1": score(view) is a float tensor',
    NotFiniteWithNothingKnown: "finite wherever a record is available; scores [inf",
    NotFiniteForDuplicates: 'on the view "duplicates": score(view) is a float tensor (episodes, records), finite',
    Labelled: "gives distinct available records",
    Selected: 'on the view "batch begun": select(view, count) gives distinct available records',
    Padding: "gives distinct available records",
    Twice: "gives distinct available records",
    TooFew: "-1 only when the pool has run out",
    Narrow: "has shape",
    Lowest: "a higher score is queried sooner",
    OtherFirst: "a batch of one is the first record of a larger batch",
    OwnDice: "chance comes from view.noise alone",
    Meddler: "it leaves the view untouched; it wrote to probabilities",
    NoiseEater: "score and select leave the view as it was; changed: noise",
    NeighbourlyEpisodes: "an episode alone gives what it gives among others",
    CountsPadding: "an episode alone gives what it gives among others",
    CountsFeatures: "an episode alone gives what it gives among others",
    LikesThePosition: "the order of the records does not matter",
    LikesAClass: "the order of the classes does not matter",
    LikesALabel: "the order of the classes does not matter",
    Lenient: "a batch of 0 records is refused with InvalidQueryError",
    FirstOfTheTied: "ties are broken by view.noise",
}


@pytest.mark.parametrize("kind", BROKEN, ids=lambda kind: kind.__name__)
def test_a_broken_promise_is_caught_and_named(kind):
    with pytest.raises(ContractError) as caught:
        check_strategy(kind())
    assert str(caught.value).startswith(kind.__name__)
    assert BROKEN[kind] in str(caught.value)


def test_more_padding_alone_is_caught():
    class NoticesWidePadding(_Broken):
        def score(self, view):
            return super().score(view) * (1 if view.exists.shape[1] < 15 else 2)

    with pytest.raises(ContractError, match="more padding changes nothing"):
        check_strategy(NoticesWidePadding())


def test_a_batch_that_is_a_set_may_begin_with_another_record():
    class ASet(OtherFirst):
        ordered = False

    check_strategy(ASet())


def test_a_sound_strategy_passes():
    check_strategy(_Broken())
    check_strategy(Margin())


def test_the_error_is_an_assertion_and_one_of_alrl():
    assert issubclass(ContractError, AssertionError)
    assert issubclass(ContractError, AlrlError)
