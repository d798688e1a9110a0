"""Several first samples: the promising one is told by labels alone, and the others are set aside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from alrl.errors import InvalidQueryError

if TYPE_CHECKING:
    from alrl.projects.journal import Journal


@dataclass(frozen=True, kw_only=True)
class FirstSample:
    """A batch that was drawn before there was a model, and how well a fit to it alone predicts the others' labels."""

    batch: int
    records: tuple[str, ...]
    """Those of it that have a label."""
    right: int
    """Labels of the other first samples that the fit gets right."""
    others: int
    """Labels of the other first samples."""

    def sentence(self) -> str:
        """Return it in words."""
        return f"first sample {self.batch}: {len(self.records)} labels, {self.right} of the {self.others} others right"


def first_samples(project: Journal) -> list[FirstSample]:
    """Return the first samples of a project, the most promising first; of equally good ones the earlier.

    As a promising first sample is chosen in simulation (:mod:`alrl.loop.first_sample_choice`): by labels that were paid
    for, and by nothing else.

    Raises InvalidQueryError where fewer than two batches were drawn before there was a model, and labelled.
    """
    from alrl.projects.fitting import model_of
    from alrl.projects.rounds import labelled

    state, pool = project.state_and_pool()
    at, codes = labelled(state, pool)
    # Other batches have a round; a second opinion has no records that it could have been drawn from.
    draws = [state.draws.get(record) or {"round": 0, "batch": -1, "open": 0} for record in state.labels]
    first = [draw["round"] is None and draw["open"] > 0 for draw in draws]
    batch = np.where(first, [draw["batch"] for draw in draws], -1)
    numbers = sorted(set(batch[batch >= 0].tolist()))
    if len(numbers) < 2:
        raise InvalidQueryError(
            f"{len(numbers)} first samples have labels, and a promising one is one of several: ask for two batches or"
            " more (alrl project next, each to its own file) before labels come, and take the labels of all"
        )
    model, results = model_of(project, state), []
    ids = np.array(list(state.labels), dtype=object)
    for number in numbers:
        own, others = batch == number, (batch >= 0) & (batch != number)
        if model.ready(codes[own]):
            predicted = model.fit(pool, at[own], codes[own], len(pool.classes)).probabilities[at[others]].argmax(1)
        else:
            predicted = np.full(int(others.sum()), np.bincount(codes[own]).argmax())
        right = int((predicted == codes[others]).sum())
        results.append(FirstSample(batch=number, records=tuple(ids[own]), right=right, others=int(others.sum())))
    return sorted(results, key=lambda sample: -sample.right / sample.others)


def keep_promising(project: Journal) -> tuple[list[FirstSample], int]:
    """Keep the most promising first sample; return all of them, and how many records lost their label.

    The answers to the others' records are withdrawn by ordinary events, paid as they are, and the records may be asked
    for again.

    Raises InvalidQueryError as :func:`first_samples` does, and where the model has been fitted already.
    """
    if project.state.rounds[project.state.first_round :]:
        raise InvalidQueryError(
            "the project has rounds already, whose queries rest on all first samples; choose among first samples before"
            " the first fit, or begin anew with none of the labels: alrl project restart"
        )
    samples = first_samples(project)
    aside = [record for sample in samples[1:] for record in sample.records]
    with project.writing() as (transaction, state):
        for record in aside:
            for annotator in list(state.given.get(record, {})):
                state.apply(transaction.append("withdrawn", {"id": record, "annotator": annotator}))
    return samples, len(aside)
