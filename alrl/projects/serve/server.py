"""Running the page."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Callable
from pathlib import Path

from alrl.errors import MissingPackageError, ProjectError
from alrl.projects.project import Project

LOOPBACK = "127.0.0.1"


def serve(
    project: Project,
    *,
    port: int = 0,
    batch: int = 10,
    overlap: float = 0.0,
    images: Path | None = None,
    ready: Callable[[str], object] = print,
) -> None:
    """Serve the page on the loopback of this machine until interrupted.

    Args:
        project: to label.
        port: 0 for any that is free.
        batch: records that are chosen at once.
        overlap: share of the records that a second annotator is sent as well.
        images: folder of the image files that records name.
        ready: called with the address once it is open.

    Raises MissingPackageError without the extra ``serve``, ProjectError where the port is taken.
    """
    try:
        import uvicorn

        from alrl.projects.serve.application import application
        from alrl.projects.serve.desk import Desk
    except ImportError:
        raise MissingPackageError('serving a page needs the extra "serve": pip install "alrl[serve]"') from None
    desk = Desk(project, batch=batch, overlap=overlap, images=images)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as opened:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            opened.bind((LOOPBACK, port))
        except OSError as error:
            raise ProjectError(f"port {port} cannot be opened ({error.strerror}); take another, or 0 for any") from None
        number, token = opened.getsockname()[1], secrets.token_urlsafe(24)
        hosts = {f"{LOOPBACK}:{number}", f"localhost:{number}"}
        config = uvicorn.Config(application(desk, token, hosts), log_level="warning", access_log=False, lifespan="off")
        opened.listen(128)
        ready(f"http://{LOOPBACK}:{number}/t/{token}/")
        uvicorn.Server(config).run(sockets=[opened])
