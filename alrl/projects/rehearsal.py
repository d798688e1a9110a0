"""A project played by simulated annotators on a table whose classes are known, so that a team can rehearse it."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from alrl.errors import InvalidDataError
from alrl.numerics.streams import generator
from alrl.projects.answers import HELD_OUT, Answer, label_of
from alrl.projects.asking import free_records
from alrl.projects.judgement.curve import Point, point
from alrl.projects.project import Project
from alrl.projects.records.tables import column_of, read_table
from alrl.projects.rounds import read_predictions


@dataclass(frozen=True, kw_only=True)
class Person:
    """A simulated annotator."""

    name: str
    wrong: float = 0.0
    """Share of answers that name another class."""
    unknown: float = 0.0
    """Share of answers "don't know"."""
    late: float = 0.0
    """Share of a batch that is answered only after the next one."""

    def __post_init__(self) -> None:
        for name, value in (("wrong", self.wrong), ("unknown", self.unknown), ("late", self.late)):
            if not 0 <= value <= 1:
                raise InvalidDataError(f"{self.name}: {name} = {value} given; a share is 0 to 1")


TEAM = (Person(name="ann", late=0.2), Person(name="bob", wrong=0.1, unknown=0.05))
"""Who labels where no annotators are named: one who is slow, one who errs."""


@dataclass(frozen=True, kw_only=True)
class Rehearsal:
    """A project that was played, and how good its model really was after each round."""

    project: Project
    points: tuple[Point, ...]
    classes: Mapping[str, int]
    """How many records of the table are of each class."""
    accuracy: tuple[float, ...]
    """Of each round, on the records that were held out."""

    def sentences(self) -> list[str]:
        """Return a line for each round: what the project believed, and what was true."""
        lines = []
        for each, accuracy in zip(self.points, self.accuracy, strict=True):
            estimate = "no estimate yet" if each.best is None else each.best.sentence()
            lines.append(f"{each.labels} labels: estimated {estimate}, true {100 * accuracy:.1f} %")
        return lines


def rehearse(
    folder: str | Path,
    data: Any,
    *,
    label: str,
    id: str | None = None,  # noqa: A002 - what the column is called
    batches: int = 8,
    batch: int = 15,
    people: Sequence[Person] = TEAM,
    held_out: float = 0.3,
    seed: int = 0,
    **settings: Any,
) -> Rehearsal:
    """Play a project to its end.

    Args:
        folder: of the new project; it can be opened, looked at and labelled on like any other.
        data: a table (:func:`alrl.projects.records.tables.read_table`) whose label column is full.
        label: the column of classes.
        id: the column that names each record; rows are numbered where it is left out.
        batches: batches that are asked for.
        batch: records of each; they go to ``people`` in turn.
        people: who answers.
        held_out: share of the records, drawn by chance, that are never queried: accuracy is measured on them.
        seed: of all chance.
        settings: of :meth:`alrl.projects.project.Project.create`.

    Raises InvalidDataError where the label column has gaps, and where ``people`` are none.
    """
    if not people:
        raise InvalidDataError("people = [] given; name one who answers at least, such as Person(name='ann')")
    frame = read_table(data, text=[name for name in (id, label) if name])
    classes = [label_of(value) for value in column_of(frame, label, "label column").tolist()]
    if any(not isinstance(each, str) for each in classes):
        raise InvalidDataError(f"column {label!r} has gaps; a rehearsal needs the class of every record")
    names = sorted({str(each) for each in classes})
    project = Project.create(
        folder, pool=frame.drop(columns=label), id=id, label=label, classes=names, seed=seed, **settings
    )
    ids = project.pool().ids
    truth = dict(zip(ids, map(str, classes), strict=True))
    rng = generator([seed], "rehearsal")
    outside = [ids[place] for place in rng.permutation(len(ids))[: int(held_out * len(ids))].tolist()]
    project.tell([Answer(id=record, label=None) for record in outside], annotator=HELD_OUT)
    late: list[tuple[Person, str]] = []
    for number in range(batches):
        person = people[number % len(people)]
        left = int(free_records(*project.state_and_pool(), project.log.now).sum())
        if not left:
            # Nothing is left but what is late.
            break
        records = [str(each) for each in project.ask(min(batch, left), annotator=person.name)[project.id_column]]
        waiting = rng.random(len(records)) < person.late
        now = [*late, *[(person, record) for record, waits in zip(records, waiting, strict=True) if not waits]]
        late = [(person, record) for record, waits in zip(records, waiting, strict=True) if waits]
        _answer(project, now, truth, names, rng)
    _answer(project, late, truth, names, rng)
    project.fit()
    return Rehearsal(
        project=project,
        classes=Counter(truth.values()),
        points=tuple(map(point, project.state.rounds)),
        accuracy=tuple(_accuracies(project, outside, truth)),
    )


def _answer(
    project: Project,
    queue: Sequence[tuple[Person, str]],
    truth: dict[str, str],
    names: list[str],
    rng: np.random.Generator,
) -> None:
    # Each person's answers come together, as a file does.
    for person, own in itertools.groupby(queue, key=lambda each: each[0]):
        answers = [_drawn(person, record, truth[record], names, rng) for _, record in own]
        project.tell(answers, annotator=person.name)


def _drawn(person: Person, record: str, label: str, names: list[str], rng: np.random.Generator) -> Answer:
    drawn = rng.random()
    if drawn < person.unknown:
        return Answer(id=record, label=None, seconds=4.0)
    if drawn < person.unknown + person.wrong:
        others = [each for each in names if each != label]
        return Answer(id=record, label=others[int(rng.integers(len(others)))], seconds=4.0)
    return Answer(id=record, label=label, seconds=4.0)


def _accuracies(project: Project, outside: Sequence[str], truth: dict[str, str]) -> list[float]:
    pool = project.pool()
    at, wanted = pool.at(outside), np.array([pool.classes.index(truth[record]) for record in outside])
    return [
        float((read_predictions(project.folder, facts).probabilities[at].argmax(1) == wanted).mean())
        for facts in project.state.rounds
    ]
