"""Label Studio by its HTTP API: create a project, push ordered tasks with predictions, pull annotations."""

from __future__ import annotations

import http.client
import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit
from xml.sax.saxutils import quoteattr

from alrl.errors import InvalidDataError, ProjectError
from alrl.projects.answers import IRRELEVANT_WORD, Answer, read_label, sensible_seconds
from alrl.projects.exchange.taking import AnswerRow, Taken, take_rows
from alrl.projects.telling import check_annotator

if TYPE_CHECKING:
    import pandas as pd

    from alrl.projects.project import Project
    from alrl.projects.state import State

SCHEME = "labelstudio:"
"""What an address of a Label Studio begins with on the command line."""
KEY = "LABEL_STUDIO_API_KEY"
"""The variable of the environment that holds the personal access token; the log never holds it."""
TOOL = "label studio"
_LABEL, _RECORD = "label", "record"
_ORDERED = "Uncertainty sampling"
"""Label Studio's name for: lowest score first, among predictions of the project's own model version."""
_SECONDS = 60.0
_MOST_REFRESHES = 2


@dataclass(kw_only=True)
class Server:
    """A Label Studio server: one request after another, no redirect followed.

    Args:
        address: such as ``http://127.0.0.1:8080``.
        key: a personal access token, or a legacy token; of the variable ``LABEL_STUDIO_API_KEY`` by default.

    Raises InvalidDataError for an address that is none, ProjectError without a key.
    """

    address: str
    key: str = field(default="", repr=False)
    _access: str | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        parts = urlsplit(self.address)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.username:
            raise InvalidDataError(
                f"{self.address!r} given as Label Studio's address; give {SCHEME}http://127.0.0.1:8080, key in {KEY}"
            )
        self.address = self.address.rstrip("/")
        self.key = self.key or os.environ.get(KEY, "")
        if not self.key:
            raise ProjectError(
                f"no key for {self.address}: copy a personal access token from Label Studio (Account & Settings) into"
                f" the variable {KEY}"
            )

    @classmethod
    def of(cls, target: str) -> Self:
        """Return the server that ``labelstudio:URL`` names."""
        return cls(address=target.removeprefix(SCHEME))

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Return the JSON answer to a request. Raises ProjectError where there is none, or it is a refusal."""
        for _ in range(_MOST_REFRESHES):
            status, text = self._request(method, path, body, {"Authorization": self._authorization()})
            if status != http.client.UNAUTHORIZED or self._access is None:
                break
            # An access token lives for minutes; the personal one, which gives the next, for years.
            self._access = None
        if status >= http.client.MULTIPLE_CHOICES:
            raise ProjectError(f"{self.address}{path} refused with {status}: {_detail(text)}")
        try:
            return json.loads(text) if text else None
        except ValueError:
            raise ProjectError(f"{self.address}{path} gave no JSON; is it a Label Studio server?") from None

    def _authorization(self) -> str:
        if self.key.count(".") != 2:
            return f"Token {self.key}"
        if self._access is None:
            status, text = self._request("POST", "/api/token/refresh/", {"refresh": self.key}, {})
            if status != http.client.OK:
                raise ProjectError(f"{self.address} did not take the key in {KEY} ({status}: {_detail(text)})")
            self._access = str(json.loads(text)["access"])
        return f"Bearer {self._access}"

    def _request(self, method: str, path: str, body: Any, headers: dict[str, str]) -> tuple[int, str]:
        parts = urlsplit(self.address)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(str(parts.hostname), parts.port, timeout=_SECONDS)
        data = None if body is None else json.dumps(body).encode()
        try:
            connection.request(method, parts.path + path, data, {"Content-Type": "application/json", **headers})
            answer = connection.getresponse()
            return answer.status, answer.read().decode("utf-8", "replace")
        except (OSError, http.client.HTTPException) as error:
            raise ProjectError(f"{self.address} does not answer ({error}); start Label Studio, then repeat") from None
        finally:
            connection.close()


def push_tasks(
    project: Project, server: Server, count: int, *, reasons: bool = False, **asking: Any
) -> tuple[pd.DataFrame, int]:
    """Ask for records and send them to Label Studio in the order that they are wanted.

    The first push creates the Label Studio project, which the log remembers by address and number. Records are released
    where they could not be sent. What the model predicts is shown to annotators only with ``reasons``.

    Args:
        project: whose records they are.
        server: a Label Studio.
        count: records wanted.
        reasons: whether annotators see what the model predicts, as a label that is filled in already.
        asking: of :meth:`alrl.projects.project.Project.ask`.

    Returns:
        The batch, and the number of the project on the server.
    """
    number = _connected(project, server, reasons=reasons)
    batch = project.ask(count, **asking)
    ids = [str(record) for record in batch[project.id_column]]
    try:
        version = _version(project.state, ids[0])
        server.call("POST", f"/api/projects/{number}/import", tasks_of(project, batch, version))
        # Label Studio orders by the predictions of the project's own model version, and by chance without them.
        now = {"model_version": version, "label_config": label_config(project.state), "sampling": _ORDERED}
        server.call("PATCH", f"/api/projects/{number}/", now)
    except ProjectError:
        project.release(ids)
        raise
    return batch, number


def tasks_of(project: Project, batch: pd.DataFrame, version: str) -> list[dict[str, Any]]:
    """Return a batch as Label Studio's tasks, each with a prediction whose score is its place, most wanted lowest."""
    ids = [str(each) for each in batch[project.id_column]]
    shown = project.records(ids).iloc[:, 1:].astype(object)
    rows = shown.where(shown.notna(), "").to_dict("records")
    predicted = batch["prediction"].tolist()
    return [
        {
            "data": {"alrl_id": record, _RECORD: "\n".join(f"{name}: {value}" for name, value in row.items())},
            "predictions": [{"model_version": version, "score": place / len(ids), "result": _result(guess)}],
        }
        for place, (record, row, guess) in enumerate(zip(ids, rows, predicted, strict=True))
    ]


def label_config(state: State) -> str:
    """Return Label Studio's labelling page for a project: the record as text, a choice a class, "does not belong".

    >>> from alrl.projects.state import State
    >>> label_config(State(settings={"label": "churn"}, classes=["yes", "no"])).count("<Choice ")
    3
    """
    choices = "".join(f"<Choice value={quoteattr(name)}/>" for name in (*state.classes, IRRELEVANT_WORD))
    return (
        f"<View><Header value={quoteattr(str(state.settings['label']))}/>"
        f'<Text name="{_RECORD}" value="${_RECORD}"/>'
        f'<Choices name="{_LABEL}" toName="{_RECORD}" choice="single" required="true">{choices}</Choices></View>'
    )


def take_annotations(project: Project, server: Server, *, leave_out: bool = False, correct: bool = False) -> Taken:
    """Take every annotation there is on the server; taking them again writes each once.

    Annotators go by their addresses in Label Studio. A task that was skipped is "don't know". An annotation of two
    different classes is left out and told. One that was removed there stays an answer here: withdraw it.

    Raises ProjectError where this project was never sent to the server.
    """
    number = connection_of(project.state, server.address)
    if number is None:
        raise ProjectError(
            f"nothing of this project was sent to {server.address}; begin with: alrl project next --to {SCHEME}URL"
        )
    users = {each["id"]: str(each.get("email") or each.get("username") or each["id"]) for each in _users(server)}
    tasks = server.call("GET", f"/api/projects/{number}/export?exportType=JSON&download_all_tasks=true")
    if not isinstance(tasks, list):
        raise ProjectError(f"{server.address} exported {type(tasks).__name__} where a list of tasks was expected")
    rows, empty, untaken = answers_in(tasks, users)
    how: dict[str, Any] = {"source": f"label studio {number}", "leave_out": leave_out, "correct": correct}
    return take_rows(project, rows, empty=empty, untaken=untaken, **how)


def answers_in(tasks: list[dict[str, Any]], users: dict[int, str]) -> tuple[dict[str, list[AnswerRow]], int, list[str]]:
    """Return the answers in exported tasks by annotator, how many tasks have none, and what is not taken.

    The latest answer of an annotator to a record counts, in whatever task it stands. Tasks that were added on the
    server, of no record of the project, are passed over, and so is what is filled in beside the project's own choice.

    >>> annotation = {"completed_by": 1, "result": [{"from_name": "label", "value": {"choices": ["yes"]}}], "id": 9}
    >>> answers_in([{"id": 4, "data": {"alrl_id": "7"}, "annotations": [annotation]}], {1: "ann"})[0]["ann"][0][1]
    Answer(id='7', label='yes', seconds=None)
    """
    newest: dict[tuple[str, str], tuple[tuple[str, int], AnswerRow]] = {}
    empty, untaken = 0, list[str]()
    for task in tasks:
        record, place = (task.get("data") or {}).get("alrl_id"), f"task {task.get('id')}"
        latest = {_person(each, users): each for each in sorted(task.get("annotations") or [], key=_age)}
        empty += not latest
        for who, annotation in latest.items():
            skipped = annotation.get("was_cancelled")
            choices = [] if skipped else _choices(annotation)
            if record is None or not (skipped or annotation.get("result")):
                continue
            if len(choices) != 1 and not skipped:
                words = " and ".join(choices) or "nothing"
                untaken.append(f"{place}: {who} chose {words} as {_LABEL!r}, where one class is wanted; mend it there")
                continue
            label = read_label(choices[0]) if choices else None
            answer = Answer(id=str(record), label=label, seconds=sensible_seconds(annotation.get("lead_time")))
            key = who, answer.id
            if key not in newest or newest[key][0] <= _age(annotation):
                newest[key] = _age(annotation), (place, answer)
    rows: dict[str, list[AnswerRow]] = {}
    for (who, _), (_, row) in newest.items():
        rows.setdefault(who, []).append(row)
    return rows, empty, untaken


def _person(annotation: dict[str, Any], users: dict[int, str]) -> str:
    """Return who made an annotation, which Label Studio says by a number, or by an object that has it."""
    by = annotation.get("completed_by")
    about = by if isinstance(by, dict) else {"id": by}
    name = users.get(about.get("id") or 0) or about.get("email") or about.get("username")
    return check_annotator(str(name or f"user {about.get('id') or 0}"))


def connection_of(state: State, address: str) -> int | None:
    """Return the number of the Label Studio project that a project's tasks go to; None where there is none yet."""
    number = state.connections.get(f"{TOOL} {address}")
    return None if number is None else int(number)


def _connected(project: Project, server: Server, *, reasons: bool) -> int:
    """Return the project's number on the server, where it is made if need be."""
    number = connection_of(project.state, server.address)
    if number is not None:
        server.call("GET", f"/api/projects/{number}/")
        return number
    project.log.check_allowed("connected")
    state = project.state
    body = {
        "title": str(state.settings["name"])[:50],
        "description": "Tasks come from alrl, in the order that they are wanted.",
        "label_config": label_config(state),
        "sampling": _ORDERED,
        "show_collab_predictions": reasons,
    }
    number = int(server.call("POST", "/api/projects/", body)["id"])
    with project.writing() as (transaction, now):
        connection = {"tool": TOOL, "address": server.address, "number": number}
        now.apply(transaction.append("connected", connection))
    return number


def _version(state: State, record: str) -> str:
    lease = state.leases[record][-1]
    rounds = f"round {state.rounds[-1].number}" if state.rounds else "first sample"
    return f"{rounds}, batch {lease.batch}"


def _result(guess: str | None) -> list[dict[str, Any]]:
    if not isinstance(guess, str):
        return []
    return [{"from_name": _LABEL, "to_name": _RECORD, "type": "choices", "value": {"choices": [guess]}}]


def _choices(annotation: dict[str, Any]) -> list[str]:
    """Return the different choices of an annotation in the project's own control; others are not the project's."""
    own = [part for part in annotation.get("result") or [] if part.get("from_name") == _LABEL]
    return list(dict.fromkeys(choice for part in own for choice in (part.get("value") or {}).get("choices") or []))


def _age(annotation: dict[str, Any]) -> tuple[str, int]:
    return str(annotation.get("updated_at") or annotation.get("created_at") or ""), int(annotation.get("id") or 0)


def _users(server: Server) -> list[dict[str, Any]]:
    answer = server.call("GET", "/api/users/")
    return list(answer.get("results", []) if isinstance(answer, dict) else answer)


def _detail(text: str) -> str:
    try:
        body = json.loads(text)
    except ValueError:
        return text[:200] or "no reason given"
    detail = body.get("validation_errors") or body.get("detail") if isinstance(body, dict) else None
    return str(detail or body)[:300]
