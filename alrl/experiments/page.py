"""The page of a study: one HTML file with interactive curves, tables and provenance, and no network request."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from html import escape
from importlib import resources
from string import Template
from typing import Any, ClassVar

import numpy as np

from alrl.errors import AlrlError
from alrl.experiments.figures import Style, styles
from alrl.experiments.page_tables import across_table, aubc_table, definitions, difference_table, headline
from alrl.experiments.summary import Summary
from alrl.loop.comparison import Comparison
from alrl.loop.curves import METRICS, Interval, mean_interval


class MissingReportExtraError(AlrlError, ImportError):
    """The packages that draw the page are not installed."""


_POINT = "datum.datum || datum"


@dataclass(frozen=True, kw_only=True)
class About:
    """What the page says of the study beside its numbers."""

    title: str
    hypothesis: str = ""
    command: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    provenance: Sequence[Mapping[str, Any]] = ()
    """Of the cells; more than one if they were not all run by the same code on the same machine."""
    mark: str = ""
    """A warning shown on top, such as that the study is incomplete."""
    files: Sequence[str] = ()
    """Files beside the page, relative to it."""


class _Page(Template):
    delimiter = "%%"
    braceidpattern: ClassVar[str | None] = None


def page(comparison: Comparison, summaries: Sequence[Summary], about: About) -> str:
    """The page as HTML, self-contained; ``summaries`` are those of ``comparison``, one a metric.

    Raises MissingReportExtraError without the extra ``report`` (altair and vl-convert).
    """
    first = summaries[0]
    looks = styles(comparison.strategies, first.emphasis)
    study = {
        "specs": {
            "curves": _chart(looks, first.reference, difference=False),
            "differences": _chart(looks, first.reference, difference=True),
        },
        "curves": list(_curve_rows(comparison)),
        "gaps": list(_gap_rows(comparison, first.reference)),
    }
    template = resources.files("alrl.experiments").joinpath("page.html").read_text(encoding="utf-8")
    return _Page(template).substitute(
        title=escape(about.title),
        bundle=_bundle().replace("</script", "<\\/script"),
        head=_head(about, first),
        data_sets="".join(f"<option>{escape(name)}</option>" for name in comparison.data_sets),
        metrics="".join(f'<option value="{name}">{name.replace("_", " ")}</option>' for name in METRICS),
        keys="".join(_key(name, look) for name, look in looks.items()),
        reference=escape(first.reference),
        sections=_sections(summaries, about),
        # "<" would let a data set named "</script>" end the block.
        study=json.dumps(study, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c"),
    )


def _altair() -> Any:
    try:
        import altair as alt
        import vl_convert  # noqa: F401
    except ImportError as error:
        raise MissingReportExtraError(
            f'the page needs {error.name}, which is not installed: pip install "alrl[report]"'
        ) from error
    return alt


@cache
def _bundle() -> str:
    altair = _altair()
    import vl_convert

    version = ".".join(altair.SCHEMA_VERSION.lstrip("v").split(".")[:2])
    # Its type stub asks for a snippet, without which it bundles all of vega-embed.
    bundle: Any = vl_convert.javascript_bundle
    return str(bundle(vl_version=version))


def _chart(looks: Mapping[str, Style], reference: str, *, difference: bool) -> dict[str, Any]:
    alt = _altair()
    shown = "datum.data_set === data_set && datum.metric === metric && indexof(shown, datum.strategy) >= 0"
    names = list(looks)
    title = f"Minus {reference} (points)" if difference else "On the test part (%)"
    colour = alt.Color("strategy:N", scale=_scale(names, [look.colour for look in looks.values()]), legend=None)
    mean = alt.Y("mean:Q", title=title, axis=alt.Axis(tickCount=6), scale=alt.Scale(zero=False))
    x = alt.X(
        "labels:Q",
        title="Queried labels (count)",
        axis=alt.Axis(tickMinStep=1, tickCount=8, grid=False),
        scale=alt.Scale(nice=False),
    )
    base = alt.Chart().transform_filter(shown).encode(x=x, color=colour)
    band = base.mark_area().encode(
        opacity=alt.Opacity(
            "strategy:O",
            scale=_scale(names, [0.28 if look.order == 5 else 0.12 for look in looks.values()]),
            legend=None,
        ),
        y=alt.Y("low:Q", title=title, scale=alt.Scale(zero=False)),
        y2="high:Q",
    )
    line = base.mark_line(interpolate="linear").encode(
        y=mean,
        strokeDash=alt.StrokeDash(
            "strategy:N", scale=_scale(names, [list(look.dashes) or [1, 0] for look in looks.values()]), legend=None
        ),
        strokeWidth=alt.StrokeWidth(
            "strategy:O", scale=_scale(names, [1.5 * look.width for look in looks.values()]), legend=None
        ),
    )
    near = alt.selection_point(
        name="near", on="pointerover,touchstart", nearest=True, empty=False, fields=["labels", "strategy"]
    )
    tooltip = alt.value(alt.expr(_tooltip("+.2f" if difference else ".2f")))
    points = (
        base.mark_point(size=60, filled=True, aria=False)
        .encode(y=mean, opacity=alt.condition(near, alt.value(1), alt.value(0)), tooltip=tooltip)
        .add_params(near)
    )
    zero = (
        alt.Chart(alt.InlineData(values=[{"zero": 0}]))
        .mark_rule(color="#808080")
        .encode(y=alt.Y("zero:Q", title=title))
    )
    state = [
        alt.param(name=name, value=value)
        for name, value in (("data_set", ""), ("metric", METRICS[0]), ("shown", names))
    ]
    chart = alt.layer(*([zero] if difference else []), band, line, points, data=alt.NamedData("rows"))
    description = f"Difference to {reference} by queried labels" if difference else "Learning curves by queried labels"
    chart = chart.properties(width="container", height=340, description=description).add_params(*state)
    return dict(chart.to_dict())


def _tooltip(number: str) -> str:
    # The nearest point's tooltip belongs to its Voronoi cell, whose datum holds the point's: vega-lite's own field
    # tooltips show "undefined" for text there.
    fields = {"labels": "labels", "mean": "mean", "95 % from": "low", "95 % to": "high"}
    texts = [f"'{name}': format(({_POINT}).{of}, '{'d' if of == 'labels' else number}')" for name, of in fields.items()]
    return f"{{'title': ({_POINT}).strategy, {', '.join(texts)}}}"


def _scale(names: list[str], values: list[Any]) -> Any:
    return _altair().Scale(domain=names, range=values)


def _curve_rows(comparison: Comparison) -> Iterator[dict[str, Any]]:
    for curves in comparison:
        for metric in METRICS:
            yield {"data_set": curves.data_set, "strategy": curves.strategy, "metric": metric} | _numbers(
                curves.interval(metric)
            )


def _gap_rows(comparison: Comparison, reference: str) -> Iterator[dict[str, Any]]:
    for curves in comparison:
        pair = comparison.pair(curves.data_set, curves.strategy, reference)
        if pair is not None and curves.strategy != reference:
            for metric in METRICS:
                gap = mean_interval(pair[0].values(metric) - pair[1].values(metric))
                yield {"data_set": curves.data_set, "strategy": curves.strategy, "metric": metric} | _numbers(gap)


def _numbers(interval: Interval) -> dict[str, list[float | None]]:
    """Points with three decimals; an interval that does not exist is null in JSON."""
    return {
        name: [None if np.isnan(value) else round(100 * float(value), 3) for value in part]
        for name, part in zip(Interval._fields, interval, strict=True)
    }


def _key(name: str, look: Style) -> str:
    # The ink of the page stands in for black, as in the charts.
    colour = "var(--black)" if look.colour == "#000000" else look.colour
    dashes = f' stroke-dasharray="{" ".join(str(1.5 * each) for each in look.dashes)}"' if look.dashes else ""
    return (
        f'<label><input type="checkbox" value="{escape(name)}" checked>'
        f'<svg width="34" height="10" aria-hidden="true"><line x1="0" y1="5" x2="34" y2="5" style="stroke:{colour}" '
        f'stroke-width="{1.5 * look.width}"{dashes}/></svg><span>{escape(name)}</span></label>'
    )


def _head(about: About, summary: Summary) -> str:
    parts = [f"<h1>{escape(about.title)}</h1>"]
    if about.mark:
        parts.append(f'<p class="mark" role="alert">{escape(about.mark)}</p>')
    if about.hypothesis:
        parts.append(f"<p><strong>Hypothesis.</strong> {escape(about.hypothesis)}</p>")
    parts.append(headline(summary))
    return "\n".join(parts)


def _sections(summaries: Sequence[Summary], about: About) -> str:
    first, *others = summaries
    parts = [
        _section("AUBC", aubc_table(first)),
        _section(f"AUBC difference to {first.reference}", difference_table(first)),
    ]
    parts.append(_section("Across data sets", across_table(first)))
    for other in others:
        name = other.metric.replace("_", " ")
        body = aubc_table(other) + difference_table(other) + across_table(other)
        parts.append(_section(f"The same in {name}", body))
    if about.settings:
        parts.append(_section("Settings", definitions(about.settings)))
    if about.command:
        parts.append(
            _section("The command that makes it", f'<pre tabindex="0"><code>{escape(about.command)}</code></pre>')
        )
    if about.provenance:
        parts.append(_section("Provenance", _provenance(about.provenance)))
    if about.files:
        links = "".join(f'<li><a href="{escape(name)}">{escape(name)}</a></li>' for name in about.files)
        parts.append(_section("Files beside this page", f"<nav aria-label='Files'><ul>{links}</ul></nav>"))
    return "\n".join(parts)


def _section(title: str, body: str) -> str:
    return f"<section>\n<h2>{escape(title)}</h2>\n{body}\n</section>"


def _provenance(found: Sequence[Mapping[str, Any]]) -> str:
    if len(found) == 1:
        return definitions(found[0])
    warning = f"<p>The cells were run in {len(found)} sittings, whose code, machine or time differ.</p>"
    return warning + "".join(f"<h3>Sitting {place}</h3>{definitions(each)}" for place, each in enumerate(found, 1))
