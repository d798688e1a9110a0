"""What stands in a report: sentences, tables and figures, whatever page they come on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from alrl.errors import AlrlError
from alrl.evaluation.table import Table
from alrl.projects import review
from alrl.projects.judgement.curve import curve, drawing
from alrl.projects.report.figures import chart
from alrl.projects.status import status_of
from alrl.projects.versions import state_at

if TYPE_CHECKING:
    from alrl.projects.project import Project


@dataclass(frozen=True, kw_only=True)
class Section:
    """A part of a report."""

    title: str
    sentences: tuple[str, ...] = ()
    figure: tuple[str, str] | None = None
    """Name and SVG."""
    tables: tuple[Table, ...] = ()


def sections(project: Project) -> list[Section]:
    """Return the parts of a project's report, as it stands now; nothing is fitted or written."""
    status = status_of(project.state, project.log.now)
    parts = [_overview(status), _curve(project), _bill(project, status), _advice(status), _rounds(project)]
    return [*parts, _people(project), _review(project)]


def _overview(status: dict[str, Any]) -> Section:
    rows = tuple((name, str(count)) for name, count in status["classes"].items())
    held_out = f", {status['held_out']} held out of a rehearsal" if status["held_out"] else ""
    held_out += f", {status['erased']} erased" if status["erased"] else ""
    counts = (
        f"{status['labelled']} of {status['records']} records are labelled; {status['pending']} are with annotators,"
        f" {status['skipped']} skipped, {status['irrelevant']} irrelevant{held_out}. As of {status['last_event']}."
    )
    model = f"Model {status['model']}, strategy {status['strategy']}, {status['rounds']} rounds."
    return Section(
        title="Labels",
        sentences=(counts, model),
        tables=(Table(caption="Labels by class", header=("class", "labels"), rows=rows),),
    )


def _curve(project: Project) -> Section:
    points = [point for point in curve(project.state) if point.best is not None]
    shown, last = drawing(points), points[-1].best if points else None
    if shown is None or last is None:
        return Section(title="Learning curve", sentences=("Labels are too few for an estimate.",))
    figure = chart(
        "accuracy by labels",
        shown.labels,
        [each.accuracy for each in shown.estimates],
        band=([each.low for each in shown.estimates], [each.high for each in shown.estimates]),
        beside=(shown.other_labels, [each.accuracy for each in shown.others]),
        shown=lambda share: f"{100 * share:.0f} %",
        across="labels",
    )
    kind, *remarks = shown.captions
    return Section(
        title="Learning curve",
        sentences=(
            f"Accuracy after {points[-1].labels} labels: {last.sentence()}, 95 % intervals, without a test set.",
            f"The line: {kind}.",
            *(f"{remark[0].upper()}{remark[1:]}." for remark in remarks),
        ),
        figure=("curve", figure),
    )


def _bill(project: Project, status: dict[str, Any]) -> Section:
    rows = tuple((str(name), str(value)) for name, value in status["bill"]["rows"])
    table = Table(caption="What was used", header=("", "so far"), rows=rows)
    prices, rounds = project.state.settings["prices"], project.state.rounds
    spent, money = 0.0, []
    for each in rounds:
        facts = each.facts
        spent += (facts["seconds"] + facts["estimate_seconds"]) * prices["hour"] / 3600
        spent += facts["record_epochs"] * prices["record_epoch"] + facts["records"] * prices["scored"]
        money.append(spent + each.labels * prices["label"])
    figure = None
    if len({each.labels for each in rounds}) > 1 and sorted(each.labels for each in rounds) == [
        each.labels for each in rounds
    ]:
        svg = chart(
            "money spent by labels", [each.labels for each in rounds], money, shown=lambda value: f"{value:.0f}",
            across="labels", level=("labelling everything", status["bill"]["everything"]),
        )  # fmt: skip
        figure = ("bill", svg)
    return Section(title="Bill", sentences=(f"{status['bill']['sentence']}.",), figure=figure, tables=(table,))


def _advice(status: dict[str, Any]) -> Section:
    start = () if status["start"]["kind"] in {"past", "early"} else (f"Start: {status['start']['sentence']}.",)
    lines = (f"Verdict: {status['verdict']['sentence']}.", f"Advice: {status['advice']['sentence']}.", *start)
    reasons = tuple(tuple(reason.split(": ", 1)) for reason in status["advice"]["reasons"])
    return Section(
        title="Verdict and advice",
        sentences=lines,
        tables=(Table(caption="What each rule says", header=("rule", "says"), rows=reasons),),
    )


def _rounds(project: Project) -> Section:
    rows = []
    for point, facts in zip(curve(project.state), project.state.rounds[project.state.first_round :], strict=True):
        then = state_at(project, facts.event)
        columns = (point.best, point.progressive)
        rows.append(
            (
                str(facts.number),
                str(facts.labels),
                str(then.model.get("name")),
                *("–" if estimate is None else estimate.sentence() for estimate in columns),
                facts.fingerprint[:12],
            )
        )
    header = ("round", "labels", "model", "accuracy", "of labels before they came", "records, labels and model")
    return Section(
        title="Rounds",
        tables=(Table(caption="Rounds since the last restart", header=header, rows=tuple(rows)),) if rows else (),
    )


def _people(project: Project) -> Section:
    rows = [
        (
            each["annotator"],
            str(each["answers"]),
            "–" if each["agreement"] is None else f"{100 * each['agreement']:.0f} % of {each['compared']}",
            "–" if each["seconds"] is None else f"{each['seconds']:.1f}",
        )
        for each in review.annotators(project.state)
    ]
    header = ("annotator", "answers", "agrees with others", "seconds a label")
    return Section(title="Annotators", tables=(Table(caption="Who answered", header=header, rows=tuple(rows)),))


def _review(project: Project) -> Section:
    try:
        flagged = [each for each in project.suspects(max(1, len(project.state.labels))) if each.flagged]
        gaps = project.bias() if project.state.rounds else []
    except AlrlError as error:
        return Section(title="To look at again", sentences=(f"Not looked for: {error}.",))
    rate = f"up to {100 * review.FALSE_ALARMS:.0f} % of right ones are, more where classes overlap"
    warning = f"{len(flagged)} labels are flagged as wrong; {rate}: look again, do not correct by rote."
    suspects = tuple((suspect.id, suspect.label, suspect.rather, f"{suspect.score:.3f}") for suspect in flagged[:20])
    bias = tuple(
        (each["column"], f"{100 * each['gap']:.0f}", f"{100 * each['chance']:.0f} %", each["too_much"]) for each in gaps
    )
    tables = [
        Table(
            caption="Suspects, the first twenty" if len(flagged) > len(suspects) else "Suspects",
            header=("record", "label", "rather", "score"),
            rows=suspects,
        )
    ] * bool(suspects)
    header = ("column", "points that labelled records differ by", "as much by chance", "too often")
    tables += [Table(caption="Labelled records beside the pool", header=header, rows=bias)] * bool(bias)
    return Section(title="To look at again", sentences=(warning,), tables=tuple(tables))
