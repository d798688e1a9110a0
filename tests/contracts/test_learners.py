"""Every registered learner keeps the contract, and the contract catches learners that do not."""

from __future__ import annotations

import pytest
import torch

from alrl.learners import ContractError, ScikitLearn, SoftmaxRegression, learners, make_learner
from alrl.testing import check_learner

BRIEF = {"convolutional-network": {"epochs": 20}}
"""Settings of learners that would take long as they come."""


@pytest.mark.parametrize("name", learners())
def test_keeps_the_contract(name):
    check_learner(make_learner(name, **BRIEF.get(name, {})))


def test_the_tight_solution_keeps_it_closely():
    check_learner(SoftmaxRegression(tolerance=1e-6, double=True), tolerance=1e-8)


def test_a_forest_keeps_the_contract():
    check_learner(ScikitLearn("sklearn.ensemble:RandomForestClassifier", {"n_estimators": 3}))


class Wrong(SoftmaxRegression):
    """Each kind breaks one promise."""

    name = "wrong"
    kind = ""

    def fit(self, X, y, weight, class_mask):
        if self.kind == "changes its input":
            X[0, 0, 0] += 1.0
        if self.kind == "looks at its company":
            X = X - X.mean((0, 1))
        if self.kind == "reports a number":
            report = super().fit(X, y, weight, class_mask)
            return type(report)(iterations=report.iterations[:1], converged=report.converged)
        if self.kind == "learns other classes":
            y = (y + 1) % class_mask.sum(1, keepdim=True)
        return super().fit(X, y, weight, class_mask)

    def predict_proba(self, X):
        given = super().predict_proba(X)
        if self.kind == "no probabilities":
            return given * 2
        if self.kind == "another order of branches" and len(X) == 6:
            return given.flip(0)
        return given

    def predict_branches(self, X, branches):
        given = super().predict_branches(X, branches)
        return given.flip(1) * 0.9 if self.kind == "branches" and branches > 1 else given

    def restart(self, episodes):
        if self.kind != "never forgets":
            super().restart(episodes)

    def take(self, episodes):
        return super().take(episodes.flip(0) if self.kind == "other copies" else episodes)

    def fresh(self):
        made = super().fresh() if self.kind != "never fresh" else self
        made.kind = self.kind
        return made


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("changes its input", r"what it is given stays as it was; changed: X"),
        ("looks at its company", r"an episode alone gives what it gives among others; in episode 0"),
        ("reports a number", r"fit reports iterations .*; iterations have shape \(1,\)"),
        ("learns other classes", r"most labelled records are classified as labelled"),
        ("no probabilities", r"probabilities .* sum to one"),
        ("branches", r"predict_branches gives what predict_proba gives"),
        ("other copies", r"copies predict as the original"),
    ],
)
def test_a_broken_promise_is_named(kind, message):
    learner = Wrong()
    learner.kind = kind
    with pytest.raises(ContractError, match=message):
        check_learner(learner)


def test_a_learner_that_remembers_after_restart_is_caught():
    class Sticky(ScikitLearn):
        first = None

        def fit(self, X, y, weight, class_mask):
            self.first = self.first or (X, y, weight, class_mask)
            return super().fit(*self.first)

        def fresh(self):
            made = super().fresh()
            made.first = None
            return made

    with pytest.raises(ContractError, match=r"a restarted episode is as a fresh one"):
        check_learner(Sticky())


def test_names_are_unique_and_kinds_are_complete():
    assert all(kind.name == name for name, kind in learners().items())
    assert torch.is_tensor(SoftmaxRegression().embed(torch.zeros(1, 2, 3)))
