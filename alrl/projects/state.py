"""The state of a project: a pure function of its events, kept nowhere else."""

from __future__ import annotations

import copy
import dataclasses
import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Self
from unicodedata import normalize

from alrl.projects.answers import HELD_OUT, IMPORTED, IRRELEVANT, Label, word_of
from alrl.projects.event_log import Event


@dataclass(frozen=True, kw_only=True)
class Given:
    """One annotator's present answer to one record."""

    label: Label | None
    """None for "don't know"."""
    at: float
    event: int
    """That gave it: a clock may stand still, or be set back."""
    seconds: float | None
    charged: bool


@dataclass(frozen=True, kw_only=True)
class Lease:
    """A record that somebody has been sent, until the lease runs out."""

    to: str | None
    """The annotator; None where anybody may answer."""
    expires: float
    batch: int


@dataclass(frozen=True, kw_only=True)
class RoundFacts:
    """One fit, as the log has it."""

    number: int
    """From 0."""
    at: float
    event: int
    labels: int
    """Labelled records that it was fitted to."""
    fingerprint: str
    """SHA-256 of records, labels and model: the same three give the same round."""
    file: str
    """What it predicted, in the folder ``rounds``."""
    facts: dict[str, Any]
    """Estimates, agreement with the round before, seconds: see :mod:`alrl.projects.rounds`."""


@dataclass(kw_only=True)
class State:
    """Everything that follows from the events so far."""

    number: int = 0
    """The last event that counts."""
    settings: dict[str, Any] = field(default_factory=dict)
    classes: list[str] = field(default_factory=list)
    model: dict[str, Any] = field(default_factory=dict)
    files: list[dict[str, Any]] = field(default_factory=list)
    """Files of records, in the order they were added."""
    given: dict[str, dict[str, Given]] = field(default_factory=dict)
    """Present answers by record and annotator."""
    labels: dict[str, str] = field(default_factory=dict)
    """The believed class of every labelled record, in the order of their first labels."""
    labelled_by: dict[str, int] = field(default_factory=dict)
    """The event that gave each labelled record its first label."""
    leases: dict[str, list[Lease]] = field(default_factory=dict)
    draws: dict[str, dict[str, Any]] = field(default_factory=dict)
    """How each record came to be asked for the first time: batch, round, chance of being drawn."""
    seen: set[tuple[str, str, str]] = field(default_factory=set)
    """Record, annotator and word of every answer there has ever been: how a file taken twice is recognised."""
    rounds: list[RoundFacts] = field(default_factory=list)
    batches: int = 0
    charged: int = 0
    """Answers that cost a label, those of corrected and withdrawn ones included, but not those undone on the page."""
    charged_first: int = 0
    """Those of them before the first round since the last restart."""
    answer_seconds: list[float] = field(default_factory=list)
    erased: set[str] = field(default_factory=set)
    at: float = 0.0
    """Latest clock of any event so far."""
    restarts: int = 0
    connections: dict[str, int] = field(default_factory=dict)
    """Numbers of the projects in labelling tools that tasks go to, by tool and address."""
    advice: dict[str, Any] = field(default_factory=dict)
    """What was last advised."""
    began: float = 0.0
    """When the present labels began: at the last restart, or with the project."""
    first_round: int = 0
    """The first round after the last restart."""
    late_classes: set[str] = field(default_factory=set)
    """Classes that were added when the present labels had begun."""

    @classmethod
    def of(cls, events: Iterable[Event]) -> Self:
        """Return the state after ``events``.

        >>> created = Event(number=1, at=0.0, kind="created", body={"settings": {"aggregate": "majority"}})
        >>> answer = Event(number=2, at=1.0, kind="answered", body={"id": "7", "label": "yes", "annotator": "ann"})
        >>> State.of([created, answer]).labels
        {'7': 'yes'}
        """
        state = cls()
        for event in events:
            state.apply(event)
        return state

    def copy(self) -> Self:
        """Return a state that later events do not change this one by."""
        values = {each.name: copy.copy(getattr(self, each.name)) for each in dataclasses.fields(self)}
        nested = {name: {key: copy.copy(each) for key, each in values[name].items()} for name in ("given", "leases")}
        return type(self)(**{**values, **nested})

    def apply(self, event: Event) -> None:
        """Bring the state up to date with the next event."""
        getattr(self, f"_{event.kind.replace(' ', '_')}")(event)
        self.number, self.at = event.number, max(self.at, event.at)

    def fingerprint(self) -> str:
        """Return the SHA-256 of records, labels in order, classes and model: what a fit depends on."""
        files = [each["sha256"] for each in self.files]
        content = [files, list(self.labels.items()), self.classes, self.model, self.restarts]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def pending(self, now: float) -> set[str]:
        """Return the records that somebody has been sent and that have no label yet, at the clock ``now``."""
        return {
            record
            for record, leases in self.leases.items()
            if record not in self.labels and any(lease.expires > now for lease in leases)
        }

    def spent(self, now: float) -> int:
        """Return the labels bought after the first sample, second and corrected ones too, and those on their way."""
        rounds = self.rounds[self.first_round :]
        bought = (0, len(self.labels) - rounds[0].labels, self.charged - self.charged_first) if rounds else ()
        return max(bought) + len(self.pending(now)) if bought else 0

    def asked(self, record: str, annotator: str) -> bool:
        """Return whether the annotator is asked for a record, alone or as anybody is; leases that ran out count."""
        return any(lease.to in {None, annotator} for lease in self.leases.get(record, ()))

    def closed(self) -> set[str]:
        """Return the records without a label that are not asked for again: skipped or irrelevant ones, erased ones."""
        return {record for record in self.given if record not in self.labels} | self.erased

    def records(self) -> int:
        """Return how many records there are, erased ones left out."""
        return sum(int(file["records"]) for file in self.files) - len(self.erased)

    def unlabelled(self) -> int:
        """Return how many records have no label and may be asked for."""
        return self.records() - len(self.labels) - len(self.closed() - self.erased)

    def free(self) -> int:
        """Return how many labelled records came with their labels, which cost nothing."""
        return sum(IMPORTED in self.given.get(record, {}) for record in self.labels)

    def annotators(self) -> Counter[str]:
        """Return how many present answers each annotator has given; a rehearsal's held-out part is none."""
        return Counter(who for answers in self.given.values() for who in answers if who != HELD_OUT)

    def _created(self, event: Event) -> None:
        self.settings = {**event.body["settings"], "created": event.at}
        self.began = event.at

    def _records_added(self, event: Event) -> None:
        self.files.append(event.body)

    def _class_added(self, event: Event) -> None:
        new = [each for each in event.body["classes"] if each not in self.classes]
        self.classes.extend(new)
        self.late_classes.update(new if self.labels else ())

    def _model_set(self, event: Event) -> None:
        self.model = event.body

    def _asked(self, event: Event) -> None:
        self.batches = event.body["batch"]
        lease = Lease(to=event.body["to"], expires=event.body["expires"], batch=event.body["batch"])
        chances = event.body["chances"] or [None] * len(event.body["ids"])
        for record, chance in zip(event.body["ids"], chances, strict=True):
            self.leases.setdefault(record, []).append(lease)
            self.draws.setdefault(
                record,
                {
                    "batch": event.body["batch"],
                    "round": event.body["round"],
                    "chance": chance,
                    "open": event.body["open"],
                },
            )

    def _answered(self, event: Event) -> None:
        self._take(event, IRRELEVANT if event.body.get("irrelevant") else event.body.get("label"))

    def _skipped(self, event: Event) -> None:
        self._take(event, None)

    def _corrected(self, event: Event) -> None:
        label = IRRELEVANT if event.body.get("irrelevant") else event.body.get("label")
        self._take(event, label)

    def _take(self, event: Event, label: Label | None) -> None:
        body = event.body
        record, annotator = body["id"], normalize("NFC", body["annotator"])
        charged = bool(body.get("charged", True)) and (label is not None or bool(body.get("erased")))
        self.charged += charged
        if body.get("seconds") is not None:
            self.answer_seconds.append(body["seconds"])
        given = Given(label=label, at=event.at, event=event.number, seconds=body.get("seconds"), charged=charged)
        # Taken out first: the latest answer stands last, which is what "last" believes.
        answers = self.given.setdefault(record, {})
        answers.pop(annotator, None)
        answers[annotator] = given
        self.seen.add((record, annotator, word_of(label)))
        self._free(record, annotator)
        self._settle(record, event)

    def _withdrawn(self, event: Event) -> None:
        answers = self.given[event.body["id"]]
        taken_back = answers.pop(normalize("NFC", event.body["annotator"]))
        # A slip on the page, answered anew at once, is one label.
        self.charged -= taken_back.charged and bool(event.body.get("undone"))
        if not answers:
            del self.given[event.body["id"]]
        self._settle(event.body["id"], event)

    def _released(self, event: Event) -> None:
        for record in event.body["ids"]:
            self.leases.pop(record, None)

    def _round_fitted(self, event: Event) -> None:
        self.charged_first = self.charged if len(self.rounds) == self.first_round else self.charged_first
        names = ("labels", "fingerprint", "file", "facts")
        kept = {name: event.body[name] for name in names}
        self.rounds.append(RoundFacts(number=len(self.rounds), at=event.at, event=event.number, **kept))

    def _restarted(self, event: Event) -> None:
        """Set all labels aside, paid as they are, and seen: a file that is taken again brings none of them back."""
        self.restarts += 1
        self.began = event.at
        self.first_round = len(self.rounds)
        for store in (self.given, self.labels, self.labelled_by, self.leases, self.draws, self.late_classes):
            store.clear()

    def _connected(self, event: Event) -> None:
        self.connections[f"{event.body['tool']} {event.body['address']}"] = int(event.body["number"])

    def _advice_given(self, event: Event) -> None:
        self.advice = {**event.body, "at": event.at}

    def _erased(self, event: Event) -> None:
        for record in event.body["ids"]:
            self.erased.add(record)
            for store in (self.given, self.labels, self.labelled_by, self.leases, self.draws):
                store.pop(record, None)
            self.seen = {each for each in self.seen if each[0] != record}

    def _free(self, record: str, annotator: str) -> None:
        """End the lease that this answer was asked for: the annotator's own, or one that anybody may answer."""
        leases = self.leases.get(record, [])
        own = next((lease for lease in leases if lease.to == annotator), None)
        lease = own or next((lease for lease in leases if lease.to is None), None)
        if lease is not None:
            leases.remove(lease)
            if not leases:
                del self.leases[record]

    def _settle(self, record: str, event: Event) -> None:
        """Believe one label of a record: that of most annotators, where a tie changes nothing; or the last."""
        labels = [each.label for each in self.given.get(record, {}).values() if each.label is not None]
        if not labels:
            self._unlabel(record)
            return
        before: Label = self.labels.get(record, labels[-1])
        believed = labels[-1]
        if self.settings.get("aggregate", "majority") == "majority":
            votes = Counter(labels)
            most = max(votes.values())
            believed = before if votes[before] == most else next(vote for vote in votes if votes[vote] == most)
        if isinstance(believed, str):
            self.labels[record] = believed
            self.labelled_by.setdefault(record, event.number)
        else:
            self._unlabel(record)

    def _unlabel(self, record: str) -> None:
        self.labels.pop(record, None)
        self.labelled_by.pop(record, None)
