"""The page's charts, as Vega-Lite specifications made with Altair, and the script that draws them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from textwrap import wrap
from typing import Any

from alrl.errors import AlrlError
from alrl.evaluation.curves import METRICS
from alrl.reports.figures import Style
from alrl.reports.summary import Summary


class MissingReportExtraError(AlrlError, ImportError):
    """The packages that draw the page are not installed.

    To do: install it: ``pip install "alrl[report]"``.
    """


_POINT = "datum.datum || datum"
_SHOWN = "datum.metric === metric && indexof(shown, datum.strategy) >= 0"


def specifications(looks: Mapping[str, Style], summary: Summary) -> dict[str, Any]:
    """Return vega-Lite specifications by the id of the element that holds each chart.

    Their data come by the name ``rows``.
    """
    return {
        "curves": _along(
            looks,
            "On the test part (%)",
            f"datum.data_set === data_set && {_SHOWN}",
            "Learning curves by queried labels",
        ),
        "differences": _along(
            looks,
            "Difference (points)",
            f"datum.data_set === data_set && datum.against === against && {_SHOWN}",
            "Paired difference by queried labels",
            zero=True,
        ),
        "savings": _savings(looks, summary),
        "profile": _profile(looks, summary),
    }


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
def bundle() -> str:
    """Return vega, Vega-Lite and vega-embed in one script, in the versions that the specifications are written for."""
    altair = _altair()
    import vl_convert

    version = ".".join(altair.SCHEMA_VERSION.lstrip("v").split(".")[:2])
    # Its type stub asks for a snippet, without which it bundles all of vega-embed.
    made: Any = vl_convert.javascript_bundle
    return str(made(vl_version=version))


def _along(
    looks: Mapping[str, Style], title: str, shown: str, description: str, *, zero: bool = False
) -> dict[str, Any]:
    """Return lines with bands over the label count."""
    alt = _altair()
    x = alt.X(
        "labels:Q",
        title="Queried labels (count)",
        axis=alt.Axis(tickMinStep=1, tickCount=8, grid=False),
        scale=alt.Scale(nice=False),
    )
    y = alt.Y("mean:Q", title=title, axis=alt.Axis(tickCount=6), scale=alt.Scale(zero=False))
    base = alt.Chart().transform_filter(shown).encode(x=x, color=_colour(looks))
    number = "+.2f" if zero else ".2f"
    tooltip = _tooltip({"labels": ("labels", "d"), "mean": ("mean", number), **_ends(number)})
    layers = [_band(base, looks, title), _line(base, looks, y), _points(base, y, tooltip, ["labels", "strategy"])]
    if zero:
        layers.insert(0, _rule_at_zero("y"))
    return _finished(alt.layer(*layers, data=alt.NamedData("rows")), looks, description, 340)


def _profile(looks: Mapping[str, Style], summary: Summary) -> dict[str, Any]:
    """Return the share of runs beyond each threshold."""
    alt = _altair()
    x = alt.X(
        "threshold:Q",
        title=_lines(f"AUBC minus {summary.baseline}, τ (points)"),
        axis=alt.Axis(tickCount=8, grid=False),
        scale=alt.Scale(nice=False),
    )
    title = "Runs above τ (%)"
    y = alt.Y("mean:Q", title=title, axis=alt.Axis(tickCount=6), scale=alt.Scale(domain=[0, 100]))
    base = alt.Chart().transform_filter(_SHOWN).encode(x=x, color=_colour(looks))
    tooltip = _tooltip({"above τ =": ("threshold", "+.2f"), "runs (%)": ("mean", ".1f"), **_ends(".1f")})
    layers = [
        _rule_at_zero("x"),
        _band(base, looks, title),
        _line(base, looks, y),
        _points(base, y, tooltip, ["threshold", "strategy"]),
    ]
    chart = alt.layer(*layers, data=alt.NamedData("rows"))
    return _finished(chart, looks, "Performance profile: share of runs by difference of AUBC", 320)


def _savings(looks: Mapping[str, Style], summary: Summary) -> dict[str, Any]:
    """Return a dot a data set and strategy, beside what has to be saved."""
    alt = _altair()
    names = [name for name in looks if name != summary.baseline]
    chosen = "datum.data_set === data_set"
    x = alt.X(
        "saving:Q",
        title=_lines("Labels saved (%); left of 0: target never reached"),
        axis=alt.Axis(values=list(range(0, 101, 20))),
        scale=alt.Scale(domain=[-10, 100]),
    )
    y = alt.Y("strategy:N", title=None, sort=names, axis=alt.Axis(labelLimit=140))
    base = alt.Chart().transform_filter(_SHOWN)
    dots = base.mark_point(filled=True).encode(
        x=x,
        y=y,
        color=_colour(looks),
        size=alt.condition(chosen, alt.value(150), alt.value(45)),
        opacity=alt.condition(chosen, alt.value(1), alt.value(0.45)),
        tooltip=alt.value(
            alt.expr(
                "{'title': datum.strategy + ' on ' + datum.data_set,"
                " 'labels saved': datum.never ? 'target not reached' : format(datum.saving, '.1f') + ' %'}"
            )
        ),
    )
    middle = base.mark_tick(thickness=3, size=22).encode(x=alt.X("mean(middle):Q"), y=y, color=_colour(looks))
    need = alt.Chart(alt.InlineData(values=[{"one": 1}])).transform_calculate(need="need")
    rule = need.mark_rule(color="#808080", strokeWidth=2, strokeDash=[6, 3]).encode(x="need:Q")
    label = need.mark_text(align="left", dx=5, dy=-6, fontSize=12, color="#808080").encode(
        x="need:Q", y=alt.value(0), text=alt.value("break-even")
    )
    chart = alt.layer(rule, label, middle, dots, data=alt.NamedData("rows"))
    height = max(60, 34 * len(names))
    return _finished(chart, looks, "Labels saved by strategy and data set, beside the break-even", height)


def _lines(title: str) -> list[str]:
    """Return the title of an axis in lines that a phone has room for."""
    return wrap(title, 34)


def _finished(chart: Any, looks: Mapping[str, Style], description: str, height: int) -> dict[str, Any]:
    """With the page's state as parameters."""
    alt = _altair()
    state = {"data_set": "", "metric": METRICS[0], "shown": list(looks), "against": "", "need": 0}
    params = [alt.param(name=name, value=value) for name, value in state.items()]
    return dict(
        chart.properties(width="container", height=height, description=description).add_params(*params).to_dict()
    )


def _colour(looks: Mapping[str, Style]) -> Any:
    return _altair().Color("strategy:N", scale=_scale(looks, [look.colour for look in looks.values()]), legend=None)


def _band(base: Any, looks: Mapping[str, Style], title: str) -> Any:
    alt = _altair()
    strength = _scale(looks, [(0.28 if look.order == 5 else 0.12) * look.shaded for look in looks.values()])
    return base.mark_area().encode(
        opacity=alt.Opacity("strategy:O", scale=strength, legend=None),
        y=alt.Y("low:Q", title=title, scale=alt.Scale(zero=False)),
        y2="high:Q",
    )


def _line(base: Any, looks: Mapping[str, Style], y: Any) -> Any:
    alt = _altair()
    strokes = _scale(looks, [list(look.dashes) or [1, 0] for look in looks.values()])
    widths = _scale(looks, [1.5 * look.width for look in looks.values()])
    return base.mark_line(interpolate="linear").encode(
        y=y,
        strokeDash=alt.StrokeDash("strategy:N", scale=strokes, legend=None),
        strokeWidth=alt.StrokeWidth("strategy:O", scale=widths, legend=None),
    )


def _points(base: Any, y: Any, tooltip: Any, fields: list[str]) -> Any:
    """Return points that show themselves, and their values, when the pointer is near."""
    alt = _altair()
    near = alt.selection_point(name="near", on="pointerover,touchstart", nearest=True, empty=False, fields=fields)
    return (
        base.mark_point(size=60, filled=True, aria=False)
        .encode(y=y, opacity=alt.condition(near, alt.value(1), alt.value(0)), tooltip=tooltip)
        .add_params(near)
    )


def _rule_at_zero(axis: str) -> Any:
    alt = _altair()
    zero = alt.Chart(alt.InlineData(values=[{"zero": 0}])).mark_rule(color="#808080")
    return zero.encode(**{axis: "zero:Q"})


def _ends(number: str) -> dict[str, tuple[str, str]]:
    return {"95 % from": ("low", number), "95 % to": ("high", number)}


def _tooltip(fields: Mapping[str, tuple[str, str]]) -> Any:
    # The nearest point's tooltip belongs to its Voronoi cell, whose datum holds the point's: vega-lite's own field
    # tooltips show "undefined" for text there.
    alt = _altair()
    texts = [f"'{name}': format(({_POINT}).{of}, '{number}')" for name, (of, number) in fields.items()]
    return alt.value(alt.expr(f"{{'title': ({_POINT}).strategy, {', '.join(texts)}}}"))


def _scale(looks: Mapping[str, Style], values: list[Any]) -> Any:
    # A point scale, the default of what has no colour, would take the range for the ends of an interval.
    return _altair().Scale(type="ordinal", domain=list(looks), range=values)
