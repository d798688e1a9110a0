"""The page on which people label: as a browser sees it, and as strangers do."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
from sklearn.linear_model import LogisticRegression
from starlette.testclient import TestClient

from alrl.projects import IRRELEVANT, Project
from alrl.projects.exchange.task_files import write_tasks
from alrl.projects.serve.application import application
from alrl.projects.serve.desk import Desk
from tests.projects.conftest import table, truth

ROOT = Path(__file__).parents[2]
HOSTILE = "<img src=x onerror=\"document.title='run'\"><script>document.title='run'</script>"
Make = Callable[..., Project]


@contextmanager
def served(folder: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run ``alrl project serve`` in a process of its own, which is killed at the end, and give its address."""
    command = [sys.executable, "-m", "alrl", "project", "serve", str(folder), "--batch", "6", *options]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith("label at http://127.0.0.1:"), line
            yield process, line.removeprefix("label at ").strip()
        finally:
            process.send_signal(signal.SIGKILL)


def opened(browser: Any, address: str, name: str = "ann", width: int = 1000) -> tuple[Any, list[str], list[str]]:
    tab = browser.new_page(viewport={"width": width, "height": 800})
    complaints: list[str] = []
    requests: list[str] = []
    tab.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.on("request", lambda request: requests.append(request.url))
    tab.goto(address)
    tab.fill("#name", name)
    tab.keyboard.press("Enter")
    tab.wait_for_selector("#desk:not([hidden])", timeout=60_000)
    return tab, complaints, requests


def press(tab: Any, key: str) -> str:
    """Press a key and return the record that was on the desk, once another one is."""
    record = str(tab.evaluate("document.body.dataset.record"))
    tab.keyboard.press(key)
    tab.wait_for_function("(old) => document.body.dataset.record !== old", arg=record, timeout=60_000)
    return record


def test_twenty_records_are_labelled_by_keyboard_across_a_kill(browser: Any, make: Make) -> None:
    frame = table(40).assign(note=HOSTILE)
    folder = make(pool=frame, clock=time.time).folder
    keys = {"no": "1", "yes": "2"}
    wanted: dict[str, str] = {}
    with served(folder) as (_, address):
        tab, complaints, requests = opened(browser, address)
        for _ in range(11):
            record = str(tab.evaluate("document.body.dataset.record"))
            wanted[record] = truth(frame, [record])[record]
            assert press(tab, keys[wanted[record]]) == record
        assert tab.locator("#fields dd").nth(2).inner_text() == HOSTILE
        assert tab.locator("#fields img, #fields script").count() == 0
        assert "11 of 40" in tab.title()
        assert complaints == []
        assert all(url.startswith((address, "data:")) for url in requests)
        left = str(tab.evaluate("document.body.dataset.record"))
        tab.close()
    assert Project(folder).state.labels == wanted
    with served(folder) as (_, address):
        tab, complaints, _ = opened(browser, address)
        assert tab.evaluate("document.body.dataset.record") == left
        for _ in range(9):
            record = str(tab.evaluate("document.body.dataset.record"))
            wanted[record] = truth(frame, [record])[record]
            press(tab, keys[wanted[record]])
        # A label taken back, "don't know" and "does not belong".
        undone = press(tab, "u")
        again = str(tab.evaluate("document.body.dataset.record"))
        assert again == list(wanted)[-1]
        assert undone != again
        press(tab, keys[wanted[again]])
        unknown, foreign = press(tab, "s"), press(tab, "x")
        tab.click("#look")
        tab.wait_for_selector("body[data-ready=true] section")
        assert "20 of 40 records" in tab.inner_text("main")
        assert complaints == []
        tab.close()
    state = Project(folder).state
    assert state.labels == wanted
    assert (state.given[unknown]["ann"].label, state.given[foreign]["ann"].label) == (None, IRRELEVANT)
    assert all(0 < seconds < 60 for seconds in state.answer_seconds)
    assert len(state.answer_seconds) == 23


def test_the_page_fits_a_phone_and_says_when_nothing_is_left(browser: Any, make: Make) -> None:
    folder = make(pool=table(3).assign(note="long " * 60), clock=time.time).folder
    with served(folder) as (_, address):
        tab, complaints, _ = opened(browser, address, width=390)
        assert tab.evaluate("document.documentElement.scrollWidth") == 390
        for _ in range(3):
            press(tab, "2")
        assert "every one is labelled" in tab.inner_text("#finished")
        tab.click("#undo-last")
        tab.wait_for_selector("#desk:not([hidden])")
        assert complaints == []
        tab.close()


def answered(
    address: str, path: str, *, method: str = "GET", body: bytes | None = None, **headers: str
) -> tuple[int, str]:
    """Ask the server as a stranger may, with any header."""
    host, _, rest = address.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(host, timeout=30)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path.replace("TOKEN", rest.split("/")[1]), body=body, headers={"Host": host, **named})
    answer = connection.getresponse()
    text = answer.read().decode(errors="replace")
    connection.close()
    return answer.status, text


def test_strangers_are_not_answered(make: Make, tmp_path: Path) -> None:
    images = tmp_path / "images"
    images.mkdir()
    (images / "a.png").write_bytes(b"\x89PNG")
    (tmp_path / "secret.png").write_bytes(b"secret")
    frame = table(4).assign(photo=["a.png", "../secret.png", "/etc/passwd", "none.png"])
    folder = make(pool=frame, clock=time.time).folder
    post: dict[str, Any] = {"method": "POST", "body": json.dumps({"annotator": "ann"}).encode()}
    with served(folder, "--images", str(images)) as (_, address):
        assert answered(address, "/t/TOKEN/")[0] == 200
        assert answered(address, "/t/TOKEN/api/status", Host="evil.example:80")[0] == 403
        assert answered(address, "/t/guess/api/status")[0] == 403
        assert answered(address, "/")[0] == 404
        assert answered(address, "/t/TOKEN/api/next", **post, Content_Type="text/plain")[0] == 415
        assert (
            answered(address, "/t/TOKEN/api/next", **post, Content_Type="application/json", Origin="http://evil")[0]
            == 403
        )
        crossing = {"Content_Type": "application/json", "Sec_Fetch_Site": "cross-site"}
        assert answered(address, "/t/TOKEN/api/next", **post, **crossing)[0] == 403
        for body in (b"[" * 60_000, b'{"annotator": "x\\ud800"}', b"[1]"):
            bad = {**post, "body": body}
            status, text = answered(address, "/t/TOKEN/api/next", **bad, Content_Type="application/json")
            assert (status, text) == (400, "send a JSON object")
        status, text = answered(address, "/t/TOKEN/api/next", **post, Content_Type="application/json")
        assert status == 200
        assert json.loads(text)["record"]["id"].startswith("c")
        wrong = {"annotator": "ann", "id": "c1", "label": "<b>"}
        post["body"] = json.dumps(wrong).encode()
        status, text = answered(address, "/t/TOKEN/api/answer", **post, Content_Type="application/json")
        assert (status, "is no class" in text) == (400, True)
        post["body"] = b"[" * 70_000
        assert answered(address, "/t/TOKEN/api/next", **post, Content_Type="application/json")[0] == 413
        assert [answered(address, f"/t/TOKEN/image/c{place}?column=photo")[0] for place in range(4)] == [
            200,
            400,
            400,
            400,
        ]
        assert answered(address, "/t/TOKEN/image/c0?column=age")[0] == 400
    assert Project(folder).state.charged == 0


def test_the_server_listens_on_the_loopback_alone(make: Make) -> None:
    import socket

    folder = make(clock=time.time).folder
    with served(folder) as (_, address):
        port = int(address.split(":")[2].partition("/")[0])
        with socket.socket() as other:
            # The port is free on every other address of this machine.
            other.bind(("127.0.0.2", port))
        assert address.startswith("http://127.0.0.1:")


def test_two_annotators_get_different_records_and_some_twice(make: Make) -> None:
    desk = Desk(make(), batch=5, overlap=0.5)
    shown: dict[str, list[str]] = {"ann": [], "bob": []}
    for _ in range(20):
        for annotator, records in shown.items():
            record = desk.current(annotator)["record"]["id"]
            records.append(record)
            desk.answer(annotator, record, truth(table(), [record])[record], 1.0)
    assert all(len(set(records)) == 20 for records in shown.values())
    both = set(shown["ann"]) & set(shown["bob"])
    assert 3 <= len(both) <= 17
    assert desk.current("ann")["own"] == 20


def test_one_answer_is_undone_once_however_many_ask_for_it_at_once(make: Make) -> None:
    project = make()
    desk = Desk(project, batch=4)
    for _ in range(3):
        desk.answer("ann", desk.current("ann")["record"]["id"], "no", 1.0)
    with ThreadPoolExecutor(6) as people:
        undone = [people.submit(desk.undo, "ann") for _ in range(6)]
    failed = [each.exception() for each in undone if each.exception() is not None]
    assert len(failed) == 3
    assert all("no answer to take back" in str(error) for error in failed)
    assert (project.state.charged, project.state.labels) == (0, {})


def test_several_people_label_while_models_are_fitted(make: Make) -> None:
    project = make(model=LogisticRegression(max_iter=500))
    desk = Desk(project, batch=3)

    def label(who: str) -> int:
        for _ in range(8):
            record = desk.current(who)["record"]["id"]
            desk.answer(who, record, truth(table(), [record])[record], 0.1)
            project.bill()
        return int(desk.current(who)["own"])

    with ThreadPoolExecutor(4) as people:
        assert list(people.map(label, ["ann", "bob", "cyd", "dan"])) == [8] * 4
    assert len(project.state.labels) == 32
    assert project.fit().labels == 32


def test_an_answer_that_is_undone_and_given_anew_is_charged_once(make: Make) -> None:
    project = make()
    desk = Desk(project, batch=2)
    record = desk.current("ann")["record"]["id"]
    desk.answer("ann", record, "no", 1.0)
    assert desk.undo("ann")["record"]["id"] == record
    assert project.state.charged == 0
    desk.answer("ann", record, "yes", 1.0)
    assert (project.state.charged, project.bill().labels, project.state.labels) == (1, 1, {record: "yes"})
    desk.answer("ann", desk.current("ann")["record"]["id"], None, 1.0)
    desk.undo("ann")
    assert project.state.charged == 1


def test_a_request_without_a_label_or_with_two_answers_is_refused(make: Make) -> None:
    project = make()
    project.tell({"c1": "yes"}, annotator="ann")
    client = TestClient(application(Desk(project), "t0ken", {"testserver"}))
    bodies: list[tuple[dict[str, Any], int]] = [
        ({}, 400),
        ({"irrelevant": False}, 400),
        ({"label": "no", "irrelevant": True}, 400),
        ({"label": "no", "irrelevant": "yes"}, 400),
        ({"irrelevant": True}, 200),
        ({"label": None}, 200),
        ({"label": "no", "irrelevant": False}, 200),
    ]
    labels = []
    for body, status in bodies:
        answer = client.post("/t/t0ken/api/answer", json={"annotator": "ann", "id": "c1", **body})
        assert (answer.status_code, "error" in answer.json()) == (status, status == 400)
        labels.append(project.state.given["c1"]["ann"].label)
    assert labels == ["yes", "yes", "yes", "yes", IRRELEVANT, None, "no"]


def test_booleans_are_shown_as_files_of_tasks_have_them(make: Make, tmp_path: Path) -> None:
    project = make(pool=table(4).assign(paid=[True, False, True, False]))
    record = Desk(project, batch=1).current("ann")["record"]
    shown = {field["name"]: field["value"] for field in record["fields"]}
    write_tasks(project, pd.DataFrame({"customer": [record["id"]]}), tmp_path / "tasks.csv")
    row = (tmp_path / "tasks.csv").read_text().splitlines()[1]
    wanted = {"c0": "True", "c1": "False", "c2": "True", "c3": "False"}[record["id"]]
    assert shown["paid"] == row.rpartition(",")[2] == wanted


def test_headers_and_cells_of_a_column_stand_on_one_side_and_identifiers_of_digits_are_words(
    browser: Any, make: Make
) -> None:
    frame = table(40).assign(customer=[str(1000 + place) for place in range(40)])
    project = make(pool=frame, clock=time.time)
    labels = truth(frame, frame["customer"])
    far = frame.assign(sum=frame["age"] + frame["visits"]).sort_values("sum")["customer"]
    project.tell({**labels, far.iloc[0]: "yes", far.iloc[-1]: "no"}, annotator="ann")
    project.fit()
    with served(project.folder) as (_, address):
        tab = browser.new_page()
        tab.goto(f"{address}project")
        tab.wait_for_selector("body[data-ready=true] section")
        tables = tab.evaluate(
            "[...document.querySelectorAll('table')].map((table) => [...table.rows].map((row) => [...row.cells].map("
            "(cell) => cell.className)))"
        )
        heads = [" ".join(table.locator("th").all_inner_texts()) for table in tab.locator("table").all()]
        tab.close()
    for rows in tables:
        assert all(row == rows[0] for row in rows)
    assert tables[heads.index("record label rather score")][1] == ["", "", "", "number"]
