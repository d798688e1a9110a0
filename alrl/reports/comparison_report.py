"""The report of one comparison of a study: one learner, one batch size."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import joblib
from matplotlib.figure import Figure

from alrl.agents.policy import Policy
from alrl.evaluation.comparison import Comparison
from alrl.evaluation.latex import COLUMN, PAGE, TEXT
from alrl.evaluation.table import Table
from alrl.progress import Bars
from alrl.reports import figures
from alrl.reports.claims import ClaimVerdict
from alrl.reports.pages import About, MissingReportExtraError, page
from alrl.reports.pages.about import Still
from alrl.reports.pages.checklist import Item, RunRecord, checklist
from alrl.reports.pages.markdown_summary import markdown_summary
from alrl.reports.pages.policy_card import PolicyCard, policy_card
from alrl.reports.picks.picks import Picks, see_picks
from alrl.reports.summary import Summary
from alrl.reports.tables import aubc
from alrl.reports.tables.across import across_table, ratings_table
from alrl.reports.tables.training import training_table

_WIDTHS = {"": TEXT, "-column": COLUMN, "-page": PAGE}
"""Endings of LaTeX files, and the inches that their tables fit."""
_STILLS = {
    "critical-difference": (
        "ranks",
        "Critical-difference diagram: mean ranks of all strategies; numbers in the table above",
    ),
    "outcomes": ("outcomes", "Matrix of wins, ties and losses of each strategy against each other"),
    "pick-profile": ("picks", "Features of picked records along the budget, beside those of the pool"),
    "pick-overlap": ("picks", "Share of picks that each rule would have made in the same state, along the budget"),
    "pick-embedding": ("picks", "Pools on two principal components, with picks coloured by their order"),
}
"""Figures that the page shows as they are: where, and in words."""


@dataclass(frozen=True, kw_only=True)
class Written:
    """Files of one comparison."""

    page: Path | None
    """None where the packages that it needs are missing."""
    figures: tuple[Path, ...]
    tables: tuple[Path, ...]
    texts: tuple[Path, ...]
    notes: tuple[str, ...] = ()
    """What could not be written, and why."""


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """One figure."""

    files: tuple[Path, ...] = ()
    still: Still | None = None
    """The figure as the page shows it, if it does."""
    note: str = ""
    """Why it could not be drawn."""


@dataclass(frozen=True, kw_only=True)
class ReportPart:
    """One comparison, ready to be written."""

    folder: Path
    slug: str
    """Ending of its files' names."""
    mark: str
    title: str
    record: RunRecord
    comparison: Comparison
    summaries: tuple[Summary, ...]
    """One a metric, the first the study's own."""
    policies_apart: Comparison
    """The same with a method's policies for themselves, one a training seed."""
    summaries_apart: tuple[Summary, ...]
    verdicts: Sequence[ClaimVerdict]
    """On the claims that belong to this comparison."""
    cells: Sequence[Mapping[str, Any]]
    """Specifications of the comparison's cells."""
    policies: Mapping[str, Policy]
    remarks: Sequence[str]
    looks: figures.Looks
    """Of every strategy of the study, one wherever it is drawn."""
    opening: str = ""
    """HTML before the page's charts."""
    siblings: Mapping[str, str] = field(default_factory=dict)
    """The study's other pages, and the settings that each is about."""
    paper: bool = True
    """Whether figures are also written for print: as PDF, and again as wide as a column."""

    def see_picks(self) -> Picks:
        """Return what strategies picked, played again where the figures show it."""
        return see_picks(self.policies_apart, self.summaries_apart[0], self.cells)

    def write(self, picks: Picks, drawn: Sequence[Drawn], beside: Sequence[str]) -> Written:
        """Write tables, texts and the page, which shows the figures ``drawn``.

        ``beside`` are names of further files that the page is to link. A figure that could not be drawn, and the page
        where its packages are missing, are named in the notes, and everything else is written.
        """
        figure_files = [path for each in drawn for path in each.files]
        stills = [each.still for each in drawn if each.still is not None]
        notes = [each.note for each in drawn if each.note]
        cards = [
            policy_card(name, policy, self.summaries_apart, self.policies_apart)
            for name, policy in self.policies.items()
        ]
        items = checklist(self.record, self.summaries[0], list(self.policies))
        tabulated = self._tables()
        texts = self._texts(items, cards)
        # Of a figure the page names the file for print alone, if there is one: its pixels lie beside it.
        print_files = [path for path in figure_files if path.suffix == ".pdf" or not self.paper]
        linked = [path.relative_to(self.folder).as_posix() for path in (*print_files, *tabulated, *texts)]
        about = About(
            title=self.title,
            hypothesis=self.record.hypothesis,
            verdicts=self.verdicts,
            command=self.record.command,
            settings=self.record.settings,
            provenance=self.record.provenance,
            mark=self.mark,
            opening=self.opening,
            siblings=self.siblings,
            files=(*beside, *linked),
            stills=stills,
            cards=cards,
            checklist=items,
            remarks=(*self.remarks, *_reasons(picks), *notes),
        )
        file: Path | None = None
        try:
            file = _write(
                self.folder / f"index{self.slug}.html", page(self.comparison, self.summaries, about, looks=self.looks)
            )
        except MissingReportExtraError as error:
            # The page that told of the run while it was played would load itself again for ever.
            (self.folder / f"index{self.slug}.html").unlink(missing_ok=True)
            notes.append(str(error))
        return Written(
            page=file, figures=tuple(figure_files), tables=tuple(tabulated), texts=tuple(texts), notes=tuple(notes)
        )

    def to_draw(self, picks: Picks) -> Iterator[tuple[str, Callable[[], Figure]]]:
        """Yield the name of each figure, and what draws it."""
        for summary in self.summaries:
            ending = "" if summary is self.summaries[0] else "-" + summary.metric.removesuffix("_accuracy")
            look: dict[str, Any] = {"metric": summary.metric, "emphasis": summary.emphasis, "mark": self.mark}
            look["looks"] = self.looks
            yield f"learning-curves{ending}", partial(figures.learning_curves, self.comparison, **look)
            if len(summary.strategies) > 1:
                gaps = partial(figures.differences, self.comparison, reference=summary.reference, **look)
                yield f"differences{ending}", gaps
                yield f"ranking{ending}", partial(figures.ranking, summary, mark=self.mark, looks=self.looks)
        yield from self._figures_over_sets(self.summaries[0])
        if picks.own:
            profile = partial(
                figures.pick_profile, picks.replays, emphasis=picks.subject, mark=self.mark, looks=self.looks
            )
            yield "pick-profile", profile
            if any(each.overlap for each in picks.own):
                yield "pick-overlap", partial(figures.pick_overlap, picks.own, mark=self.mark, looks=self.looks)
        if picks.projections:
            yield "pick-embedding", partial(figures.pick_embedding, picks.projections, mark=self.mark)

    def _figures_over_sets(self, summary: Summary) -> Iterator[tuple[str, Callable[[], Figure]]]:
        if len(summary.strategies) < 2:
            return
        mark = self.mark
        if summary.baseline != summary.reference:
            look: dict[str, Any] = {"metric": summary.metric, "emphasis": summary.emphasis, "mark": mark}
            look["looks"] = self.looks
            gaps = partial(figures.differences, self.comparison, reference=summary.baseline, **look)
            yield f"differences-{summary.baseline}", gaps
        if summary.friedman is not None:
            yield "critical-difference", partial(figures.critical_difference, summary, mark=mark, looks=self.looks)
        yield "outcomes", partial(figures.outcome_matrix, summary, mark=mark)
        yield "performance-profile", partial(figures.performance_profile, summary, mark=mark, looks=self.looks)
        yield "break-even", partial(figures.break_even, summary, mark=mark, looks=self.looks)

    def _tables(self) -> list[Path]:
        each = {"mark": self.mark}
        markdown = [
            "\n".join(table(one, **each).to_markdown() for table in (aubc.area_table, across_table, ratings_table))
            for one in self.summaries
        ]
        texts = {
            f"table{self.slug}.md": "\n".join(markdown),
            f"table{self.slug}.csv": aubc.csv_table(list(self.summaries), mark=self.mark),
        }
        for ending, width in _WIDTHS.items():
            texts[f"table{self.slug}{ending}.tex"] = self._latex({"area": aubc.area_table}, width)
            texts[f"across{self.slug}{ending}.tex"] = self._latex(
                {"across": across_table, "ratings": ratings_table}, width
            )
        trained = training_table(self.policies, self.summaries_apart[0], mark=self.mark)
        texts |= {f"training{self.slug}.md": trained} if trained else {}
        return [_write(self.folder / name, text) for name, text in texts.items()]

    def _latex(self, tables: Mapping[str, Callable[..., Table]], width: float) -> str:
        """Return each table of each metric, at most ``width`` inches wide."""
        return "\n".join(
            table(one, mark=self.mark).to_latex(width=width, label=f"{name}-{one.metric.replace('_', '-')}{self.slug}")
            for one in self.summaries
            for name, table in tables.items()
        )

    def _texts(self, items: Sequence[Item], cards: Sequence[PolicyCard]) -> list[Path]:
        record = self.record
        text = markdown_summary(
            self.title, record.hypothesis, record.command, self.summaries, items, self.verdicts, self.mark
        )
        warned = f"**{self.mark}**\n\n" if self.mark else ""
        written = [_write(self.folder / f"summary{self.slug}.md", text)]
        for card in cards:
            # A name is the author's to choose: in a file's name it is letters and digits.
            stem = re.sub(r"[^A-Za-z0-9._-]+", "-", card.name)
            path = self.folder / f"policy-{stem}{self.slug}.md"
            written.append(_write(path, warned + card.markdown()))
        return written


def write_parts(
    parts: Sequence[ReportPart], beside: Sequence[Sequence[str]], *, workers: int | None, bars: Bars
) -> list[Written]:
    """Write the parts, each with the names of files ``beside`` it, in ``workers`` processes, one for each core if None.

    Figures are drawn side by side, of however many parts.
    """
    run = partial(_side_by_side, workers=workers or os.cpu_count() or 1, bars=bars)
    picks = run("see what was picked", [joblib.delayed(ReportPart.see_picks)(part) for part in parts])
    named = [(place, *each) for place, part in enumerate(parts) for each in part.to_draw(picks[place])]
    stems = [parts[place].folder / "figures" / f"{name}{parts[place].slug}" for place, name, _ in named]
    jobs = [
        joblib.delayed(_drawn)(name, draw, stem, paper=parts[place].paper)
        for (place, name, draw), stem in zip(named, stems, strict=True)
    ]
    drawn: list[list[Drawn]] = [[] for _ in parts]
    for (place, *_), each in zip(named, run("draw figures", jobs), strict=True):
        drawn[place].append(each)
    return run(
        "write pages",
        [joblib.delayed(ReportPart.write)(*each) for each in zip(parts, picks, drawn, beside, strict=True)],
    )


def _side_by_side(title: str, jobs: Sequence[Any], *, workers: int, bars: Bars) -> list[Any]:
    """Return what each job returned."""
    bar, done = bars.bar(title, len(jobs)), []
    for each in joblib.Parallel(n_jobs=min(workers, max(len(jobs), 1)), return_as="generator")(jobs):
        done.append(each)
        bar.advance()
    bar.done()
    return done


def _drawn(name: str, draw: Callable[[], Figure], stem: Path, *, paper: bool) -> Drawn:
    files: list[Path] = []
    still = None
    try:
        for figure, path in figures.versions(draw, stem, paper=paper):
            files += figures.save(figure, path, paper=paper)
            if name in _STILLS and path == stem:
                place, words = _STILLS[name]
                still = Still(name=place, svg=figures.as_svg(figure), alternative=words)
    except Exception as error:  # noqa: BLE001 - one figure must not cost the others; the reason is shown
        note = f"The figure {name} could not be drawn ({type(error).__name__}: {error})"
        return Drawn(files=tuple(files), still=still, note=note)
    return Drawn(files=tuple(files), still=still)


def _reasons(picks: Picks) -> Iterator[str]:
    """Yield why picks are not shown, data sets of one reason together."""
    by_reason: dict[str, list[str]] = {}
    for data_set, reason in picks.left_out.items():
        by_reason.setdefault(reason, []).append(data_set)
    for reason, names in by_reason.items():
        yield f"Picks on {', '.join(names)} are not shown: {reason}"


def _write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path
