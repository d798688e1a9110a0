"""A study on one page of Markdown: what was asked, what was found, where it loses, and how it was made."""

from __future__ import annotations

from collections.abc import Sequence

from alrl.reports.pages.checklist import Item
from alrl.reports.pages.policy_card import losses_of
from alrl.reports.summary import Summary
from alrl.reports.tables.across import across_table


def markdown_summary(
    title: str, hypothesis: str, command: str, summaries: Sequence[Summary], items: Sequence[Item], mark: str = ""
) -> str:
    """Return the summary; ``summaries`` are those of one comparison, one a metric; a ``mark`` stands above all."""
    lines = [f"# {title}", ""]
    lines += [f"**{mark}**", ""] if mark else []
    lines += [f"**Hypothesis.** {hypothesis}", ""] if hypothesis else []
    for summary in summaries:
        lines += [f"## AUBC of {summary.metric.replace('_', ' ')}", ""]
        lines += [*_finding(summary), across_table(summary).to_markdown(), ""]
    lines += ["## Command", "", f"    {command}", ""] if command else []
    lines += ["## Reproducibility", ""]
    lines += [f"- **{item.status}** {item.question} {item.answer}" for item in items]
    return "\n".join([*lines, ""])


def _finding(summary: Summary) -> list[str]:
    name = summary.emphasis
    difference = summary.interquartile.get(name) if name else None
    if name is None or difference is None:
        return []
    wins, ties, losses = summary.record(name)
    lost = [f"{data_set} {value:+.2f}" for data_set, value in losses_of(summary, name, summary.reference)]
    gap = f"{difference.value:+.2f} points, 95 % interval {difference.low:+.2f} to {difference.high:+.2f}"
    text = (
        f"**{name}** against **{summary.reference}**: interquartile mean of the paired differences {gap};"
        f" {wins} wins, {ties} ties, {losses} losses over {len(summary.data_sets)} data sets."
    )
    worse, compared = summary.worse_share(name)
    beside = f" Significantly worse than random on {worse} of {compared}." if compared else ""
    return [text + (f" It loses on {', '.join(lost)}." if lost else "") + beside, ""]
