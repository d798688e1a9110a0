from __future__ import annotations

from pathlib import Path

import pytest

import alrl.strategies
from alrl.errors import InvalidRecipeError
from alrl.strategies import make_strategy, strategies
from alrl.strategies.diversity.information_density import InformationDensity
from alrl.strategies.uncertainty_sampling import Margin


def test_every_strategy_of_the_issue_is_registered():
    assert set(strategies()) == {
        *("random", "least-confidence", "margin", "entropy", "power", "epsilon-greedy", "class-balanced", "subsampled"),
        *("variation-ratios", "vote-entropy", "consensus-entropy", "mean-kl", "bald", "batch-bald"),
        *("core-set", "information-density", "ranked-batch", "weighted-kmeans", "cluster-margin", "badge"),
        *("typiclust", "probcover", "contrastive", "discriminative", "expected-gradient-length", "reach"),
        *("expected-error-reduction", "expected-model-change", "expected-output-change"),
        *("prediction-flips", "data-map-variability", "output-discrepancy", "loss-change", "activation-change"),
        *("albl", "exp3", "ucb", "thompson"),
        *("max-herding", "uherding", "tcm", "clue", "falcun", "drop-query", "mcpal", "epig", "bait"),
        *("quire", "refine"),
    }


def test_only_committees_need_members():
    needing = {name for name, kind in strategies().items() if "members" in kind().needs}
    assert needing == {
        *("variation-ratios", "vote-entropy", "consensus-entropy", "mean-kl", "bald", "batch-bald"),
        "expected-model-change",
    }


def test_a_strategy_is_registered_under_its_name_and_lies_in_a_room_of_the_package():
    folder = Path(alrl.strategies.__file__).parent
    for name, kind in strategies().items():
        assert kind.name == name
        rooms = kind.__module__.removeprefix("alrl.strategies.").split(".")
        assert folder.joinpath(*rooms).with_suffix(".py").is_file()


def test_the_registry_cannot_be_changed_from_outside():
    strategies().clear()
    assert "margin" in strategies()


@pytest.mark.parametrize("reference", ["information-density", "information_density"])
def test_hyphen_and_underscore_are_the_same(reference):
    assert make_strategy(reference, beta=0.5) == InformationDensity(beta=0.5)


def test_a_class_is_named_by_module():
    assert make_strategy("alrl.strategies.uncertainty_sampling:Margin") == Margin()


def test_a_strategy_is_passed_on():
    strategy = Margin()
    assert make_strategy(strategy) is strategy


@pytest.mark.parametrize(
    ("reference", "settings", "message"),
    [
        ("marign", {}, 'unknown strategy "marign"; did you mean "margin"'),
        ("collections:OrderedDict", {}, "is no alrl.strategies.base.Strategy"),
        ("alrl.strategies.base:Strategy", {}, "is abstract; name a class that defines score"),
        ("no_such_package.x:Y", {}, "cannot import no_such_package.x"),
        ("information-density", {"bta": 1.0}, 'unknown setting "bta"; did you mean "beta"'),
        ("margin", {"beta": 1.0}, 'unknown setting "beta". Known: none'),
        (Margin(), {"beta": 1.0}, "settings beta = 1.0 given for a strategy already made; give its name"),
        ("information-density", {"beta": "high"}, "settings beta = 'high' given"),
    ],
)
def test_what_cannot_be_made_is_refused(reference, settings, message):
    with pytest.raises(InvalidRecipeError) as caught:
        make_strategy(reference, **settings)
    assert message in str(caught.value)
