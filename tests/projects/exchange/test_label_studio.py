"""Label Studio: the exchange that the real server gave, and what goes wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from alrl.errors import InvalidDataError, ProjectError
from alrl.projects.exchange.label_studio import (
    KEY,
    Server,
    answers_in,
    connection_of,
    label_config,
    push_tasks,
    take_annotations,
)
from alrl.projects.state import State
from tests.projects.exchange.label_studio_exchange import RECORD, checked, made, play

ADDRESS = "http://127.0.0.1:8080"


def chosen(*classes: str, control: str = "label") -> list[dict[str, Any]]:
    return [{"from_name": control, "type": "choices", "value": {"choices": [name]}} for name in classes]


class Replay:
    """Answers each request as the real server did; another request than the recorded one is a failure."""

    def __init__(self) -> None:
        self.exchange = json.loads(RECORD.read_text(encoding="utf-8"))["exchange"]

    @property
    def request(self) -> Any:
        """What stands in for ``Server._request``."""
        return lambda _, *sent: self.answer(*sent)

    def answer(self, method: str, path: str, body: Any, headers: dict[str, str]) -> tuple[int, str]:
        wanted = self.exchange.pop(0)
        assert (method, path, json.loads(json.dumps(body))) == (wanted["method"], wanted["path"], wanted["body"])
        assert headers["Authorization"] == "Token k3y-of-ann"
        return wanted["status"], json.dumps(wanted["answer"])


def test_the_recorded_exchange_is_played_again_request_by_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replay = Replay()
    monkeypatch.setattr(Server, "_request", replay.request)
    project = made(tmp_path / "churn")
    checked(play(project, Server(address=ADDRESS, key="k3y-of-ann")))
    assert replay.exchange == []
    assert connection_of(project.state, ADDRESS) == 1
    assert b"k3y-of-ann" not in (tmp_path / "churn" / "log.sqlite").read_bytes()


def test_a_prediction_has_the_model_version_of_the_project_so_that_the_order_is_kept() -> None:
    exchange = json.loads(RECORD.read_text(encoding="utf-8"))["exchange"]
    pushed = [each["body"] for each in exchange if each["path"].endswith("/import")]
    patched = [each["body"]["model_version"] for each in exchange if each["method"] == "PATCH"]
    assert [{task["predictions"][0]["model_version"] for task in tasks} for tasks in pushed] == [
        {each} for each in patched
    ]
    assert len(set(patched)) == len(pushed) == 2
    for tasks in pushed:
        scores = [task["predictions"][0]["score"] for task in tasks]
        assert scores == sorted(scores)


def test_an_access_token_is_renewed_once_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([(200, '{"access": "1"}'), (401, "{}"), (200, '{"access": "2"}'), (200, '{"id": 3}')])
    sent: list[Any] = []

    def answered(_: Server, method: str, path: str, body: Any, headers: dict[str, str]) -> tuple[int, str]:
        sent.append((method, path, headers.get("Authorization")))
        return next(answers)

    monkeypatch.setattr(Server, "_request", answered)
    assert Server(address=ADDRESS, key="a.b.c").call("GET", "/api/projects/3/") == {"id": 3}
    assert [each[2] for each in sent] == [None, "Bearer 1", None, "Bearer 2"]


def test_records_that_could_not_be_sent_may_be_sent_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def answered(_: Server, method: str, path: str, body: Any, headers: dict[str, str]) -> tuple[int, str]:
        return (500, '{"detail": "no room"}') if path.endswith("/import") else (201, '{"id": 1}')

    monkeypatch.setattr(Server, "_request", answered)
    project = made(tmp_path / "churn")
    with pytest.raises(ProjectError, match="refused with 500: no room"):
        push_tasks(project, Server(address=ADDRESS, key="key"), 5)
    assert project.state.pending(project.log.now) == set()


def test_what_is_wrong_is_named_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEY, raising=False)
    with pytest.raises(ProjectError, match="personal access token"):
        Server.of(f"labelstudio:{ADDRESS}")
    with pytest.raises(InvalidDataError, match="given as Label Studio's address"):
        Server.of("labelstudio:ftp://somewhere")
    with pytest.raises(ProjectError, match="nothing of this project was sent"):
        take_annotations(made(tmp_path / "churn"), Server(address=ADDRESS, key="key"))
    with pytest.raises(ProjectError, match="does not answer"):
        Server(address="http://127.0.0.1:9", key="key").call("GET", "/api/version")


def test_of_two_tasks_of_one_record_the_latest_answer_counts() -> None:
    tasks = [
        {
            "id": number,
            "data": {"alrl_id": "7"},
            "annotations": [{"id": number, "completed_by": 1, "updated_at": at, "result": chosen(label)}],
        }
        for number, at, label in ((4, "2026-11-03", "yes"), (5, "2026-11-01", "no"))
    ]
    rows, _, _ = answers_in(tasks, {1: "ann"})
    assert [(where, answer.label) for where, answer in rows["ann"]] == [("task 4", "yes")]


def test_who_annotated_is_a_number_an_object_or_unknown() -> None:
    made_by: list[Any] = [1, {"id": 1, "email": "ann@shop"}, {"id": 5, "email": "eve@shop"}, {"id": 6}, None]
    tasks: list[dict[str, Any]] = [
        {
            "id": number,
            "data": {"alrl_id": str(number)},
            "annotations": [{"id": number, "completed_by": by, "result": chosen("yes")}],
        }
        for number, by in enumerate(made_by)
    ]
    rows, empty, _ = answers_in([*tasks, {"id": 9, "data": None, "annotations": None}], {1: "ann"})
    counts = {who: len(answers) for who, answers in rows.items()}
    assert counts == {"ann": 2, "eve@shop": 1, "user 6": 1, "user 0": 1}
    assert empty == 1


def test_classes_are_no_markup() -> None:
    config = label_config(State(settings={"label": 'a"<b'}, classes=['<script>"', "it's"]))
    assert "<script>" not in config
    assert "&lt;script&gt;" in config


def test_the_project_own_choice_counts_and_two_of_it_are_no_answer() -> None:
    results = [
        [*chosen("sure", control="how sure"), *chosen("yes")],
        chosen("yes", "no"),
        chosen("no", "no"),
        chosen("sure", control="how sure"),
        [],
    ]
    tasks = [
        {"id": number, "data": {"alrl_id": f"c{number}"}, "annotations": [{"completed_by": 1, "result": result}]}
        for number, result in enumerate(results)
    ]
    rows, empty, untaken = answers_in(tasks, {1: "ann"})
    assert [(where, answer.label) for where, answer in rows["ann"]] == [("task 0", "yes"), ("task 2", "no")]
    assert empty == 0
    assert untaken == [
        "task 1: ann chose yes and no as 'label', where one class is wanted; mend it there",
        "task 3: ann chose nothing as 'label', where one class is wanted; mend it there",
    ]


def test_what_is_no_answer_is_told_and_the_others_are_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results = {"c1": chosen("yes", "no"), "c2": chosen("no")}
    tasks = [
        {"id": place, "data": {"alrl_id": record}, "annotations": [{"completed_by": 1, "result": result}]}
        for place, (record, result) in enumerate(results.items())
    ]

    def answered(_: Server, method: str, path: str, body: Any, headers: dict[str, str]) -> tuple[int, str]:
        known = {"/api/users/": [{"id": 1, "email": "ann"}]}
        return 200, json.dumps(tasks if "/export" in path else known.get(path, {"id": 3}))

    monkeypatch.setattr(Server, "_request", answered)
    project, server = made(tmp_path / "churn"), Server(address=ADDRESS, key="key")
    push_tasks(project, server, 2)
    taken = take_annotations(project, server)
    assert taken.left_out == (
        "label studio 3, task 0: ann chose yes and no as 'label', where one class is wanted; mend it there",
    )
    assert project.state.labels == {"c2": "no"}


@pytest.mark.parametrize(
    ("lead_time", "seconds"),
    [(2.5, 2.5), (3, 3.0), (-4.0, None), (1e9, None), (float("nan"), None), ("7", None), (True, None), (None, None)],
)
def test_a_time_that_is_none_is_not_taken(lead_time: Any, seconds: float | None) -> None:
    annotation = {"completed_by": 1, "result": chosen("yes"), "lead_time": lead_time}
    rows, _, _ = answers_in([{"id": 1, "data": {"alrl_id": "7"}, "annotations": [annotation]}], {1: "ann"})
    assert rows["ann"][0][1].seconds == seconds
