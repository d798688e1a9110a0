"""The web application: who may ask, and for what."""

from __future__ import annotations

import json
import secrets
from collections.abc import Awaitable, Callable, Collection
from functools import partial
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from alrl.errors import AlrlError, InvalidDataError
from alrl.projects.answers import sensible_seconds
from alrl.projects.serve.desk import Desk, label_from
from alrl.projects.status import status_of
from alrl.projects.telling import check_annotator

_HERE = Path(__file__).parent
_MOST_BYTES = 65_536
_LONGEST_NAME = 60
HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def application(desk: Desk, token: str, hosts: Collection[str]) -> Starlette:
    """Return the application; it answers under ``/t/<token>/`` alone.

    Args:
        desk: of the project.
        token: secret part of the address.
        hosts: values of the header ``Host`` that are answered, such as ``127.0.0.1:8765``; a page of another site whose
            name was made to point here has another.
    """
    guarded = partial(_guarded, token=token, hosts=frozenset(hosts))
    names = {"next": _next, "answer": _answer, "undo": _undo}
    routes = [
        Route("/t/{token}/", guarded(partial(_page, name="label")), methods=["GET"]),
        Route("/t/{token}/project", guarded(partial(_page, name="look")), methods=["GET"]),
        Route("/t/{token}/api/status", guarded(partial(_status, desk)), methods=["GET"]),
        Route("/t/{token}/image/{record:path}", guarded(partial(_image, desk)), methods=["GET"]),
        *[
            Route(f"/t/{{token}}/api/{name}", guarded(partial(_posted, partial(work, desk))), methods=["POST"])
            for name, work in names.items()
        ],
    ]
    return Starlette(routes=routes)


_Endpoint = Callable[[Request], Awaitable[Response]]


def _guarded(endpoint: _Endpoint, *, token: str, hosts: Collection[str]) -> _Endpoint:
    async def answered(request: Request) -> Response:
        refusal = _refusal(request, token, hosts)
        if refusal is not None:
            return PlainTextResponse(refusal, status_code=403, headers=HEADERS)
        try:
            return await endpoint(request)
        except AlrlError as error:
            return JSONResponse({"error": str(error)}, status_code=400, headers=HEADERS)

    return answered


def _refusal(request: Request, token: str, hosts: Collection[str]) -> str | None:
    """Return why a request is not answered; None where it is."""
    host = request.headers.get("host", "")
    if host not in hosts:
        return "this address is not answered; open the one that `alrl project serve` printed"
    if not secrets.compare_digest(request.path_params["token"].encode(), token.encode()):
        return "the token is not this run's; open the address that `alrl project serve` printed"
    if request.headers.get("sec-fetch-site", "none") not in {"same-origin", "none"}:
        return "requests from other sites are not answered"
    origin = request.headers.get("origin")
    if origin is not None and origin != f"http://{host}":
        return "requests from other sites are not answered"
    return None


async def _page(request: Request, name: str) -> Response:  # noqa: ARG001 - an endpoint is given it
    nonce = secrets.token_urlsafe(16)
    parts = {
        part: (_HERE / file).read_text(encoding="utf-8")
        for part, file in (
            ("BODY", f"{name}.html"),
            ("STYLE", "style.css"),
            ("SHARED", "shared.js"),
            ("SCRIPT", f"{name}.js"),
        )
    }
    text = (_HERE / "frame.html").read_text(encoding="utf-8").replace("NONCE", nonce)
    for part, content in parts.items():
        text = text.replace(f"<!--{part}-->", content)
    policy = (
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self';"
        " img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return HTMLResponse(text, headers={**HEADERS, "Content-Security-Policy": policy})


async def _posted(work: Callable[[dict[str, Any]], dict[str, Any]], request: Request) -> Response:
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        return PlainTextResponse("send JSON", status_code=415, headers=HEADERS)
    data = b""
    async for part in request.stream():
        data += part
        if len(data) > _MOST_BYTES:
            return PlainTextResponse("too long", status_code=413, headers=HEADERS)
    try:
        body = json.loads(data)
        # Half of a pair of surrogates is no character: no file and no log can hold it.
        json.dumps(body, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        return PlainTextResponse("send a JSON object", status_code=400, headers=HEADERS)
    return JSONResponse(await run_in_threadpool(work, body), headers=HEADERS)


def _annotator(body: dict[str, Any]) -> str:
    name = body.get("annotator")
    if not isinstance(name, str) or not 0 < len(name.strip()) <= _LONGEST_NAME:
        raise InvalidDataError(f"say who you are, in 1 to {_LONGEST_NAME} characters")
    return check_annotator(name)


def _next(desk: Desk, body: dict[str, Any]) -> dict[str, Any]:
    return desk.current(_annotator(body))


def _answer(desk: Desk, body: dict[str, Any]) -> dict[str, Any]:
    took = sensible_seconds(body.get("seconds"))
    return desk.answer(_annotator(body), str(body.get("id")), label_from(body), took)


def _undo(desk: Desk, body: dict[str, Any]) -> dict[str, Any]:
    return desk.undo(_annotator(body))


async def _status(desk: Desk, request: Request) -> Response:  # noqa: ARG001 - an endpoint is given it
    def document() -> dict[str, Any]:
        status = status_of(desk.project.state, desk.project.log.now)
        try:
            suspects = desk.project.suspects(10)
        except AlrlError:
            # Too few labels, or no extra to look with: the page goes without.
            suspects = []
        return {**status, "suspects": [vars(suspect) for suspect in suspects if suspect.flagged]}

    return JSONResponse(await run_in_threadpool(document), headers=HEADERS)


async def _image(desk: Desk, request: Request) -> Response:
    file, kind = await run_in_threadpool(
        desk.image, request.path_params["record"], request.query_params.get("column", "")
    )
    return FileResponse(file, media_type=kind, headers=HEADERS)
