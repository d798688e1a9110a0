"""A real loop in each library, with our rules and our policy, picks what alrl's own loop picks."""

from __future__ import annotations

import numpy as np
import pytest
from modAL.models import ActiveLearner
from skactiveml.classifier import SklearnClassifier
from small_text import PoolBasedActiveLearner, SklearnClassifierFactory, SklearnDataset

from alrl.adapters import ToModAL, ToScikitActiveml, ToSmallText
from alrl.agents.policy import Policy
from alrl.data.data_set import DataSet
from alrl.data.task import draw_task
from alrl.envs.candidates import CandidateMixture
from alrl.learners import make_learner
from alrl.loop.simulator import Simulator
from alrl.metadata.feature_set import DEFAULT_GROUPS, FeatureSet
from alrl.strategies import make_strategy
from alrl.strategies.play import play

LOOPS = 6
NAMES = ("margin", "general", "core-set")
# Scikit-activeml holds the labelled records in its pool too, so chance falls on others, and `general` looks at 128 that
# chance draws: there a policy stands in for it that draws none.
POLICY = Policy.untrained(
    FeatureSet(DEFAULT_GROUPS), CandidateMixture(count=20, margin=1.0, random=0.0), seed=3, margin_start=False
)


@pytest.mark.parametrize(("name", "batch"), [*((name, 1) for name in NAMES), ("general", 4)])
def test_modal(name, batch, case):
    labelled, picks, function = case.first, [], ToModAL(name)
    for _ in range(LOOPS):
        # Neither teach nor fit of modAL 0.4.2.1 works under scikit-learn 1.8.
        learner = ActiveLearner(case.model(), function, X_training=case.X[labelled], y_training=case.y[labelled])
        pool = case.pool(labelled)
        rows, records = learner.query(case.X[pool], n_instances=batch)
        assert (records == case.X[pool][rows]).all()
        picks += pool[rows].tolist()
        labelled = np.concatenate([labelled, pool[rows]])
    assert picks == case.played(name, batch)


@pytest.mark.parametrize(("name", "batch"), [("margin", 1), ("core-set", 1), (POLICY, 1), (POLICY, 4)])
def test_scikit_activeml(name, batch, case):
    clf = SklearnClassifier(case.model(), classes=[0, 1, 2])
    y, picks = np.full(len(case.X), np.nan), []
    y[case.first] = case.y[case.first]
    for _ in range(LOOPS):
        rows = ToScikitActiveml(name).query(case.X, y, clf=clf, batch_size=batch)
        picks += rows.tolist()
        y[rows] = case.y[rows]
    assert picks == case.played(name, batch)


@pytest.mark.filterwarnings("ignore::DeprecationWarning:small_text")
@pytest.mark.parametrize(("name", "batch"), [*((name, 1) for name in NAMES), ("general", 4)])
def test_small_text(name, batch, case):
    data = SklearnDataset(case.X, np.zeros(len(case.X), dtype=int), target_labels=np.arange(3))
    factory = SklearnClassifierFactory(case.model(), num_classes=3)
    learner, picks = PoolBasedActiveLearner(factory, ToSmallText(name), data), []
    learner.initialize_data(case.first, case.y[case.first])
    for _ in range(LOOPS):
        rows = learner.query(num_samples=batch)
        picks += rows.tolist()
        learner.update(case.y[rows])
    assert picks == case.played(name, batch)


def test_margin_picks_in_all_three_what_the_simulator_picks(case):
    """The same records, first sample and scikit-learn model in a simulator: no query of alrl's between."""
    task = draw_task(DataSet.from_arrays(case.X, case.y, name="wine"), [3])
    learner = make_learner("scikit-learn", estimator="sklearn.linear_model:LogisticRegression")
    simulator = Simulator([task], learner, labels=LOOPS)
    X, _, _ = task.standardised()
    X, y = X[task.split.pool].astype(float), case.y[task.split.pool]
    picks = play(simulator, make_strategy("margin"), labels=LOOPS).picks[0].tolist()
    kept, labelled, known = [], task.first, np.full(len(X), np.nan)
    known[task.first] = y[task.first]
    for _ in range(LOOPS):
        pool = np.setdiff1d(np.arange(len(X)), labelled)
        modal = ActiveLearner(case.model(), ToModAL("margin"), X_training=X[labelled], y_training=y[labelled])
        rows = pool[modal.query(X[pool])[0]]
        clf = SklearnClassifier(case.model(), classes=[0, 1, 2])
        assert ToScikitActiveml("margin").query(X, known, clf=clf).tolist() == rows.tolist()
        kept += rows.tolist()
        labelled = np.concatenate([labelled, rows])
        known[rows] = y[rows]
    assert kept == picks
