"""The page's sections of text and tables."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from alrl.data.families import listed
from alrl.reports.pages.about import About, Still
from alrl.reports.pages.policy_card import PolicyCard
from alrl.reports.pages.tables import (
    across_tables,
    aubc_table,
    budget_tables,
    definitions,
    difference_table,
    headline,
    plain_table,
)
from alrl.reports.summary import Summary


def head(about: About, summary: Summary) -> str:
    """Return title, the way to the study's other pages, warning, hypothesis and the finding in one sentence."""
    parts = [f"<h1>{escape(about.title)}</h1>"]
    if about.siblings:
        links = "".join(
            f'<li><a href="{escape(name)}">{escape(words)}</a></li>' for name, words in about.siblings.items()
        )
        parts.append(f'<nav aria-label="Other pages of this study"><ul><li>Other pages:</li>{links}</ul></nav>')
    if about.mark:
        parts.append(f'<p class="mark" role="alert">{escape(about.mark)}</p>')
    if about.hypothesis:
        parts.append(f"<p><strong>Hypothesis.</strong> {escape(about.hypothesis)}</p>")
    if about.verdicts:
        items = "".join(
            f"<li><strong>{escape(each.verdict)}</strong>: {escape(each.claim.words)}."
            f' <span class="small">{escape(each.evidence)}</span></li>'
            for each in about.verdicts
        )
        parts.append(f'<ul class="claims" aria-label="Claims and verdicts">{items}</ul>')
    parts.append(headline(summary))
    return "\n".join(parts)


def sections(summaries: Sequence[Summary], about: About) -> str:
    """Return tables, card, checklist and provenance."""
    first, *others = summaries
    parts = [
        section("AUBC", aubc_table(first)),
        section(f"AUBC difference to {first.reference}", difference_table(first)),
    ]
    parts.append(section("Across data sets", across_tables(first)))
    more = "<details><summary>Labels to target, area over log labels, deficiency</summary>"
    more += f"{budget_tables(first)}</details>"
    parts.append(section("More measures of the budget", more))
    for other in others:
        name = other.metric.replace("_", " ")
        body = aubc_table(other) + difference_table(other) + across_tables(other)
        parts.append(section(f"The same in {name}", f"<details><summary>AUBC of {name}</summary>{body}</details>"))
    parts += [section(f"Policy card: {card.name}", _card(card)) for card in about.cards]
    if about.checklist:
        rows = [
            (item.question, [f'<span class="{item.status}">{item.status}</span>', escape(item.answer)])
            for item in about.checklist
        ]
        body = plain_table("Reproducibility, as the run recorded it", ["question", "answer", "what was recorded"], rows)
        parts.append(section("Reproducibility checklist", body))
    if about.settings:
        parts.append(section("Settings", definitions(about.settings)))
    if about.command:
        parts.append(
            section("The command that makes it", f'<pre tabindex="0"><code>{escape(about.command)}</code></pre>')
        )
    if about.provenance:
        parts.append(section("Provenance", _provenance(about.provenance)))
    if about.files:
        note = '<p class="note">Each figure lies there as PNG too.</p>'
        links = "".join(f'<li><a href="{escape(name)}">{escape(name)}</a></li>' for name in about.files)
        parts.append(section("Files beside this page", f"<nav aria-label='Files'><ul>{links}</ul></nav>{note}"))
    return "\n".join(parts)


def section(title: str, body: str) -> str:
    """Return a part of the page under a heading; the body is HTML."""
    return f"<section>\n<h2>{escape(title)}</h2>\n{body}\n</section>"


def _provenance(sittings: Sequence[Mapping[str, Any]]) -> str:
    if len(sittings) == 1:
        return definitions(sittings[0])
    warning = f"<p>The cells were run in {len(sittings)} sittings, whose code, machine or time differ.</p>"
    return warning + "".join(f"<h3>Sitting {place}</h3>{definitions(each)}" for place, each in enumerate(sittings, 1))


_PLACES = {
    "ranks": "Ranks and critical difference",
    "outcomes": "Wins, ties and losses",
    "picks": "What is picked",
}


def stills(about: About) -> str:
    """Return the figures that are shown as they are, place by place, with what could not be shown."""
    parts = []
    for place, title in _PLACES.items():
        stills_here = [each for each in about.stills if each.name == place]
        notes = "".join(f'<p class="note">{escape(text)}</p>' for text in about.remarks) if place == "picks" else ""
        if stills_here or notes:
            parts.append(section(title, "".join(map(_still, stills_here)) + notes))
    return "\n".join(parts)


def _still(still: Still) -> str:
    # As an image, an SVG can run no script, whatever its text holds.
    data = base64.b64encode(still.svg.encode()).decode()
    words = escape(still.alternative)
    return (
        f'<div class="still" role="region" tabindex="0" aria-label="{words}">'
        f'<img alt="{words}" src="data:image/svg+xml;base64,{data}"></div>'
    )


def _card(card: PolicyCard) -> str:
    def folded(title: str, body: str) -> str:
        return f"<details><summary>{escape(title)}</summary>{body}</details>"

    rows = [(name, list(map(escape, rest))) for name, *rest in card.features]
    features = plain_table(f"What {card.name} reads", ["feature", "of", "range", "99 % in training", "meaning"], rows)
    parts = [definitions(card.facts), "<h3>Results in this study</h3>", definitions(card.results)]
    parts += [
        folded(f"Trained on {len(card.trained_on)} data sets", f"<p>{escape(listed(card.trained_on))}</p>"),
        folded(f"Validated on {len(card.validated_on)} data sets", f"<p>{escape(listed(card.validated_on))}</p>"),
        folded(f"Reads {len(card.features)} features", features),
    ]
    parts += [
        folded(f"Recipe of the {kind}", f'<pre tabindex="0"><code>{escape(text)}</code></pre>')
        for kind, text in card.recipes.items()
    ]
    return "\n".join(parts)
