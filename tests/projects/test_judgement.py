"""Curve, verdict, bill and advice, on numbers that are known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import alrl
from alrl.errors import InvalidDataError
from alrl.loop.cost import break_even_compression
from alrl.projects import Project
from alrl.projects.judgement.bill import bill, break_even
from alrl.projects.judgement.curve import curve, progressive
from alrl.projects.judgement.lure import lure_weights
from alrl.projects.judgement.stopping import (
    Budget,
    ContradictingInformation,
    LearnedStop,
    NetValueRule,
    OverallUncertainty,
    StabilisingPredictions,
    f_bound,
    usual_rule,
)
from alrl.projects.judgement.verdict import verdict
from alrl.projects.state import RoundFacts, State
from alrl.projects.status import sentences, status_of
from tests.projects.conftest import table, truth

Make = Callable[..., Project]


def state_of(labels: list[int], **facts: list[Any]) -> State:
    """Return a state whose rounds have these facts."""
    state = State(settings={"prices": {"label": 1.0, "hour": 0.0, "record_epoch": 0.0, "scored": 0.0}})
    usual = {"seconds": 0.0, "estimate_seconds": 0.0, "record_epochs": 0.0, "records": 100}
    for number, count in enumerate(labels):
        own = {**usual, **{name: values[number] for name, values in facts.items()}}
        state.rounds.append(
            RoundFacts(number=number, at=0.0, event=0, labels=count, fingerprint="", file="", facts=own)
        )
    return state


def test_lure_weights_are_those_of_the_paper() -> None:
    assert lure_weights([1 / 4, 1 / 3], 4).tolist() == pytest.approx([1, 1])
    assert lure_weights([0.5, 1 / 3], 4).tolist() == pytest.approx([2 / 3, 1])
    with pytest.raises(InvalidDataError, match="above 0"):
        lure_weights([0.0], 4)


def test_lure_weights_give_the_mean_of_the_pool_on_average() -> None:
    rng = np.random.default_rng(0)
    losses, scores = np.array([0.0, 0.0, 0.0, 1.0, 1.0]), np.array([5.0, 1.0, 1.0, 1.0, 4.0])
    means = []
    for _ in range(4_000):
        left, chances, drawn = list(range(5)), [], []
        for _ in range(3):
            q = scores[left] / scores[left].sum()
            place = int(rng.choice(len(left), p=q))
            chances.append(float(q[place]))
            drawn.append(left.pop(place))
        means.append(float((lure_weights(chances, 5) * losses[drawn]).mean()))
    assert np.mean(means) == pytest.approx(0.4, abs=0.03)


def test_the_break_even_is_that_of_the_closed_form_and_of_simulation() -> None:
    assert break_even(1.0, 0.5, 10) == pytest.approx(0.6, abs=1e-12)
    assert break_even(1.0, 0.01, 10) == pytest.approx(0.0427, abs=5e-5)
    assert break_even(1.0, 0.5, 1) == 0.0
    assert break_even(0.8, 0.3, 7) == pytest.approx(break_even_compression(label=0.8, record=0.3, rounds=7))
    assert break_even(0.0, 0.0, 7) == 0.0


def test_the_bill_adds_up_labels_and_hours(make: Make) -> None:
    project = make(prices=alrl.Prices(label=0.8, hour=3600.0))
    for start in (0, 10, 20):
        project.tell(truth(table(), [f"c{place}" for place in range(start, start + 10)]), annotator="ann")
        project.fit()
    project.tell({"c0": "yes", "c1": "yes", "c2": "yes"}, annotator="ann")
    summary = bill(project.state)
    corrected = sum(event.kind == "corrected" for event in project.events())
    assert summary.labels == 30 + corrected
    assert summary.label_money == pytest.approx(0.8 * summary.labels)
    assert (summary.fits, summary.trained) == (3, 60)
    assert summary.compute_money == pytest.approx(summary.compute_seconds)
    assert summary.money == summary.label_money + summary.compute_money
    assert summary.break_even == pytest.approx(break_even(0.8, summary.compute_money / 60, 3))


def test_a_curve_has_estimates_with_intervals(make: Make) -> None:
    project = make(audit=0.5)
    for _ in range(4):
        batch = project.ask(12)
        project.tell(truth(table(), batch["customer"]), annotator="ann")
    project.fit()
    points = curve(project.state)
    assert [each.labels for each in points] == [12, 24, 36, 48]
    last = points[-1]
    for estimate in (last.cross_validated, last.weighted, last.progressive):
        assert estimate is not None
        assert 0 <= estimate.low < estimate.accuracy <= estimate.high <= 1
    assert last.best == last.weighted
    summary = progressive(points, project.state, window=30)
    assert summary is not None
    assert summary.records == 36
    status = status_of(project.state, project.log.now)
    text = "\n".join(sentences(status))
    assert all(word in text for word in ("verdict: ", "bill: ", "advice: "))


def changing(agreement: float, rounds: int = 7, **more: Any) -> State:
    """Return a project of 20, 40, ... labels whose successive models agree so far."""
    return state_of(
        [20 * (place + 1) for place in range(rounds)], agreement=[None, *[agreement] * (rounds - 1)], **more
    )


@pytest.mark.parametrize(("agreement", "kind"), [(0.9, "data-starved"), (1.0, "saturating"), (0.999, "saturating")])
def test_predictions_that_still_change_are_starved_of_data(agreement: float, kind: str) -> None:
    result = verdict(changing(agreement))
    assert result.kind == kind
    assert result.low <= result.gain <= result.high
    assert result.sentence().startswith(f"{kind}: twice the 140 labels would change")


def test_more_change_is_a_larger_chance_of_a_gain() -> None:
    chances = [verdict(changing(agreement)).chance for agreement in (1.0, 0.99, 0.97, 0.9, 0.7)]
    assert chances == sorted(chances)
    assert 0 < chances[0] < chances[-1] < 1


def test_a_weighted_estimate_that_falls_for_sure_is_ill_behaved() -> None:
    weighted = [{"records": 40, "accuracy": accuracy, "effective": 100.0} for accuracy in (0.9, 0.95, 0.95, 0.9, 0.6)]
    validated = [{"records": 40, "right": 30, "weighted": each} for each in weighted]
    assert verdict(changing(0.95, 5, cross_validated=validated)).kind == "ill-behaved"
    validated[-1] = {"records": 40, "right": 30, "weighted": {"records": 40, "accuracy": 0.9, "effective": 100.0}}
    assert verdict(changing(0.95, 5, cross_validated=validated)).kind != "ill-behaved"


def test_few_rounds_are_no_curve() -> None:
    result = verdict(changing(0.9, 3))
    assert (result.kind, result.low, result.high) == ("undecided", -1.0, 1.0)
    assert "4 rounds are needed" in result.sentence()


def test_successive_models_that_agree_advise_a_stop() -> None:
    agreeing = state_of([10, 20, 30, 40], kappa=[None, 0.99, 0.995, 1.0], agreement=[None, 0.99, 0.99, 0.99])
    advice = StabilisingPredictions().advise(agreeing)
    assert advice.stop
    assert "kappa 0.995" in advice.reason
    assert "0.040" in advice.reason
    assert f_bound(0.99) == pytest.approx(0.0404, abs=5e-5)
    assert not StabilisingPredictions().advise(state_of([10, 20], kappa=[None, 1.0])).stop


def test_rules_read_uncertainty_confidence_and_budget() -> None:
    assert OverallUncertainty(0.1).advise(state_of([10], uncertainty=[0.08])).stop
    assert not OverallUncertainty(0.1).advise(state_of([10], uncertainty=[0.2])).stop
    falling = state_of([10, 20, 30, 40], confidence=[0.9, 0.8, 0.7, 0.6])
    assert ContradictingInformation().advise(falling).stop
    assert not ContradictingInformation(times=4).advise(falling).stop
    state = state_of([10, 20])
    state.settings["labels"] = 5
    state.labels = {f"c{place}": "yes" for place in range(15)}
    assert Budget().advise(state).stop
    state.charged = 15
    assert "15.00 of 20.00" in Budget(money=20.0).advise(state).reason


def test_rules_are_joined() -> None:
    same = [None, 1.0, 1.0, 1.0]
    state = state_of([10, 20, 30, 40], kappa=same, agreement=same, uncertainty=[0.9] * 4)
    sure, unsure = StabilisingPredictions(), OverallUncertainty(0.1)
    assert (sure | unsure).advise(state).stop
    assert not (sure & unsure).advise(state).stop
    assert (sure & unsure).name == "stabilising-predictions & overall-uncertainty"
    assert usual_rule().advise(state).stop
    for wrong in (3, None, "budget"):
        with pytest.raises(TypeError, match="unsupported operand"):
            sure & wrong
        with pytest.raises(TypeError, match="unsupported operand"):
            sure | wrong


def test_a_batch_that_is_worth_less_than_it_costs_advises_a_stop() -> None:
    advice = NetValueRule(point=1.0, batch=20).advise(changing(1.0))
    assert advice.stop
    assert "cost 20.00" in advice.reason
    assert not NetValueRule(point=1000.0, batch=20).advise(changing(0.8)).stop
    assert not NetValueRule(point=1.0).advise(state_of([20])).stop


def test_rounds_of_the_same_labels_are_no_sign_of_stability() -> None:
    state = state_of([20, 40, 60, 60, 60], kappa=[None, 0.8, 0.8, 1.0, 1.0])
    assert not StabilisingPredictions(0.9, window=2).advise(state).stop
    assert StabilisingPredictions(0.9, window=2).advise(state_of([20, 40, 60, 80], kappa=[None, 0.8, 1.0, 1.0])).stop


def test_the_headline_and_the_list_of_reasons_have_one_threshold() -> None:
    state = state_of([10, 20, 30, 40], kappa=[None, 0.97, 0.97, 0.97])
    advice = status_of(state, 0.0)["advice"]
    assert "kappa 0.970 (stop at 0.98)" in advice["sentence"]
    assert advice["reasons"][0].startswith("stabilising-predictions: ")
    assert "kappa 0.970 (stop at 0.98)" in advice["reasons"][0]


def test_a_chance_is_told_with_its_unit() -> None:
    facts = {name: [0.9] * 6 for name in ("agreement", "uncertainty", "confidence")}
    assert LearnedStop().advise(state_of([10, 20, 30, 40, 50, 60], **facts)).reason.endswith(" % (stop at 42 %)")
