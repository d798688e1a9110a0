"""One exchange with Label Studio: played against the real server, and recorded; the suite plays the record.

``make test-label-studio`` collects this file, which the suite does not: it starts the server that ``ALRL_LABEL_STUDIO``
names on the loopback, with an empty folder, and ends it. ``ALRL_RECORD=1`` writes ``label_studio.json`` anew.
"""

from __future__ import annotations

import http.cookiejar
import json
import os
import re
import socket
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from alrl.projects import Project
from alrl.projects.exchange.label_studio import Server, push_tasks, take_annotations
from tests.projects.conftest import table, truth

RECORD = Path(__file__).with_name("label_studio.json")
MAIL, PASSWORD = "ann@example.org", "only-on-the-loopback"
Request = Callable[..., tuple[int, str]]


def play(project: Project, server: Server) -> dict[str, Any]:
    """Push six records, answer four in the order that Label Studio has them, take, push again; return what was seen."""
    project.tell(truth(table(), [f"c{place}" for place in range(12)]), annotator="table")
    batch, number = push_tasks(project, server, 6)
    wanted = [str(each) for each in batch["customer"]]
    shown = []
    for place in range(4):
        task = server.call("GET", f"/api/projects/{number}/next")
        record = str(task["data"]["alrl_id"])
        shown.append(record)
        choice = "#irrelevant" if place == 3 else truth(table(), [record])[record]
        result = [{"from_name": "label", "to_name": "record", "type": "choices", "value": {"choices": [choice]}}] * (
            place != 2
        )
        body = {"result": result, "lead_time": 3.5, "was_cancelled": place == 2}
        server.call("POST", f"/api/tasks/{task['id']}/annotations/", body)
    first, again = take_annotations(project, server), take_annotations(project, server)
    later = [str(each) for each in push_tasks(project, server, 5)[0]["customer"]]
    following = str(server.call("GET", f"/api/projects/{number}/next")["data"]["alrl_id"])
    return {"wanted": wanted, "shown": shown, "first": first, "again": again, "later": later, "following": following}


def checked(seen: dict[str, Any]) -> None:
    """Assert what holds of an exchange, whoever answers."""
    assert seen["shown"] == seen["wanted"][:4]
    assert seen["following"] == seen["later"][0]
    first, again = (seen[name].receipts[MAIL] for name in ("first", "again"))
    assert (first.new, first.unknown, seen["first"].empty) == (3, 1, 2)
    assert (again.same, again.written) == (4, 0)


def recording(request: Request, into: list[dict[str, Any]]) -> Request:
    """Return ``Server._request`` that also writes down what passed, without keys, times and addresses."""

    def recorded(self: Server, method: str, path: str, body: Any, headers: dict[str, str]) -> tuple[int, str]:
        status, text = request(self, method, path, body, headers)
        if "token" not in path:
            into.append(
                {"method": method, "path": path, "body": body, "status": status, "answer": _kept(json.loads(text))}
            )
        return status, text

    return recorded


_KEPT = {
    "id", "email", "data", "alrl_id", "record", "annotations", "completed_by", "result", "from_name", "to_name", "type",
    "value", "choices", "was_cancelled", "lead_time", "updated_at", "task_count", "prediction_count",
}  # fmt: skip


def _kept(answer: Any) -> Any:
    if isinstance(answer, list):
        return [_kept(each) for each in answer]
    if isinstance(answer, dict):
        return {key: _kept(value) for key, value in answer.items() if key in _KEPT}
    return answer


def _token(address: str) -> str:
    """Return a personal access token of the server's first user, as the browser makes it."""
    jar = http.cookiejar.CookieJar()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))

    def posted(path: str, body: bytes, kind: str) -> str:
        cookie = next(each.value for each in jar if each.name == "csrftoken")
        headers = {"Referer": f"{address}/", "X-CSRFToken": str(cookie), "Content-Type": kind}
        request = urllib.request.Request(f"{address}{path}", body, headers)  # noqa: S310 - the loopback
        with browser.open(request, timeout=60) as answer:
            return str(answer.read().decode())

    browser.open(f"{address}/user/login/", timeout=60).read()
    form = urllib.parse.urlencode({"email": MAIL, "password": PASSWORD, "persist_session": "on"}).encode()
    posted("/user/login/", form, "application/x-www-form-urlencoded")
    return str(json.loads(posted("/api/token/", b"{}", "application/json"))["token"])


def _started(binary: str, folder: str, port: int) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ, "LABEL_STUDIO_BASE_DATA_DIR": folder, "COLLECT_ANALYTICS": "False",
        "LATEST_VERSION_CHECK": "False",
        "LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK": "true", "SENTRY_DSN": "", "FRONTEND_SENTRY_DSN": "",
    }  # fmt: skip
    command = [binary, "start", "--no-browser", "--internal-host", "127.0.0.1", "-p", str(port)]
    command += ["--username", MAIL, "--password", PASSWORD]
    return subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def test_the_real_label_studio_keeps_the_order_and_gives_the_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    binary = os.environ["ALRL_LABEL_STUDIO"]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    passed: list[dict[str, Any]] = []
    process = _started(binary, str(tmp_path), port)
    try:
        release = _release(address)
        monkeypatch.setattr(Server, "_request", recording(Server._request, passed))
        checked(play(made(tmp_path / "churn"), Server(address=address, key=_token(address))))
    finally:
        process.terminate()
        process.wait(60)
    if os.environ.get("ALRL_RECORD") == "1":
        text = json.dumps({"release": release, "exchange": passed}, indent=1)
        RECORD.write_text(re.sub(r"\n {5,}", " ", text) + "\n", encoding="utf-8")


def _release(address: str) -> str:
    """Return the server's release, once it answers."""
    for _ in range(300):
        try:
            with urllib.request.urlopen(f"{address}/api/version", timeout=5) as answer:  # noqa: S310 - the loopback
                return str(json.loads(answer.read())["release"])
        except OSError:
            time.sleep(1)
    pytest.fail("Label Studio did not answer within five minutes")


def made(folder: Path) -> Project:
    """Make the project of the exchange."""
    return Project.create(folder, pool=table(), id="customer", label="churn", classes=["no", "yes"], strategy="margin")
