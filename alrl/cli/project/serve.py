"""``alrl project serve``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from alrl.cli.common import reporting
from alrl.cli.project.group import Folder, Trust, project


@project.command()
def serve(
    context: typer.Context,
    folder: Folder,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 for any that is free.")] = 0,
    batch: Annotated[int, typer.Option(min=1, help="Records chosen at once, after a fit.")] = 10,
    overlap: Annotated[float, typer.Option(min=0.0, max=1.0, help="Share that a second annotator is sent too.")] = 0.0,
    images: Annotated[Path | None, typer.Option(file_okay=False, help="Folder of images that records name.")] = None,
    trust: Trust = None,
) -> None:
    """Serve a page on this machine's loopback, on which people label by keyboard. Ctrl-C ends it; nothing is lost."""
    with reporting(context, stores=True) as voice:
        from alrl.errors import MissingPackageError
        from alrl.projects import Project
        from alrl.projects.serve import serve as served

        opened = Project(folder, trusted=trust or ())
        try:
            served(
                opened,
                port=port,
                batch=batch,
                overlap=overlap,
                images=images,
                ready=lambda address: voice.say(f"label at {address}"),
            )
        except MissingPackageError as error:
            # The page is all that it costs: files serve as well.
            voice.say(f"{error}; or label by files: alrl project next {folder} --to tasks.csv")
