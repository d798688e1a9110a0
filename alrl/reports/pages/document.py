"""The page as one HTML text."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from importlib import resources
from string import Template
from typing import Any, ClassVar

from alrl.evaluation.comparison import Comparison
from alrl.reports.figures import Looks, Style, styles
from alrl.reports.pages.about import About
from alrl.reports.pages.altair_charts import bundle, specifications
from alrl.reports.pages.rows import curve_rows, gap_rows, profile_rows, saving_rows
from alrl.reports.pages.sections import head, sections, stills
from alrl.reports.summary import Summary


class _Page(Template):
    delimiter = "%%"
    braceidpattern: ClassVar[str | None] = None


def page(comparison: Comparison, summaries: Sequence[Summary], about: About, *, looks: Looks | None = None) -> str:
    """Return the page as HTML, self-contained; ``summaries`` are those of ``comparison``, one a metric.

    Raises MissingReportExtraError without the extra ``report`` (altair and vl-convert).
    """
    first = summaries[0]
    metrics = [summary.metric for summary in summaries]
    known = styles(comparison.strategies, first.emphasis) if looks is None else looks
    looks = {name: look for name, look in known.items() if name in comparison.strategies}
    study: dict[str, Any] = {
        "specs": specifications(looks, first),
        "curves": list(curve_rows(comparison, metrics)),
        "gaps": list(gap_rows(comparison, first.reference, metrics)),
        "savings": list(saving_rows(summaries)),
        "profiles": list(profile_rows(summaries)),
        "baseline": first.baseline,
    }
    return _Page(_part("template.html")).substitute(
        title=escape(about.title),
        style=_part("page.css"),
        bundle=bundle().replace("</script", "<\\/script"),
        script=_part("page.js"),
        head=head(about, first),
        opening=about.opening,
        data_sets="".join(f"<option>{escape(name)}</option>" for name in comparison.data_sets),
        metrics="".join(f'<option value="{name}">{name.replace("_", " ")}</option>' for name in metrics),
        keys="".join(_key(name, look) for name, look in looks.items()),
        reference=escape(first.reference),
        baseline=escape(first.baseline),
        rounds=str(first.rounds),
        most_rounds=str(max(first.rounds, 100)),
        stills=stills(about),
        sections=sections(summaries, about),
        # "<" would let a data set named "</script>" end the block.
        study=json.dumps(study, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c"),
    )


def _part(name: str) -> str:
    return resources.files("alrl.reports.pages").joinpath(name).read_text(encoding="utf-8")


def _key(name: str, look: Style) -> str:
    # The ink of the page stands in for black, as in the charts.
    colour = "var(--black)" if look.colour == "#000000" else look.colour
    dashes = f' stroke-dasharray="{" ".join(str(1.5 * each) for each in look.dashes)}"' if look.dashes else ""
    return (
        f'<label><input type="checkbox" value="{escape(name)}" checked>'
        f'<svg width="34" height="10" aria-hidden="true"><line x1="0" y1="5" x2="34" y2="5" style="stroke:{colour}" '
        f'stroke-width="{1.5 * look.width}"{dashes}/></svg><span>{escape(name)}</span></label>'
    )
