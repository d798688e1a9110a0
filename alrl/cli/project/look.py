"""``alrl project status`` and ``at``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from alrl.cli.common import Json, reporting
from alrl.cli.project.group import Folder, Trust, project


@project.command()
def status(context: typer.Context, folder: Folder, machine: Json = False) -> None:
    """Show how a project stands: labels, what is with annotators, accuracy with its interval."""
    with reporting(context, machine) as voice:
        from alrl.projects import Project
        from alrl.projects.status import sentences, status_of

        opened = Project(folder)
        document = status_of(opened.state, opened.log.now)
        voice.say("\n".join(sentences(document)))
        voice.result(document)


@project.command()
def advise(context: typer.Context, folder: Folder, trust: Trust = None, machine: Json = False) -> None:
    """Say, before a label is bought, whether querying will pay, and with what first sample and batch."""
    with reporting(context, machine) as voice:
        from alrl.projects import Project

        result = Project(folder, trusted=trust or ()).outlook()
        voice.say("\n".join(result.sentences()))
        voice.result({**asdict(result), "pays": result.pays, "sentences": result.sentences()})


@project.command()
def report(
    context: typer.Context,
    folder: Folder,
    to: Annotated[Path, typer.Option(help="The page to write: .html or .md.")],
    trust: Trust = None,
    machine: Json = False,
) -> None:
    """Write how a project stands as a page: curve, bill, verdict, rounds, annotators and what to look at again."""
    with reporting(context, machine) as voice:
        from alrl.projects import Project
        from alrl.projects.report import write_report

        files = write_report(Project(folder, trusted=trust or ()), to)
        voice.say(f"wrote {', '.join(str(each) for each in files)}")
        voice.result({"files": [str(each) for each in files]})


@project.command()
def at(
    context: typer.Context,
    folder: Folder,
    when: Annotated[str, typer.Argument(metavar="DATE", help="Such as 2026-11-03 (its end) or 2026-11-03T14:30, UTC.")],
    machine: Json = False,
) -> None:
    """Show how a project stood at an earlier time."""
    with reporting(context, machine) as voice:
        from alrl.projects import Project
        from alrl.projects.status import sentences, status_of
        from alrl.projects.times import seconds_of

        document = status_of(Project(folder).at(when), seconds_of(when))
        voice.say("\n".join(sentences(document)))
        voice.result(document)


@project.command()
def review(
    context: typer.Context,
    folder: Folder,
    count: Annotated[int, typer.Option(min=1, help="Records shown of each kind.")] = 20,
    trust: Trust = None,
    machine: Json = False,
) -> None:
    """Look for wrong labels, disagreement, twins, foreign and forgotten records, and bias; nothing is changed."""
    with reporting(context, machine) as voice:
        from alrl.projects import Project
        from alrl.projects.review import review as reviewed

        document = reviewed(Project(folder, trusted=trust or ()), count)
        voice.say("\n".join(_findings(document)))
        voice.result(document)


def _shown(rows: Sequence[Any], found: int) -> str:
    return f", {len(rows)} shown" if len(rows) < found else ""


def _findings(document: dict[str, Any]) -> list[str]:
    flagged = [suspect for suspect in document["suspects"] if suspect["flagged"]]
    rate = 100 * document["false_alarms"]
    share = f"up to {rate:.0f} % of right labels were, in tests; more where classes overlap"
    found = document["found"]
    lines = [f"{found['suspects']} labels flagged as wrong ({share}){_shown(flagged, found['suspects'])}:"]
    lines += [
        f"  {each['id']}: {each['label']}, rather {each['rather']} (score {each['score']:.3f})" for each in flagged
    ]
    differently = _shown(document["disagreements"], found["disagreements"])
    lines.append(f"{found['disagreements']} records that annotators answer differently{differently}")
    for each in document["disagreements"]:
        answers = ", ".join(f"{who} {word}" for who, word in each["answers"].items())
        lines.append(f"  {each['id']}: {answers}; believed {each['believed'] or 'none'}")
    for each in document["annotators"]:
        agreement = "" if each["agreement"] is None else f", {100 * each['agreement']:.0f} % as others"
        lines.append(f"{each['annotator']}: {each['answers']} answers{agreement}")
    conflicts = sum(each["conflict"] for each in document["twins"])
    pairs = _shown(document["twins"], found["twins"])
    lines.append(f"{found['twins']} pairs of nearly equal records{pairs}, {conflicts} with different labels")
    for name, words in (("foreign", "records apart from all others"), ("forgotten", "records forgotten since")):
        ids = [each if isinstance(each, str) else each["id"] for each in document[name]]
        lines.append(f"{found[name]} {words}{_shown(ids, found[name])}: {', '.join(ids) or 'none'}")
    lines += [
        f"{each['column']}: the labelled sample differs from the pool by {100 * each['gap']:.0f} points (as much by"
        f" chance: {100 * each['chance']:.0f} %), most too often {each['too_much']}"
        for each in document["bias"]
    ]
    return lines
