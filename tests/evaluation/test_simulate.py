"""One strategy on one data set over many seeds: the front door."""

from __future__ import annotations

import csv
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score

import alrl
from alrl.agents.policy import Policy
from alrl.agents.policy_file import save_policy
from alrl.data.split import draw_split
from alrl.data.task import draw_task
from alrl.envs.candidates import CandidateMixture
from alrl.errors import (
    InvalidDataError,
    InvalidQueryError,
    InvalidRecipeError,
    PoolExhaustedWarning,
    SmallTestPartWarning,
)
from alrl.evaluation.evaluate import evaluate
from alrl.evaluation.simulate import DEFAULT_SPLIT, simulate
from alrl.learners.scikit_learn import ScikitLearn
from alrl.metadata import DEFAULT_GROUPS, FeatureSet
from alrl.strategies import make_strategy, strategies


def test_curves_have_one_row_a_seed_and_one_column_a_label() -> None:
    curves = alrl.simulate("wine", "margin", labels=6, seeds=3)
    assert curves.accuracy.shape == curves.balanced_accuracy.shape == (3, 7)
    assert curves.picks.shape == (3, 6)
    assert curves.aubc.shape == (3,)
    assert curves.first.tolist() == [3, 3, 3]
    assert (curves.data_set, curves.strategy, curves.learner, curves.batch) == (
        "wine",
        "margin",
        "softmax-regression",
        1,
    )
    assert "AUBC" in str(curves.table())


def test_seeds_may_be_named_and_each_plays_what_it_plays_alone() -> None:
    together = simulate("iris", "entropy", labels=5, seeds=[7, 2])
    alone = simulate("iris", "entropy", labels=5, seeds=np.array([2]))
    assert together.seeds == (7, 2)
    assert together.picks[1].tolist() == alone.picks[0].tolist()
    assert together.accuracy[1] == pytest.approx(alone.accuracy[0])


def test_a_seed_gives_every_strategy_the_same_split_and_first_sample() -> None:
    names = sorted(strategies())
    with pytest.warns(PoolExhaustedWarning, match=r"wine: the pool ran out after 86 of 90 labels in 2 of 2 episodes"):
        runs = {name: simulate("wine", name, learner="committee", labels=90, batch=45, seeds=2) for name in names}
    pools = {name: [sorted(row) for row in run.picks.tolist()] for name, run in runs.items()}
    starts = {name: run.accuracy[:, 0].tolist() for name, run in runs.items()}
    # 90 labels are more than the pool holds: all that is not the first sample was picked.
    assert all(pool == pools["margin"] for pool in pools.values())
    assert all(start == starts["margin"] for start in starts.values())
    assert pools["margin"][0] != pools["margin"][1]
    assert len({tuple(run.picks[0].tolist()) for run in runs.values()}) > 1


def test_picks_are_rows_of_the_data_set_inside_the_pool_and_distinct() -> None:
    data = alrl.load_data_set("wine")
    curves = simulate(data, "random", labels=10, seeds=4)
    for seed, picks in zip(curves.seeds, curves.picks, strict=True):
        task = draw_task(data, [seed], split=DEFAULT_SPLIT)
        left = set(task.split.pool.tolist()) - set(task.split.pool[task.first].tolist())
        assert set(picks.tolist()) <= left
        assert len(set(picks.tolist())) == 10


def test_once_the_pool_ran_out_picks_are_minus_one_and_the_curve_stays() -> None:
    with pytest.warns(PoolExhaustedWarning, match=r"iris: the pool ran out after 72 of 80 labels in 2 of 2 episodes"):
        curves = simulate("iris", "margin", labels=80, batch=8, seeds=2)
    pool = round(0.5 * 150)
    assert ((curves.picks >= 0).sum(1) == pool - 3).all()
    assert (curves.picks[:, pool - 3 :] == -1).all()
    assert (curves.accuracy[:, pool + 4 :] == curves.accuracy[:, [-1]]).all()


def test_between_two_refits_a_value_holds() -> None:
    curves = simulate("wine", "random", labels=10, batch=4, seeds=3)
    assert (curves.accuracy[:, :4] == curves.accuracy[:, [0]]).all()
    assert (curves.accuracy[:, 4:8] == curves.accuracy[:, [4]]).all()
    assert (curves.accuracy[:, 8:10] == curves.accuracy[:, [8]]).all()
    assert len(np.unique(curves.accuracy[:, [0, 4, 8, 10]])) > 3
    assert curves.batch == 4


def forms(folder: Path) -> dict[str, Any]:
    X, y = load_wine(return_X_y=True)
    with (folder / "mine.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*(f"x{i}" for i in range(X.shape[1])), "class"])
        writer.writerows([*map(repr, row.tolist()), label] for row, label in zip(X, y.tolist(), strict=True))
    np.savez(folder / "mine.npz", X=X, y=y)
    return {
        "name": "wine",
        "pair": (X, y),
        "data set": alrl.DataSet.from_arrays(X, y),
        "csv": str(folder / "mine.csv"),
        "npz": folder / "mine.npz",
    }


def test_data_may_come_in_any_form(tmp_path: Path) -> None:
    runs = {form: simulate(data, "margin", labels=4, seeds=2) for form, data in forms(tmp_path).items()}
    for curves in runs.values():
        assert curves.picks.tolist() == runs["name"].picks.tolist()
        assert curves.accuracy.tolist() == runs["name"].accuracy.tolist()


def test_a_strategy_may_be_a_name_an_object_or_a_policy() -> None:
    named = simulate("iris", "margin", labels=4, seeds=2)
    built = simulate("iris", make_strategy("margin"), labels=4, seeds=2)
    mixture = CandidateMixture(count=8)
    policy = simulate("iris", Policy.untrained(FeatureSet(DEFAULT_GROUPS), mixture, name="mine"), labels=4, seeds=2)
    assert named.picks.tolist() == built.picks.tolist() == policy.picks.tolist()
    assert policy.strategy == "mine"


def test_a_policy_may_be_named_by_its_folder(tmp_path: Path) -> None:
    policy = Policy.untrained(FeatureSet(DEFAULT_GROUPS), CandidateMixture(count=8), name="mine")
    save_policy(policy, tmp_path / "saved")
    curves = simulate("iris", str(tmp_path / "saved"), labels=4, seeds=2)
    assert curves.strategy == "mine"
    assert curves.picks.tolist() == simulate("iris", policy, labels=4, seeds=2).picks.tolist()


def test_a_scikit_learn_classifier_may_be_the_learner() -> None:
    forest = ScikitLearn(RandomForestClassifier(10))
    curves = simulate("wine", "margin", learner=forest, labels=12, batch=4, seeds=2)
    again = simulate("wine", "margin", learner=forest, labels=12, batch=4, seeds=2)
    assert curves.learner == "RandomForestClassifier"
    assert curves.accuracy[:, -1].mean() > 0.8
    assert curves.picks.tolist() == again.picks.tolist()
    soft = simulate("wine", "margin", labels=12, batch=4, seeds=2)
    assert curves.picks.tolist() != soft.picks.tolist()


def by_hand(seed: int, labels: int) -> tuple[list[int], list[float], list[float]]:
    """Margin sampling with scikit-learn's LogisticRegression, one refit a label, no line shared with the simulator."""
    X, y = load_wine(return_X_y=True)
    split = draw_split(alrl.load_data_set("wine"), [seed], pool=0.5, validation=0.2, test=0.3)
    task = draw_task(alrl.load_data_set("wine"), [seed], split=DEFAULT_SPLIT)
    X = (X - X[split.pool].mean(0)) / X[split.pool].std(0)
    known, picks, accuracy, balanced = split.pool[task.first].tolist(), [], [], []
    while True:
        model = LogisticRegression(C=1.0, tol=1e-8, max_iter=5000).fit(X[known], y[known])
        predicted = model.predict(X[split.test])
        accuracy.append(float((predicted == y[split.test]).mean()))
        balanced.append(float(balanced_accuracy_score(y[split.test], predicted)))
        if len(picks) == labels:
            return picks, accuracy, balanced
        left = [row for row in split.pool.tolist() if row not in known]
        chances = np.sort(model.predict_proba(X[left]), 1)
        pick = left[int((chances[:, -1] - chances[:, -2]).argmin())]
        picks.append(pick)
        known.append(pick)


def test_it_plays_what_a_loop_written_by_hand_plays() -> None:
    curves = simulate("wine", "margin", labels=15, seeds=[5])
    picks, accuracy, balanced = by_hand(5, 15)
    assert curves.picks[0].tolist() == picks
    assert curves.accuracy[0] == pytest.approx(accuracy, abs=1e-6)
    assert curves.balanced_accuracy[0] == pytest.approx(balanced, abs=1e-6)


def test_progress_is_told_label_by_label() -> None:
    shown: list[int] = []
    simulate("iris", "random", labels=5, batch=2, seeds=1, progress=shown.append)
    assert shown == [2, 2, 1]


def test_the_split_may_be_set() -> None:
    with pytest.warns(PoolExhaustedWarning, match=r"wine: the pool ran out after 15 of 20 labels"):
        curves = simulate("wine", "random", labels=20, batch=20, seeds=2, split={"pool": 0.1, "test": 0.5})
    assert ((curves.picks >= 0).sum(1) == 18 - 3).all()


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"labels": 0}, InvalidQueryError, "labels = 0 given; it must be at least 1"),
        ({"batch": 0}, InvalidQueryError, "batch = 0 given; it must be at least 1"),
        ({"seeds": 0}, InvalidRecipeError, "seeds = 0 given; it must be at least 1"),
        ({"seeds": []}, InvalidRecipeError, r"seeds = \[\] given; at least one seed is needed"),
        ({"seeds": [1, -1]}, InvalidRecipeError, "each of the seeds = -1 given; it must be at least 0"),
        (
            {"seeds": [1, 1]},
            InvalidRecipeError,
            r"seeds = \[1, 1\] given; at least one seed is needed, each given once",
        ),
        ({"seeds": [1.5]}, InvalidRecipeError, "each of the seeds = 1.5 given; it must be a whole number"),
        ({"seeds": True}, InvalidRecipeError, "seeds = True given; it must be a whole number"),
        ({"labels": 2.5}, InvalidQueryError, "labels = 2.5 given; it must be a whole number, at least 1"),
        ({"labels": "5"}, InvalidQueryError, "labels = '5' given; it must be a whole number, at least 1"),
        ({"labels": 10**12}, InvalidQueryError, "labels = 1000000000000 given; it must be at most 1,000,000"),
        ({"batch": 1.5}, InvalidQueryError, "batch = 1.5 given; it must be a whole number"),
        ({"score_every": 2.5}, InvalidQueryError, "score_every = 2.5 given; it must be a whole number"),
        ({"workers": "2"}, InvalidRecipeError, "workers = '2' given; it must be a whole number"),
        ({"split": "half"}, InvalidRecipeError, "split = 'half' given; give a table of settings, such as {'pool': 0.5"),
        ({"first": "random"}, InvalidRecipeError, "first = 'random' given; give a table .* such as {'kind': 'random'"),
        ({"annotator": "noisy"}, InvalidRecipeError, "annotator = 'noisy' given; give a table .* {'kind': 'noisy'"),
        ({"contamination": {"kind": "label-noise"}}, InvalidRecipeError, "give a list of tables, such as"),
        ({"contamination": ["label-noise"]}, InvalidRecipeError, "contamination = 'label-noise' given; give a table"),
        ({"data": ["wine", "iris"]}, InvalidDataError, "a data set cannot be made of list"),
        ({"split": {"pol": 0.5}}, InvalidRecipeError, 'pol: unknown key, did you mean "pool"'),
        ({"split": {"pool": 0.9}}, InvalidRecipeError, "lower them until they sum to at most 1"),
        ({"strategy": "margn"}, InvalidRecipeError, "margin"),
        ({"learner": "softmax"}, InvalidRecipeError, "softmax-regression"),
        ({"data": "whine"}, InvalidRecipeError, 'did you mean "wine"'),
        ({"data": 3}, InvalidDataError, "a data set cannot be made of int"),
    ],
)
def test_what_cannot_be_played_is_refused(settings: dict[str, Any], error: type[Exception], message: str) -> None:
    given = {"data": "iris", "strategy": "margin", "labels": 2, "seeds": 1, **settings}
    with pytest.raises(error, match=message):
        simulate(**given)


def test_hardships_are_told_and_the_split_stays_as_it_was():
    plain = simulate("wine", "random", labels=6, seeds=4)
    foreign = simulate("wine", "random", labels=6, seeds=4, contamination=[{"kind": "out-of-domain", "share": 0.5}])
    late = simulate("wine", "random", labels=6, seeds=4, annotator={"kind": "delayed", "least": 9, "most": 9})
    assert plain.wasted is None
    assert late.wasted is None
    assert np.array_equal(foreign.wasted > 0, foreign.picks >= 178)
    assert foreign.wasted_share.tolist() == (foreign.picks >= 178).mean(1).tolist()
    assert 0.2 < foreign.wasted_share.mean() < 0.8
    assert np.array_equal(plain.accuracy[:, 0], late.accuracy[:, 0])
    # Nothing comes within six loops: the learner knows no more than at the beginning.
    assert np.array_equal(late.accuracy, late.accuracy[:, :1].repeat(7, 1))
    assert "wasted (%)" in str(foreign.table())
    assert foreign.take((2,)).wasted.shape == (1, 6)


def test_what_a_chosen_first_sample_cost_is_on_the_curve():
    first = {"kind": "promising", "size": 3, "candidates": 2}
    curves = simulate("wine", "margin", labels=8, seeds=3, first=first)
    assert (curves.picks[:, :3] == -1).all()
    assert (curves.picks[:, 3:] >= 0).all()
    assert np.array_equal(curves.accuracy[:, :4], curves.accuracy[:, :1].repeat(4, 1))
    assert curves.first.tolist() == [3, 3, 3]


def test_labels_that_do_not_pay_for_the_first_samples_are_refused() -> None:
    first = {"kind": "promising", "size": 4, "candidates": 3}
    with pytest.raises(InvalidQueryError, match="pays 8 labels for those that it does not keep, and labels = 7 given"):
        simulate("wine", "margin", labels=7, seeds=2, first=first)


def test_a_folder_that_holds_no_policy_is_named_as_one(tmp_path: Path) -> None:
    with pytest.raises(InvalidRecipeError, match=r"is a folder without a policy.json, so it holds no policy"):
        simulate("wine", str(tmp_path), labels=1, seeds=1)
    with pytest.raises(InvalidRecipeError, match='unknown agent ""'):
        simulate("wine", "", labels=1, seeds=1)


def test_a_small_table_of_ones_own_is_warned_of_once(tmp_path: Path) -> None:
    rows = "".join(f"{place * 37 % 101},{place},{'xy'[place % 2]}\n" for place in range(60))
    (tmp_path / "small.csv").write_text("a,b,kind\n" + rows)
    with pytest.warns(SmallTestPartWarning) as told:
        simulate(tmp_path / "small.csv", "margin", label="kind", labels=2, seeds=2)
    (said,) = told
    assert str(said.message).startswith(
        "small: the test part has 18 records, each of them 5.6 points of accuracy; scores say little: "
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        simulate(tmp_path / "small.csv", "random", label="kind", labels=2, seeds=2)


def test_one_name_is_as_good_as_a_list_of_one_and_seeds_are_no_text() -> None:
    one = evaluate("entropy", data="iris", against="random", labels=2, seeds=2)
    several = evaluate("entropy", data=["iris"], against=["random"], labels=2, seeds=2)
    assert one.comparisons == several.comparisons
    with pytest.raises(InvalidRecipeError, match="no opponent given; name one under against, such as margin"):
        evaluate("entropy", data="iris", against=[], labels=2, seeds=2)
    with pytest.raises(InvalidRecipeError, match="seeds = '3' given; give their number, or a list of them"):
        simulate("iris", "margin", labels=2, seeds="3")


def test_whole_numbers_may_come_as_floats() -> None:
    given: dict[str, Any] = {"labels": 4.0, "batch": np.float64(2), "seeds": 2.0, "score_every": 1.0, "workers": 1.0}
    curves = simulate("iris", "margin", **given)
    assert np.array_equal(curves.picks, simulate("iris", "margin", labels=4, batch=2, seeds=2).picks)


@pytest.mark.parametrize("score_every", [1, 50])
def test_a_budget_far_above_the_pool_takes_no_time_and_the_curve_stays(score_every: int) -> None:
    with pytest.warns(PoolExhaustedWarning):
        long = simulate("iris", "random", labels=100_000, seeds=1, score_every=score_every)
    with pytest.warns(PoolExhaustedWarning):
        short = simulate("iris", "random", labels=80, seeds=1)
    assert np.array_equal(long.picks[:, :80], short.picks)
    assert (long.picks[:, 80:] == -1).all()
    assert (long.accuracy[:, 72:] == short.accuracy[:, -1:]).all()


def test_arrays_and_frames_are_named_before_they_are_compared() -> None:
    X, y = np.eye(20)[:, :2], np.arange(20) % 2
    sources: list[Any] = [(X, y), [(X, y)], pd.DataFrame({"a": X[:, 0], "class": y})]
    for source in sources:
        with pytest.raises(InvalidDataError, match=r"has no name for the table .* DataSet.from_arrays\(X, y, name="):
            evaluate("margin", data=source, against=["random"], labels=2, seeds=2)


def test_a_batch_that_takes_the_last_records_ends_with_the_last_of_them() -> None:
    split = {"pool": 0.4, "validation": 0.2, "test": 0.4}
    with pytest.warns(PoolExhaustedWarning, match="ran out after 57 of 60 labels"):
        whole, exact = (simulate("iris", "random", labels=60, batch=batch, seeds=3, split=split) for batch in (100, 57))
    assert (whole.picks == exact.picks).all()
    assert (whole.accuracy == exact.accuracy).all()
    assert (whole.balanced_accuracy == exact.balanced_accuracy).all()
    assert (whole.accuracy[:, 57:] == whole.accuracy[:, 57:58]).all()
    assert (whole.accuracy[:, :57] == whole.accuracy[:, :1]).all()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"first": {"kind": "random", "size": "5"}}, "first sample: size = '5' given; it must be a whole number"),
        ({"first": {"kind": "cluster", "size": 2.5}}, "first sample: size = 2.5 given"),
        ({"first": {"kind": "random", "size": True}}, "first sample: size = True given"),
        ({"first": {"kind": "covering", "size": 3, "candidates": "4"}}, "first sample: candidates = '4' given"),
        ({"first": {"kinds": "random"}}, 'first: unknown setting "kinds"; did you mean "kind"'),
        ({"first": {"kind": "random", "size": 3, "seed": 1}}, 'first: unknown setting "seed"'),
        ({"first": "random"}, "first = 'random' given; give a table of settings"),
        ({"contamination": 5}, "contamination = 5 given; give a list of tables"),
        ({"contamination": [{"kind": "missing-classes", "count": 1.5}]}, "contamination: count = 1.5 given"),
    ],
)
def test_settings_of_first_samples_and_pools_are_checked(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidRecipeError, match=message):
        simulate("iris", "margin", labels=3, seeds=1, **settings)
