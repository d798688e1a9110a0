"""What is hidden stays so where labels are late, missing, wrong, dear or asked for twice, and in dirty pools."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from alrl.data.contaminations import make_contamination
from alrl.data.data_set import DataSet
from alrl.data.task import draw_task
from alrl.envs.candidates import CandidateMixture
from alrl.learners import SoftmaxRegression
from alrl.loop.annotators import make_annotator
from alrl.loop.cost import Prices
from alrl.loop.simulator import Simulator
from alrl.metadata import GROUPS, FeatureSet
from alrl.strategies import make_strategy, strategies
from alrl.testing.rearrange import tensors
from tests.scrambling import Remembering, scrambled

ABLE = {"embedding", "earlier-embedding", "refits"}
FEATURES = FeatureSet([name for name, group in GROUPS.items() if group.needs <= ABLE])
MIXTURE = CandidateMixture(count=8, margin=0.25, random=0.25, clusters=0.25, labelled=0.25)
NOISY = {"kind": "noisy", "rate": 0.3}
MUTE = {"kind": "abstaining", "rate": 0.5, "hard": True, "charged": False}
LATE = {"kind": "delayed", "least": 1, "most": 3, "annotator": {"kind": "boundary", "rate": 0.3}}
HARDSHIPS = {
    "delayed": {"annotator": LATE},
    "abstaining": {"annotator": MUTE},
    "several": {"annotator": {"kind": "several", "annotators": [NOISY, MUTE, LATE], "asked": "in-turn"}},
    "panel": {"annotator": {"kind": "several", "annotators": [NOISY, LATE], "asked": "panel"}},
    "prices": {"prices": Prices(spread=0.7)},
    "contaminated": {},
    "relabelled": {"annotator": NOISY, "relabel": "majority"},
    "relabelled late": {"annotator": {**LATE, "annotator": NOISY}, "relabel": "last"},
}
DIRT = (
    make_contamination("label-noise", rate=0.2),
    make_contamination("out-of-domain", share=0.2),
    make_contamination("duplicates", share=0.2, spread=0.05),
)


def task_of(hardship):
    random = np.random.default_rng(0)
    y = np.arange(110) % 3
    data = DataSet.from_arrays(random.normal(size=(110, 4)) + y[:, None], y)
    return draw_task(data, [1], contaminations=DIRT if hardship == "contaminated" else ())


def shown(hardship, scramble=None, *, remember=True):
    """Views, features, candidates and choices of five rounds, and the scores on the validation part before each."""
    settings, task = dict(HARDSHIPS[hardship]), task_of(hardship)
    table = dict(settings.pop("annotator", {"kind": "perfect"}))
    annotator = make_annotator(table.pop("kind"), **table)
    if remember:
        annotator = Remembering(annotator)
        annotator.given(task)
    task = task if scramble is None else scrambled(task, scramble)
    simulator = Simulator([task], SoftmaxRegression(), labels=20, annotator=annotator, **settings)
    simulator.provide(ABLE)
    players = [made for made in map(make_strategy, strategies()) if made.needs <= ABLE]
    everyone, seen, scores = torch.arange(simulator.view.exists.shape[1])[None], [], []
    for loop in range(5):
        view = simulator.view
        scores.append(float(simulator.outcome("validation").accuracy))
        drawn, observation = MIXTURE.draw(view), FEATURES.observe(view, everyone)
        seen.append({**tensors(view), "drawn": drawn, "records": observation.candidates, "loop": observation.loop})
        if loop in {2, 4}:
            seen[-1] |= {player.name: player.select(view, 3) for player in players}
        # Two of smallest margin, one by chance, and the most doubtful of those that have a label.
        simulator.step(drawn[:, [0, 1, 4, 6]])
    return seen, scores


def differences(given, expected):
    return {
        name
        for here, there in zip(given, expected, strict=True)
        for name in here
        if not torch.equal(here[name], there[name])
    }


@pytest.fixture(scope="module")
def plain():
    return {hardship: shown(hardship) for hardship in HARDSHIPS}


@pytest.mark.parametrize("hardship", HARDSHIPS)
def test_scrambling_what_is_hidden_changes_nothing(plain, hardship):
    given, scores = shown(hardship, 1)
    assert differences(given, plain[hardship][0]) == set()
    assert scores != plain[hardship][1]


@pytest.mark.parametrize("hardship", HARDSHIPS)
def test_labels_that_are_bought_are_seen(plain, hardship):
    given, _ = shown(hardship, 1, remember=False)
    assert {"labels", "probabilities", "records"} <= differences(given, plain[hardship][0])


def test_each_hardship_is_there(plain):
    last = {hardship: seen[-1] for hardship, (seen, _) in plain.items()}
    assert last["delayed"]["selected"].any()
    assert last["abstaining"]["silent"].any()
    assert last["several"]["silent"].any()
    assert last["several"]["selected"].any()
    assert last["panel"]["selected"].any()
    assert len(last["prices"]["price"].unique()) > 20
    assert set(task_of("contaminated").split.truth.kind.tolist()) == {0, 1, 2, 3}
    for hardship in ("relabelled", "relabelled late"):
        assert int(last[hardship]["times_queried"].max()) >= 2
    assert (last["relabelled late"]["selected"] & last["relabelled late"]["labelled"]).any()
