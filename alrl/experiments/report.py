"""From a run directory to a page, figures and tables; nothing is ever run again."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alrl.errors import AlrlError
from alrl.experiments import figures, tables
from alrl.experiments.page import About, page
from alrl.experiments.store import Store, run_id
from alrl.experiments.summary import Summary, summarise
from alrl.loop.comparison import Comparison
from alrl.loop.curves import METRICS

RESULTS = "results.sqlite"
STUDY = "study.json"


class IncompleteStudyError(AlrlError):
    """A study with cells that have not finished."""


class RunDirectoryError(AlrlError):
    """A directory that holds no study, or whose description cannot be read."""


@dataclass(frozen=True, kw_only=True)
class ReportFiles:
    """What :func:`report` wrote."""

    page: Path
    pages: tuple[Path, ...]
    """The page and those of further learners and batch sizes."""
    figures: tuple[Path, ...]
    tables: tuple[Path, ...]
    curves: Path
    """Every curve, one row a seed and label count."""


@dataclass(frozen=True, kw_only=True)
class _Study:
    title: str
    hypothesis: str
    command: str
    cells: Sequence[Mapping[str, Any]]
    primary: tuple[str, str] | None
    settings: Mapping[str, Any]


def report(run: Path | str, *, title: str | None = None, allow_incomplete: bool = False) -> ReportFiles:
    """Write page, figures, tables and curves of the study in ``run`` into ``run``.

    Reads ``results.sqlite`` and ``study.json`` (``title``, ``hypothesis``, ``command``, ``cells``, ``primary``: the
    strategy that the study is about and the one it is held against, ``settings``). ``title`` replaces the study's own.
    A study with several learners or batch sizes gets one page, and one set of figures and tables, for each.

    Raises IncompleteStudyError if cells are missing, unless ``allow_incomplete``, which then marks every output;
    RunDirectoryError if ``run`` holds no study; StoreError if its results cannot be read.
    """
    folder = Path(run)
    study = _read_study(folder / STUDY)
    with Store(folder / RESULTS, read_only=True) as store:
        mark = _completeness(store, study, allow_incomplete)
        # In the order of the study: the order in which cells were finished is chance.
        wanted = [run_id(cell) for cell in study.cells]
        comparisons = Comparison.groups(store.curves(wanted))
        provenance = store.provenances(wanted)
        curves = store.export_csv(folder / "curves.csv", wanted)
    slugs = _slugs(comparisons)
    pages: list[Path] = []
    drawn: list[Path] = []
    written: list[Path] = []
    for comparison, slug in zip(comparisons, slugs, strict=True):
        summaries = _summaries(comparison, study.primary)
        drawn_here = _draw(comparison, summaries, folder / "figures", slug, mark)
        written_here = _tabulate(summaries, folder, slug, mark)
        others = [f"index{other}.html" for other in slugs if other != slug]
        beside = [path.relative_to(folder).as_posix() for path in (*drawn_here, *written_here, curves)]
        about = About(
            title=(title or study.title) + (f" ({comparison.learner}, batch {comparison.batch})" if others else ""),
            hypothesis=study.hypothesis,
            command=study.command,
            settings=study.settings,
            provenance=provenance,
            mark=mark,
            files=(*others, *beside),
        )
        pages.append(_write(folder / f"index{slug}.html", page(comparison, summaries, about)))
        drawn += drawn_here
        written += written_here
    return ReportFiles(page=pages[0], pages=tuple(pages), figures=tuple(drawn), tables=tuple(written), curves=curves)


def _read_study(path: Path) -> _Study:
    if not path.is_file():
        raise RunDirectoryError(f"{path} does not exist: give the directory that `alrl run` named at its end")
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        primary = found.get("primary")
        return _Study(
            title=str(found["title"]),
            hypothesis=str(found.get("hypothesis", "")),
            command=str(found.get("command", "")),
            cells=[dict(cell) for cell in found["cells"]],
            primary=None if primary is None else (str(primary[0]), str(primary[1])),
            settings=dict(found.get("settings", {})),
        )
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise RunDirectoryError(
            f"{path} does not describe a study ({type(error).__name__}: {error}); it needs title and cells: "
            "run the study again"
        ) from error


def _completeness(store: Store, study: _Study, allow_incomplete: bool) -> str:
    finished, failures = store.finished(), store.failures()
    ids = [run_id(cell) for cell in study.cells]
    missing = [place for place, each in enumerate(ids) if each not in finished]
    if not missing and ids:
        return ""
    done = len(ids) - len(missing)
    failed = [failures[ids[place]] for place in missing if ids[place] in failures]
    reason = f"; {len(failed)} failed, the first with {_last_line(failed[0])!r}" if failed else ""
    if not allow_incomplete or not done:
        advice = "run the study again to finish it" + (", or report with allow_incomplete=True" if done else "")
        raise IncompleteStudyError(f"{done} of {len(ids)} cells of {study.title!r} are finished{reason}: {advice}")
    return f"INCOMPLETE: {done} of {len(ids)} cells finished; numbers will change."


def _last_line(traceback: str) -> str:
    return (traceback.strip().splitlines() or ["no traceback"])[-1]


def _summaries(comparison: Comparison, primary: tuple[str, str] | None) -> list[Summary]:
    names = comparison.strategies
    emphasis, reference = (name if name in names else None for name in primary or (None, None))
    return [summarise(comparison, metric=metric, reference=reference, emphasis=emphasis) for metric in METRICS]


def _slugs(comparisons: Sequence[Comparison]) -> list[str]:
    """A distinct ending of file names for each comparison; none for the first."""
    endings = [""]
    for each in comparisons[1:]:
        ending = "-" + re.sub(r"[^a-z0-9]+", "-", f"{each.learner} batch {each.batch}".lower()).strip("-")
        endings.append(ending if ending not in endings else f"{ending}-{len(endings)}")
    return endings


def _draw(comparison: Comparison, summaries: Sequence[Summary], folder: Path, slug: str, mark: str) -> list[Path]:
    paths: list[Path] = []
    for summary in summaries:
        ending = ("" if summary.metric == "accuracy" else "-balanced") + slug
        look: dict[str, Any] = {"metric": summary.metric, "emphasis": summary.emphasis, "mark": mark}
        paths += figures.save(figures.learning_curves(comparison, **look), folder / f"learning-curves{ending}")
        if len(summary.strategies) > 1:
            gaps = figures.differences(comparison, reference=summary.reference, **look)
            paths += figures.save(gaps, folder / f"differences{ending}")
            paths += figures.save(figures.ranking(summary, mark=mark), folder / f"ranking{ending}")
    return paths


def _tabulate(summaries: Sequence[Summary], folder: Path, slug: str, mark: str) -> list[Path]:
    texts = {
        "md": "\n".join(tables.markdown_table(each, mark=mark) for each in summaries),
        "csv": tables.csv_table(list(summaries), mark=mark),
        "tex": "\n".join(tables.latex_table(each, mark=mark) for each in summaries),
    }
    return [_write(folder / f"table{slug}.{kind}", text) for kind, text in texts.items()]


def _write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path
