"""What one annotator has on the desk: the record to label now, and what there is to know of it."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np

from alrl.errors import InvalidDataError, InvalidQueryError
from alrl.numerics.arguments import is_absent
from alrl.projects.answers import IRRELEVANT, Answer, Label
from alrl.projects.project import Project
from alrl.projects.relabelling import second_opinions

IMAGES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif", ".webp": "image/webp"}
_LONG = 120
"""Characters from which a value is shown as running text."""


class Desk:
    """Hands records to annotators and takes their answers; several may work at once.

    Args:
        project: to label.
        batch: records that are chosen at once; the model is fitted anew before each batch.
        overlap: share of the records that a second annotator is sent as well.
        images: folder of the image files that records name; None where they name none.
    """

    def __init__(self, project: Project, *, batch: int = 10, overlap: float = 0.0, images: Path | None = None) -> None:
        if batch < 1 or not 0 <= overlap <= 1:
            raise InvalidQueryError(
                f"batch = {batch}, overlap = {overlap} given; a batch is 1 or more, an overlap 0 to 1"
            )
        self.project, self._batch, self._overlap = project, batch, overlap
        self._images = None if images is None else images.resolve()
        self._asking = threading.Lock()

    def current(self, annotator: str) -> dict[str, Any]:
        """Return the record that this annotator is to label now, chosen and leased if need be, and the progress."""
        waiting = self._waiting(annotator)
        note = None
        if not waiting:
            # One at a time: two annotators who ask at once would choose the same records, and one would choose again.
            with self._asking:
                note = self._ask(annotator)
            waiting = self._waiting(annotator)
        record = None if not waiting else self._shown(waiting[0])
        return {"record": record, "note": note, "left": len(waiting), **self._progress(annotator)}

    def answer(self, annotator: str, record: str, label: Label | None, seconds: float | None) -> dict[str, Any]:
        """Take an answer and return what comes next. Raises InvalidDataError for an unknown record or class."""
        answer = Answer(id=record, label=label, seconds=seconds)
        self.project.tell([answer], annotator=annotator, source="page")
        return self.current(annotator)

    def undo(self, annotator: str) -> dict[str, Any]:
        """Take back the annotator's last answer, which then costs nothing, and put its record on the desk again."""
        with self.project.writing() as (transaction, now):
            own = [(answers[annotator].event, record) for record, answers in now.given.items() if annotator in answers]
            if not own:
                raise InvalidDataError("there is no answer to take back")
            record = max(own)[1]
            now.apply(transaction.append("withdrawn", {"id": record, "annotator": annotator, "undone": True}))
            expires = self.project.log.now + now.settings["lease_seconds"]
            now.apply(
                transaction.append(
                    "asked",
                    {
                        "batch": now.batches + 1,
                        "ids": [record],
                        "to": annotator,
                        "expires": expires,
                        "round": None,
                        "strategy": "undo",
                        "chances": None,
                        "open": 0,
                    },
                )
            )
        return {**self.current(annotator), "record": self._shown(record)}

    def image(self, record: str, column: str) -> tuple[Path, str]:
        """Return the image file that a record names, inside the folder of images, and its type.

        Raises InvalidDataError for anything else.
        """
        pool = self.project.pool()
        if self._images is None or record not in pool.position or column not in pool.frame.columns:
            raise InvalidDataError("no such image")
        file = (self._images / str(pool.frame[column].iloc[pool.position[record]])).resolve()
        if not file.is_relative_to(self._images) or file.suffix.lower() not in IMAGES or not file.is_file():
            raise InvalidDataError("no such image")
        return file, IMAGES[file.suffix.lower()]

    def _waiting(self, annotator: str) -> list[str]:
        state, now = self.project.state, self.project.log.now
        return [
            record
            for record, leases in state.leases.items()
            if annotator not in state.given.get(record, {})
            and any(lease.to == annotator and lease.expires > now for lease in leases)
        ]

    def _ask(self, annotator: str) -> str | None:
        """Return lease records to the annotator; returns why none could be, in a sentence."""
        if self._waiting(annotator):
            return None
        second = second_opinions(self.project, annotator, self._batch, self._overlap)
        try:
            self.project.ask(max(1, self._batch - second), annotator=annotator)
        except InvalidQueryError as error:
            return None if second else str(error)
        return None

    def _shown(self, record: str) -> dict[str, Any]:
        row = self.project.records([record]).iloc[0]
        fields = [{"name": str(name), **self._value(row[name])} for name in row.index[1:]]
        return {"id": record, "fields": fields}

    def _value(self, value: Any) -> dict[str, Any]:
        if is_absent(value):
            return {"kind": "missing", "value": ""}
        if isinstance(value, bool | np.bool_):
            return {"kind": "word", "value": str(bool(value))}
        if isinstance(value, str):
            if self._images is not None and Path(value).suffix.lower() in IMAGES:
                return {"kind": "image", "value": value}
            return {"kind": "text" if len(value) >= _LONG or "\n" in value else "word", "value": value}
        if isinstance(value, float) or hasattr(value, "dtype"):
            number = float(value)
            return {"kind": "number", "value": f"{number:.6g}" if number % 1 else f"{number:.0f}"}
        return {"kind": "word", "value": str(value)}

    def _progress(self, annotator: str) -> dict[str, Any]:
        state = self.project.state
        own = sum(annotator in answers for answers in state.given.values())
        seconds = [
            each.seconds
            for answers in state.given.values()
            for who, each in answers.items()
            if who == annotator and each.seconds is not None
        ]
        return {
            "project": state.settings["name"],
            "label": state.settings["label"],
            "classes": state.classes,
            "labelled": len(state.labels),
            "records": sum(file["records"] for file in state.files),
            "own": own,
            "seconds": sum(seconds) / len(seconds) if seconds else None,
            "undo": own > 0,
        }


def label_from(body: dict[str, Any]) -> Label | None:
    """Return the label in a request. Raises InvalidDataError for one without, and for one that says two things."""
    label, irrelevant = body.get("label"), body.get("irrelevant", False)
    if label is not None and not isinstance(label, str):
        raise InvalidDataError("a label is text")
    if not isinstance(irrelevant, bool) or (irrelevant and label is not None):
        raise InvalidDataError('send a label, or "irrelevant": true without one')
    if not irrelevant and "label" not in body:
        raise InvalidDataError(
            'send a label, "label": null for "don\'t know", or "irrelevant": true; nothing was taken'
        )
    return IRRELEVANT if irrelevant else label
