"""``alrl project status`` and ``at``."""

from __future__ import annotations

from typing import Annotated

import typer

from alrl.cli.common import Json, told
from alrl.cli.project.group import Folder, project


@project.command()
def status(context: typer.Context, folder: Folder, machine: Json = False) -> None:
    """Show how a project stands: labels, what is with annotators, accuracy with its interval."""
    with told(context, machine) as voice:
        from alrl.projects import Project
        from alrl.projects.status import sentences, status_of

        opened = Project(folder)
        document = status_of(opened.state, opened.log.now)
        voice.say("\n".join(sentences(document)))
        voice.result(document)


@project.command()
def at(
    context: typer.Context,
    folder: Folder,
    when: Annotated[str, typer.Argument(metavar="DATE", help="Such as 2026-11-03 (its end) or 2026-11-03T14:30, UTC.")],
    machine: Json = False,
) -> None:
    """Show how a project stood at an earlier time."""
    with told(context, machine) as voice:
        from alrl.projects import Project
        from alrl.projects.status import sentences, status_of
        from alrl.projects.times import seconds_of

        document = status_of(Project(folder).at(when), seconds_of(when))
        voice.say("\n".join(sentences(document)))
        voice.result(document)
