"""A study on one page of Markdown: what was asked, what was found, where it loses, and how it was made."""

from __future__ import annotations

from collections.abc import Sequence

from alrl.reports.claims import ClaimVerdict
from alrl.reports.pages.checklist import Item
from alrl.reports.pages.policy_card import losses_of
from alrl.reports.summary import Summary
from alrl.reports.tables.across import across_table, interval, ratings_table


def markdown_summary(
    title: str,
    hypothesis: str,
    command: str,
    summaries: Sequence[Summary],
    items: Sequence[Item],
    verdicts: Sequence[ClaimVerdict] = (),
    mark: str = "",
) -> str:
    """Return the summary; ``summaries`` are those of one comparison, one a metric; a ``mark`` stands above all."""
    lines = [f"# {title}", ""]
    lines += [f"**{mark}**", ""] if mark else []
    lines += [f"**Hypothesis.** {hypothesis}", ""] if hypothesis else []
    claims = [f"- **{each.verdict}**: {each.claim.words}. {each.evidence}" for each in verdicts]
    lines += ["## Claims", "", *claims, ""] if claims else []
    for summary in summaries:
        lines += [f"## AUBC of {summary.metric.replace('_', ' ')}", ""]
        lines += [*_finding(summary), across_table(summary).to_markdown(), "", ratings_table(summary).to_markdown(), ""]
    lines += ["## Command", "", f"    {command}", ""] if command else []
    lines += ["## Reproducibility", ""]
    lines += [f"- **{item.status}** {item.question} {item.answer}" for item in items]
    return "\n".join([*lines, ""])


def _finding(summary: Summary) -> list[str]:
    name = summary.emphasis
    across = summary.across.get(name) if name else None
    if name is None or across is None:
        return []
    wins, ties, losses = summary.record(name)
    lost = [f"{data_set} {value:+.2f}" for data_set, value in losses_of(summary, name, summary.reference)]
    text = (
        f"**{name}** against **{summary.reference}**: mean of the paired differences {interval(across.mean, '+.2f')}"
        f" points over {len(summary.data_sets)} data sets, worst {across.worst[1]:+.2f} on {across.worst[0]}; midmean"
        f" {interval(across.midmean, '+.2f')}, over the seeds of these data sets alone"
        f" {across.midmean_seeds.low:+.2f} to {across.midmean_seeds.high:+.2f}; {wins} wins, {ties} ties, {losses}"
        " losses."
    )
    worse, compared = summary.worse_share(name)
    beside = f" Worse than random on {worse} of {compared}." if compared else ""
    return [text + (f" It loses on {', '.join(lost)}." if lost else "") + beside, ""]
