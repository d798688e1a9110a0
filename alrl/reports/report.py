"""From a run directory to a page, figures and tables; no cell is played again."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from alrl.data.families import akin
from alrl.errors import AlrlError, CodeRefusedError
from alrl.evaluation.comparison import Comparison, page_of
from alrl.evaluation.curves import Curves
from alrl.progress import Bars
from alrl.recipes import references
from alrl.reports.claims import verdicts
from alrl.reports.comparison_report import ReportPart, write_parts
from alrl.reports.figures import Looks, styles
from alrl.reports.figures.canvas import save, versions
from alrl.reports.figures.capabilities import AXES, radar
from alrl.reports.figures.conditions import conditions
from alrl.reports.pages.checklist import RunRecord
from alrl.reports.pages.policy_card import find_policies
from alrl.reports.stored_study import StoredStudy, forget_others, read_study
from alrl.reports.summary import Summary, summarise
from alrl.reports.tables.capabilities import capability_scores, capability_table
from alrl.reports.tables.conditions import as_csv, condition_costs, markdown
from alrl.studies.cell import protocol_of
from alrl.studies.store.store import RESULTS, STUDY, Store, run_id
from alrl.studies.study_agents import refused_classes


class IncompleteStudyError(AlrlError):
    """A study with cells that have not finished.

    To do: run the study to its end, or report what there is by ``--incomplete``.
    """


@dataclass(frozen=True, kw_only=True)
class ReportFiles:
    """Files that :func:`report` wrote."""

    page: Path | None
    """None where the packages that it needs are missing."""
    pages: tuple[Path, ...]
    """The page and those of further learners and batch sizes."""
    figures: tuple[Path, ...]
    tables: tuple[Path, ...]
    texts: tuple[Path, ...]
    """Summaries and policy cards, in Markdown."""
    further: tuple[Path, ...]
    """What conditions cost, and what the protocol alone can tell (:meth:`alrl.studies.protocols.Protocol.report`)."""
    curves: Path
    """Every curve, one row a seed and label count."""
    summaries: tuple[Summary, ...]
    """Of each learner and batch size in the study's first metric, policies of several trainings apart."""
    notes: tuple[str, ...] = ()
    """What could not be written, and why."""


def report(
    run: Path | str,
    *,
    title: str | None = None,
    allow_incomplete: bool = False,
    opening: Callable[[Summary], str] | None = None,
    workers: int | None = 1,
    paper: bool = True,
    bars: Bars | None = None,
) -> ReportFiles:
    """Write page, figures, tables, summary, policy cards and curves of the study in ``run`` into ``run``.

    Reads ``results.sqlite`` and ``study.json`` (``title``, ``hypothesis``, ``command``, ``cells``, ``primary``: the
    strategy that the study is about and the one it is held against, ``settings``). ``title`` replaces the study's own;
    ``opening`` returns HTML that stands before a page's charts. A study with several learners or batch sizes gets one
    page, and one set of figures and tables, for each. A figure that cannot be drawn, and the page without the extra
    ``report``, are named in the notes; the rest is written. ``workers`` processes draw and write, one for each core if
    None; one does where cells name classes, which only this process is known to be able to import. Without ``paper``
    figures are PNG alone: no PDF, which takes as long again, and none a second time as wide as a column. Where the
    environment refuses code of others, what needs it is left out, which page and a warning say.

    Raises IncompleteStudyError if cells are missing, unless ``allow_incomplete``, which then marks every output;
    RunDirectoryError if ``run`` holds no study; StoreError if its results cannot be read.
    """
    folder = Path(run)
    study = read_study(folder / STUDY)
    with Store(folder / RESULTS, read_only=True) as store:
        mark = _completeness(store, study, allow_incomplete)
        # In the order of the study: the order in which cells were finished is chance.
        wanted = [run_id(cell) for cell in study.cells]
        finished = store.finished()
        done = [cell for cell in study.cells if run_id(cell) in finished]
        stored = store.curves(wanted)
        record = RunRecord(
            hypothesis=study.hypothesis,
            command=study.command,
            settings=study.settings,
            cells=study.cells,
            finished=len(done),
            failed=len(set(wanted) & set(store.failures())),
            played=tuple(each for each in store.cells(wanted) if each.finished),
            provenance=store.provenances(wanted),
        )
        curves = store.export_csv(_curves_path(folder, mark), wanted)
        refused = refused_classes(store, study.cells)
    policies, remarks = find_policies(folder, study.cells)
    unknown = sum(each.code is None for each in record.played)
    unidentified = (
        f"Code not identified: {unknown} of {len(record.played)} cells were stored before alrl recorded which code"
        " played them."
    )
    cautions = [*([unidentified] if unknown else []), *akin(str(cell.get("data_set")) for cell in study.cells)]
    remarks = [*remarks, *cautions]
    if refused:
        remarks = [*remarks, f"Left out, for no code of others is run (--no-code): what needs {', '.join(refused)}."]
        warnings.warn(remarks[-1], UserWarning, stacklevel=2)
    comparisons = Comparison.groups(stored)
    slugs = _slugs(comparisons)
    methods = [comparison.of_methods(study.methods) for comparison in comparisons]
    judged = verdicts(study.claims, methods, study.metrics[0])
    apart = [tuple(_summaries(comparison, study)) for comparison in comparisons]
    # Without methods of several trainings they are the same numbers, seconds of bootstrapping each.
    summaries = apart
    if study.methods:
        summaries = [tuple(_summaries(whole, study, each)) for whole, each in zip(methods, apart, strict=True)]
    looks = _looks(methods, summaries[0][0])
    of_protocol: Sequence[Path] = ()
    with suppress(CodeRefusedError):
        of_protocol = protocol_of(study.cells[0]).report(stored, folder, mark=mark)
    further = (
        *of_protocol,
        *write_conditions(stored, folder, mark=mark, looks=looks, paper=paper),
        *write_capabilities(methods, folder, study.primary, mark=mark, looks=looks, paper=paper),
    )
    parts: list[ReportPart] = []
    beside: list[list[str]] = []
    for place, (comparison, whole, slug) in enumerate(zip(comparisons, methods, slugs, strict=True)):
        own = [cell for cell, each in zip(done, stored, strict=True) if page_of(each) == page_of(comparison)]
        others = {
            f"index{other}.html": f"{each.setting}, batch {each.batch}"
            for each, other in zip(comparisons, slugs, strict=True)
            if other != slug
        }
        page = ReportPart(
            # Worker processes may be of an earlier call, and in another folder.
            folder=folder.absolute(),
            slug=slug,
            mark=mark,
            title=(title or study.title) + (f" ({comparison.setting}, batch {comparison.batch})" if others else ""),
            record=record,
            comparison=whole,
            summaries=summaries[place],
            policies_apart=comparison,
            summaries_apart=apart[place],
            verdicts=judged[page_of(whole)],
            cells=own,
            policies=policies,
            remarks=remarks,
            looks=looks,
            opening="" if opening is None else opening(summaries[place][0]),
            siblings=others,
            paper=paper,
        )
        parts.append(page)
        beside.append([*others, curves.name, *(path.name for path in further)])
    alone = next(references([*study.cells]), None) is not None
    written = write_parts(parts, beside, workers=1 if alone else workers, bars=bars or Bars(quiet=True))
    files = ReportFiles(
        page=written[0].page,
        pages=tuple(part.page for part in written if part.page is not None),
        figures=tuple(path for part in written for path in part.figures),
        tables=tuple(path for part in written for path in part.tables),
        texts=tuple(path for part in written for path in part.texts),
        further=further,
        curves=curves,
        summaries=tuple(each[0] for each in apart),
        notes=tuple(dict.fromkeys([*cautions, *(note for part in written for note in part.notes)])),
    )
    forget_others(folder, (*files.pages, *files.figures, *files.tables, *files.texts, *further, curves))
    return files


def _curves_path(folder: Path, mark: str) -> Path:
    """Return the path of the curves, whose name says whether the numbers will change; delete the other name's file."""
    whole, part = folder / "curves.csv", folder / "curves-incomplete.csv"
    (whole if mark else part).unlink(missing_ok=True)
    return part if mark else whole


def _completeness(store: Store, study: StoredStudy, allow_incomplete: bool) -> str:
    finished, failures = store.finished(), store.failures()
    ids = [run_id(cell) for cell in study.cells]
    missing = [place for place, each in enumerate(ids) if each not in finished]
    if not missing and ids:
        return ""
    done = len(ids) - len(missing)
    failed = [failures[ids[place]] for place in missing if ids[place] in failures]
    reason = f"; {len(failed)} failed, the first with {_last_line(failed[0])!r}" if failed else ""
    if not allow_incomplete or not done:
        advice = "run the study again to finish it"
        advice += ", or report --incomplete (allow_incomplete=True)" if done else ""
        raise IncompleteStudyError(f"{done} of {len(ids)} cells of {study.title!r} are finished{reason}: {advice}")
    return f"INCOMPLETE: {done} of {len(ids)} cells finished; numbers will change."


def _last_line(traceback: str) -> str:
    return (traceback.strip().splitlines() or ["no traceback"])[-1]


def _summaries(comparison: Comparison, study: StoredStudy, apart: Sequence[Summary] = ()) -> list[Summary]:
    """Return one summary a metric; ``apart`` are those in which policies stand for themselves."""
    method = {name: base for base, names in study.methods.items() for name in names}
    names = comparison.strategies
    primary = study.primary or (None, None)
    emphasis, reference = (
        name if name in names else method[name] if name in method and method[name] in names else None
        for name in map(str, primary)
    )
    summaries = []
    for place, metric in enumerate(study.metrics):
        trainings = {
            base: [apart[place].across[name].mean.value for name in trained if name in apart[place].across]
            for base, trained in (study.methods.items() if apart else ())
            if base in names
        }
        summaries.append(
            summarise(
                comparison,
                metric=metric,
                reference=reference,
                emphasis=emphasis,
                upper_bounds=study.upper_bounds,
                trainings={base: values for base, values in trainings.items() if len(values) > 1},
            )
        )
    return summaries


def _looks(comparisons: Sequence[Comparison], summary: Summary) -> Looks:
    """Return one look for each strategy of the study, by the first comparison's ranks."""
    names = list(dict.fromkeys(name for comparison in comparisons for name in comparison.strategies))
    return styles(names, summary.emphasis, reference=summary.reference, ranks=summary.ranks)


def _slugs(comparisons: Sequence[Comparison]) -> list[str]:
    """Return a distinct ending of file names for each comparison; none for the first."""
    endings = [""]
    for comparison in comparisons[1:]:
        ending = "-" + re.sub(r"[^a-z0-9]+", "-", f"{comparison.setting} batch {comparison.batch}".lower()).strip("-")
        endings.append(ending if ending not in endings else f"{ending}-{len(endings)}")
    return endings


def write_conditions(
    curves: Sequence[Curves], folder: Path, *, mark: str = "", looks: Looks | None = None, paper: bool = True
) -> list[Path]:
    """Write ``conditions.md``, ``.csv`` and the figures into ``folder``; return the files, none without conditions."""
    costs = condition_costs(curves)
    if not costs:
        return []
    paths = [folder / "conditions.md", folder / "conditions.csv"]
    paths[0].write_text(markdown(costs, mark=mark), encoding="utf-8")
    paths[1].write_text(as_csv(costs), encoding="utf-8")
    for place, setting in enumerate(dict.fromkeys((cost.learner, cost.batch) for cost in costs)):
        of_setting = [cost for cost in costs if (cost.learner, cost.batch) == setting]
        stem = folder / ("conditions" + (f"-{place}" if place else ""))
        for figure, path in versions(partial(conditions, of_setting, mark=mark, looks=looks), stem, paper=paper):
            paths += save(figure, path, paper=paper)
    return paths


def write_capabilities(
    comparisons: Sequence[Comparison],
    folder: Path,
    primary: tuple[str, str] | None,
    *,
    mark: str = "",
    looks: Looks | None = None,
    paper: bool = True,
) -> list[Path]:
    """Write ``capabilities.md``, ``.csv`` and the radar into ``folder``; return the files, none below three conditions.

    ``primary`` is the strategy that the study is about and the one that is the ring of zero.
    """
    scores = [] if primary is None else capability_scores(comparisons, primary[1])
    if primary is None or len({score.capability for score in scores}) < AXES:
        return []
    table = capability_table(scores, primary[1], mark=mark)
    paths = [folder / "capabilities.md", folder / "capabilities.csv"]
    paths[0].write_text(table.to_markdown(), encoding="utf-8")
    paths[1].write_text(table.to_csv(), encoding="utf-8")
    draw = partial(radar, scores, *primary, mark=mark, looks=looks)
    for figure, path in versions(draw, folder / "capabilities", paper=paper):
        paths += save(figure, path, paper=paper)
    return paths
