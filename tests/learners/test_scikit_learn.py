"""Any scikit-learn classifier teaches as it would by itself."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.cluster import KMeans
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.neighbors import KNeighborsClassifier, NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier

from alrl.errors import InvalidDataError, InvalidRecipeError
from alrl.learners import ScikitLearn
from alrl.testing.example_records import example
from tests.learners.reference import gap, stack, standardised


def fitted(learner, made):
    made.fit(learner)
    return made.predict(learner)


def test_each_episode_is_fitted_by_itself():
    made, learner = example(1), ScikitLearn(LogisticRegression(C=0.5))
    given = fitted(learner, made)
    for episode in range(3):
        one = made.alone(episode)
        own = LogisticRegression(C=0.5).fit(one.X[0].numpy(), one.y[0].numpy())
        expected = own.predict_proba(one.others[0].numpy())
        assert gap(given[episode], expected) < 1e-6
        assert not given[episode, :, expected.shape[1] :].any()


def test_padded_features_are_not_features():
    made = example(2, ((20, 4, 2), (20, 30, 2)))
    alone, learner = made.alone(0), ScikitLearn(SVC(gamma="auto"))
    assert gap(fitted(learner, made)[0], fitted(learner.fresh(), alone)[0].double().numpy()) < 1e-6


def test_classes_that_were_not_seen_have_probability_zero_at_their_place():
    X, y, others = standardised("iris")
    made = stack([(X[y != 1][:20], y[y != 1][:20], None, 3, others)])
    given = fitted(ScikitLearn(DecisionTreeClassifier()), made)[0]
    assert not given[:, 1].any()
    assert set(given.argmax(-1).tolist()) == {0, 2}


def test_one_class_seen_has_probability_one_and_nothing_is_fitted():
    made = stack([(np.eye(3), [2, 2, 2], None, 4, np.eye(3))])
    assert fitted(ScikitLearn(), made)[0].tolist() == [[0.0, 0.0, 1.0, 0.0]] * 3


def test_two_classes_without_probabilities_are_ranked_by_the_decision_function():
    X, y, others = standardised("breast_cancer")
    given = fitted(ScikitLearn(LinearSVC()), stack([(X[:60], y[:60], None, 2, others)]))[0].numpy()
    decision = LinearSVC(random_state=ScikitLearn(LinearSVC()).estimator.random_state).fit(X[:60], y[:60])
    expected = 1 / (1 + np.exp(-decision.decision_function(others)))
    assert np.allclose(given[:, 1], expected, atol=1e-5)


def test_more_classes_without_probabilities_are_ranked_by_the_decision_function():
    X, y, others = standardised("iris")
    given = fitted(ScikitLearn(RidgeClassifier()), stack([(X[:40], y[:40], None, 3, others)]))[0].numpy()
    own = RidgeClassifier().fit(X[:40], y[:40])
    assert (given.argmax(1) == own.predict(others)).all()
    assert np.allclose(
        given,
        np.exp(own.decision_function(others)) / np.exp(own.decision_function(others)).sum(1, keepdims=True),
        atol=1e-5,
    )


def test_decisions_between_pairs_are_refused():
    X, y, others = standardised("digits")
    made, learner = stack([(X[:40], y[:40], None, 10, others)]), ScikitLearn(SVC(decision_function_shape="ovo"))
    made.fit(learner)
    with pytest.raises(InvalidDataError, match=r'SVC decides between pairs .* set decision_function_shape = "ovr"'):
        made.predict(learner)


def test_the_seed_decides_and_no_global_state_does():
    made, forest = example(3), RandomForestClassifier(n_estimators=5)
    np.random.seed(1)  # noqa: NPY002
    one = fitted(ScikitLearn(forest, seed=7), made)
    np.random.seed(2)  # noqa: NPY002
    assert torch.equal(one, fitted(ScikitLearn(forest, seed=7), made))
    assert not torch.equal(one, fitted(ScikitLearn(forest, seed=8), made))
    assert forest.random_state is None


def test_a_seed_that_was_given_stays_and_reaches_into_pipelines():
    pipeline = make_pipeline(StandardScaler(), RandomForestClassifier())
    assert ScikitLearn(RandomForestClassifier(random_state=3)).estimator.random_state == 3
    assert isinstance(ScikitLearn(pipeline).estimator[-1].random_state, int)
    assert ScikitLearn(pipeline, seed=None).estimator[-1].random_state is None


def test_every_fit_starts_from_scratch():
    learner = ScikitLearn(LogisticRegression(warm_start=True, max_iter=1000))
    example(4).fit(learner)
    assert torch.equal(fitted(learner, example(5)), fitted(learner.fresh(), example(5)))


def test_two_processes_give_what_one_gives():
    made = example(6)
    alone = fitted(ScikitLearn(KNeighborsClassifier(3)), made)
    assert torch.equal(alone, fitted(ScikitLearn(KNeighborsClassifier(3), workers=2), made))


def test_weights_are_handed_on_and_refused_where_they_cannot_be():
    made = example(7, ((20, 3, 2), (20, 3, 2)))
    made.weight[0, :10] = 0.0
    made.weight[1, :10] = 2.5
    given = fitted(ScikitLearn(), made)
    X, y = made.X.numpy(), made.y.numpy()
    first = LogisticRegression().fit(X[0, 10:], y[0, 10:])
    second = LogisticRegression().fit(X[1], y[1], sample_weight=made.weight[1].numpy())
    assert gap(given[0], first.predict_proba(made.others[0].numpy())) < 1e-6
    assert gap(given[1], second.predict_proba(made.others[1].numpy())) < 1e-6
    with pytest.raises(InvalidRecipeError, match=r"KNeighborsClassifier takes no weights of records"):
        made.fit(ScikitLearn(KNeighborsClassifier(2)))


@pytest.mark.parametrize(
    ("estimator", "settings", "message"),
    [
        (LinearRegression(), {}, r"LinearRegression is no classifier"),
        (KMeans(), {}, r"KMeans is no classifier"),
        ("sklearn.ensemble:RandomForst", {}, r'there is no class "sklearn.ensemble:RandomForst"'),
        ("RandomForestClassifier", {}, r"write package.module:Class"),
        ("pathlib:Path", {}, r'"pathlib:Path" is no scikit-learn estimator; name a classifier'),
        ("sklearn.svm:SVC", {"params": {"c": 1}}, r"sklearn.svm:SVC cannot be built: .*'c'"),
        (SVC(), {"params": {"c": 1}}, r"Invalid parameter 'c'"),
        (SVC(), {"workers": 0}, r"workers = 0 given; at least 1 process is needed"),
        (SVC, {}, r"give an unfitted scikit-learn classifier"),
    ],
)
def test_what_cannot_teach_is_refused(estimator, settings, message):
    with pytest.raises(InvalidRecipeError, match=message):
        ScikitLearn(estimator, **settings)


def test_a_classifier_that_cannot_rank_is_refused():
    class Mute(NearestCentroid):
        predict_proba = property()
        decision_function = property()

    with pytest.raises(InvalidRecipeError, match=r"Mute has neither predict_proba nor decision_function"):
        ScikitLearn(Mute())


def test_prediction_for_other_episodes_than_were_fitted_is_refused():
    with pytest.raises(InvalidRecipeError, match=r"3 episodes to predict, 0 fitted; call fit with these first"):
        example(1).predict(ScikitLearn())


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_probabilities_that_are_no_numbers_are_refused_and_not_taken_for_certain(value):
    class Broken(DecisionTreeClassifier):
        def predict_proba(self, X):
            answer = super().predict_proba(X)
            answer[-1] = value
            return answer

    with pytest.raises(InvalidDataError, match=r"Broken predicts probabilities that are NaN or infinite; look at its"):
        fitted(ScikitLearn(Broken()), example(1))
