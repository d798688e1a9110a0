"""Taking answers: each is written once, whoever brings it and however often."""

from __future__ import annotations

import math
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from numbers import Real
from typing import Any, Literal
from unicodedata import normalize

from alrl.data.tables.frames import collected
from alrl.errors import InvalidDataError
from alrl.projects.answers import IRRELEVANT, Answer, Label, label_of, word_of
from alrl.projects.event_log import EventKind, Transaction
from alrl.projects.state import State
from alrl.recipes.suggest import nearest

Repeats = Literal["correct", "ignore"]
"""What becomes of an answer that its annotator gave before and has corrected since: it counts as a correction, or it is
ignored, as is right for a file that is taken twice."""

_SHOWN = 3
_MOST_COMPARED = 20_000
"""Identifiers up to which an unknown one is compared with all of them."""


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """What became of some answers: each is counted once."""

    new: int = 0
    """First answers of their annotators to their records, labels and "not relevant"."""
    unknown: int = 0
    """Answers "don't know" that are new."""
    corrected: int = 0
    """Answers that replace another one of the same annotator."""
    same: int = 0
    """Answers that were there already; nothing is written for them."""
    stale: int = 0
    """Answers that were given before, and corrected, withdrawn or set aside since; they are left out."""
    uncalled: int = 0
    """Answers among the new ones to records that were sent to no annotator; they count as any other."""

    @property
    def written(self) -> int:
        """Events that were written."""
        return self.new + self.unknown + self.corrected

    def sentence(self) -> str:
        """Return the receipt in words.

        >>> Receipt(new=3, same=1).sentence()
        '3 new, 1 there already'
        """
        words = {
            "new": "new",
            "unknown": 'of "don\'t know"',
            "corrected": "corrected",
            "same": "there already",
            "stale": "corrected or set aside since, left out",
        }
        parts = [f"{getattr(self, name)} {word}" for name, word in words.items() if getattr(self, name)]
        return ", ".join(parts) or "no answer"


@dataclass(kw_only=True)
class _Counts:
    counts: dict[str, int] = field(default_factory=dict)

    def add(self, name: str) -> None:
        self.counts[name] = self.counts.get(name, 0) + 1


def answers_of(labels: Any, id_column: str, label_column: str) -> list[Answer]:
    """Return the answers in a mapping or series from identifier to label, a frame, or pairs of the two.

    Raises InvalidDataError for anything else, and for a label that is none.

    >>> answers_of({"7": "yes", 8: None}, "id", "label")
    [Answer(id='7', label='yes', seconds=None), Answer(id='8', label=None, seconds=None)]
    """
    import pandas as pd

    labels = collected(labels)
    if hasattr(labels, "get_columns"):
        labels = pd.DataFrame({column.name: column.to_list() for column in labels.get_columns()})
    if isinstance(labels, pd.DataFrame):
        missing = [name for name in (id_column, label_column) if name not in labels.columns]
        if missing:
            raise InvalidDataError(f"the answers have no column {missing[0]!r}; theirs are {list(labels.columns)}")
        pairs: Iterable[Any] = zip(labels[id_column].tolist(), labels[label_column].tolist(), strict=True)
    elif isinstance(labels, Mapping | pd.Series):
        pairs = labels.items()
    elif isinstance(labels, Iterable) and not isinstance(labels, str):
        pairs = labels
    else:
        raise InvalidDataError(
            f"{labels!r} given as answers; give a mapping from identifier to label, a frame with both columns, or pairs"
        )
    answers = []
    for pair in pairs:
        if isinstance(pair, Answer):
            answers.append(pair)
            continue
        if not isinstance(pair, tuple | list) or len(pair) != 2 or not isinstance(pair[0], Hashable):
            raise InvalidDataError(f"{pair!r} given as an answer; expected an identifier and a label")
        answers.append(Answer(id=id_of(pair[0]), label=label_of(pair[1])))
    return answers


def id_of(value: Any) -> str:
    """Return an identifier as text; a whole float is a whole number that met a missing value.

    >>> id_of(7.0), id_of("007")
    ('7', '007')
    """
    if hasattr(value, "item"):
        value = value.item()
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()


def as_known(answers: Iterable[Answer], records: Collection[str], classes: Collection[str]) -> list[Answer]:
    """Return answers with records and classes as the project writes them, where Unicode writes one text in two ways.

    >>> as_known([Answer(id="Mu\u0308ller", label="no")], {"M\u00fcller"}, ["no"])[0].id == "M\u00fcller"
    True
    """
    answers = list(answers)
    by_id = _written({each.id for each in answers} - set(records), records)
    by_label = _written({each.label for each in answers if isinstance(each.label, str)} - set(classes), classes)
    return [
        replace(
            each,
            id=by_id.get(each.id, each.id),
            label=by_label.get(each.label, each.label) if isinstance(each.label, str) else each.label,
        )
        for each in answers
    ]


def _written(unknown: Collection[str], known: Collection[str]) -> dict[str, str]:
    if all(each.isascii() for each in unknown):
        return {}
    names: dict[str, list[str]] = {}
    for each in known:
        names.setdefault(normalize("NFC", each), []).append(each)
    found = {each: names.get(normalize("NFC", each), []) for each in unknown}
    return {each: match[0] for each, match in found.items() if len(match) == 1}


def _without_zeros(unknown: Collection[str], known: Collection[str]) -> dict[str, str]:
    """Return the one known record that differs from an unknown one by leading zeros, which a spreadsheet strips."""
    names: dict[str, list[str]] = {}
    for each in known if unknown else ():
        names.setdefault(each.lstrip("0"), []).append(each)
    near = {each: names.get(each.lstrip("0"), []) for each in unknown}
    return {each: match[0] for each, match in near.items() if len(match) == 1}


def as_written(records: Sequence[str], known: Collection[str], otherwise: str) -> list[str]:
    """Return records as the project writes them. Raises InvalidDataError for unknown ones, naming which may be meant.

    Args:
        records: identifiers.
        known: those of the project, without erased ones.
        otherwise: what was not done, for the error.

    >>> as_written(["007"], {"007", "8"}, "nothing was erased")
    ['007']
    """
    by_id = _written({each for each in records if each not in known}, known)
    records = [by_id.get(each, each) for each in records]
    strange = [each for each in records if each not in known]
    if not strange:
        return records
    meant = _without_zeros(strange, known)
    near = known if len(known) <= _MOST_COMPARED else ()
    hints = [(each, meant.get(each) or (None if each.isdigit() else nearest(each, near))) for each in strange[:_SHOWN]]
    shown = [f"{each!r}{f' (did you mean {hint!r}?)' if hint else ''}" for each, hint in hints]
    more = f" and {len(strange) - _SHOWN} more" if len(strange) > _SHOWN else ""
    raise InvalidDataError(f"there is no record {', '.join(shown)}{more}; {otherwise}")


def check_annotator(name: str) -> str:
    """Return the name of an annotator without the space around it, in Unicode's form NFC.

    Raises InvalidDataError for what is no name.
    """
    if not isinstance(name, str):
        raise InvalidDataError(f"{name!r} given for the annotator; name the person who answers, such as 'ann'")
    if not name.strip():
        raise InvalidDataError("an empty name given for the annotator; name the person who answers, such as ann")
    if any("\ud800" <= each <= "\udfff" for each in name):
        raise InvalidDataError(f"{name!r} given for the annotator; it holds half a character, which no file can hold")
    return normalize("NFC", name.strip())


def faults(answers: Iterable[Answer], known: Mapping[str, int], state: State) -> dict[int, str]:
    """Return what is wrong with each answer of one annotator that cannot be taken, by its place.

    Two different answers to one record contradict each other: neither is taken.
    """
    wrong: dict[int, str] = {}
    answers = list(answers)
    given: dict[str, dict[str, None]] = {}
    for answer in answers:
        given.setdefault(answer.id, {})[word_of(answer.label)] = None
    zeros = _without_zeros({each.id for each in answers if each.id not in known}, set(known) - state.erased)
    for place, answer in enumerate(answers):
        if answer.id not in known or answer.id in state.erased:
            hint = f", did you mean {zeros[answer.id]!r}?" if answer.id in zeros else ""
            wrong[place] = f"there is no record {answer.id!r}{hint}"
        elif isinstance(answer.label, str) and answer.label not in state.classes:
            near = nearest(answer.label, state.classes)
            hint = f', did you mean "{near}"?' if near else ""
            known_classes = ", ".join(state.classes)
            wrong[place] = f"record {answer.id!r}: {answer.label!r} is no class{hint}; classes: {known_classes}"
        elif answer.seconds is not None and not _is_time(answer.seconds):
            wrong[place] = f"record {answer.id!r}: seconds = {answer.seconds!r}, where a time is a number of 0 or more"
        elif len(given[answer.id]) > 1:
            words = " and ".join(map(repr, given[answer.id]))
            wrong[place] = f"record {answer.id!r}: {words} contradict each other, keep one of them"
    return wrong


def _is_time(seconds: Any) -> bool:
    return type(seconds) is not bool and isinstance(seconds, Real) and 0 <= float(seconds) < math.inf


def write_answers(
    transaction: Transaction,
    state: State,
    answers: Iterable[Answer],
    *,
    annotator: str,
    repeats: Repeats,
    charged: bool = True,
    source: str | None = None,
) -> Receipt:
    """Append what is new in ``answers`` to the log and to ``state``."""
    tally = _Counts()
    for answer in answers:
        present = state.given.get(answer.id, {}).get(annotator)
        if present is not None and present.label == answer.label:
            tally.add("same")
        elif repeats == "ignore" and _is_old(answer, annotator, state):
            tally.add("stale")
        else:
            if present is None and answer.id not in state.leases:
                tally.add("uncalled")
            kind: EventKind = "corrected" if present is not None else "skipped" if answer.label is None else "answered"
            tally.add(_COUNTED[kind])
            state.apply(
                transaction.append(
                    kind,
                    body_of(answer.id, answer.label, annotator, charged=charged, seconds=answer.seconds, source=source),
                )
            )
    return Receipt(**tally.counts)


def _is_old(answer: Answer, annotator: str, state: State) -> bool:
    """Return whether an answer was given before, and corrected or set aside since; unless it is asked for anew."""
    if (answer.id, annotator, word_of(answer.label)) not in state.seen:
        return False
    return annotator in state.given.get(answer.id, {}) or not state.asked(answer.id, annotator)


_COUNTED = {"corrected": "corrected", "skipped": "unknown", "answered": "new"}


def body_of(
    record: str,
    label: Label | None,
    annotator: str,
    *,
    charged: bool,
    seconds: float | None = None,
    source: str | None = None,
) -> dict[str, Any]:
    """Return what the log says of an answer."""
    body: dict[str, Any] = {"id": record, "annotator": annotator}
    if label is IRRELEVANT:
        body["irrelevant"] = True
    elif label is not None:
        body["label"] = label
    if seconds is not None:
        body["seconds"] = round(float(seconds), 3)
    if source is not None:
        body["source"] = source
    if not charged:
        body["charged"] = False
    return body
