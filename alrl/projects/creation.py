"""Making a project, and changing what it is made of: records, classes, model."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from pandas.api.types import is_datetime64_dtype

from alrl.data.tables.pandas_column import is_text
from alrl.errors import InvalidDataError, ProjectError
from alrl.numerics.arguments import finite_number, one_of, whole_number
from alrl.projects.answers import IMPORTED, IRRELEVANT_WORD, UNKNOWN_WORD, Answer, label_of
from alrl.projects.event_log import EventLog
from alrl.projects.records.pool import ID
from alrl.projects.records.reading import refuse_no_dates, report_of
from alrl.projects.records.record_file import sha256_of, write_records
from alrl.projects.records.tables import column_of, ids_of, read_table
from alrl.projects.state import State
from alrl.projects.telling import write_answers

if TYPE_CHECKING:
    from alrl.projects.journal import Journal

_DAY = 86_400.0
_SHORTEST = 1e-9


def checked_share(audit: Any) -> float:
    """Return a share that is drawn by chance. Raises InvalidQueryError for anything else."""
    return finite_number("audit", audit, allowed="the share that is drawn by chance, 0 to below 1", low=0, high=1)


def lease_seconds(days: Any) -> float:
    """Return how long a lease is. Raises InvalidQueryError for what is not above 0."""
    return _DAY * finite_number("lease_days", days, allowed="days that annotators need, above 0", low=_SHORTEST)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What is settled when a project is made; see :meth:`alrl.projects.project.Project.create`."""

    name: str
    id: str | None
    label: str
    labels: int | None
    strategy: str
    first: str
    seed: int
    audit: float
    lease_seconds: float
    aggregate: str
    prices: dict[str, float]
    columns: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.labels is not None:
            whole_number("labels", self.labels, least=1)
        whole_number("seed", self.seed, least=0)
        checked_share(self.audit)
        one_of("aggregate", self.aggregate, ("majority", "last"))
        one_of("first", self.first, ("random", "cluster", "covering"))
        if self.id is not None and self.id == self.label:
            raise InvalidDataError(f"id and label are both {self.id!r}; name two columns")


def make(
    folder: Path,
    source: Any,
    settings: Settings,
    *,
    classes: Sequence[Any] | None,
    model: Any,
    drop: Sequence[str],
    trusted: Collection[str],
    clock: Callable[[], float],
    log: str,
) -> None:
    """Write a new project. The log comes last: a kill before leaves no project, and the same call makes it."""
    if (folder / log).exists():
        raise ProjectError(
            f"{folder} already holds a project; see how it stands (alrl project status {folder}), or name a new folder"
        )
    if folder.is_file():
        raise ProjectError(f"{folder} is a file; a project is a folder, name a new one")
    frame = read_table(source, text=[name for name in (settings.id, settings.label) if name])
    for name in drop:
        column_of(frame, name, "column to drop")
    ids = ids_of(frame, settings.id)
    known = [label_of(value) for value in frame[settings.label].tolist()] if settings.label in frame else []
    hidden = {settings.id, settings.label, *drop}
    described = frame[[name for name in frame.columns if name not in hidden]]
    names = _classes(classes, known, model)
    kept = checked_model(model, folder, trusted, settings.strategy, lambda: described, names)
    report = report_of(described, id=settings.id, label=settings.label, labels=known, classes=names, drop=drop)
    folder.mkdir(parents=True, exist_ok=True)
    added = {**_write_records(folder, described, ids), "report": report.to_json()}
    settings = dataclasses.replace(settings, columns=tuple(described.columns))
    part = folder / f"{log}.new"
    part.unlink(missing_ok=True)
    events = EventLog.create(part, clock=clock)
    with events.writing() as transaction:
        state = State()
        state.apply(transaction.append("created", {"settings": dataclasses.asdict(settings)}))
        state.apply(transaction.append("records added", added))
        state.apply(transaction.append("class added", {"classes": names}))
        state.apply(transaction.append("model set", kept))
        answers = [Answer(id=id_, label=each) for id_, each in zip(ids, known, strict=False) if each is not None]
        write_answers(transaction, state, answers, annotator=IMPORTED, repeats="correct", charged=False)
    part.replace(folder / log)


def _classes(classes: Sequence[Any] | None, known: Sequence[Any], model: Any) -> list[str]:
    given = _named(classes or ())
    present = sorted({each for each in known if isinstance(each, str)})
    if classes is None:
        given = present or [str(each) for each in getattr(model, "classes_", ())]
    strange = sorted(set(present) - set(given))
    if strange:
        raise InvalidDataError(f"the label column holds {strange[:3]}, which are none of the classes {given}; name all")
    if len(set(given)) != len(given):
        raise InvalidDataError(f"classes = {given} given; name each once")
    if len(given) < 2:
        raise InvalidDataError(
            f"{len(given)} classes known ({', '.join(given) or 'none'}); a project needs two at least: name them by"
            " classes=[...] or --classes yes,no"
        )
    return given


def _named(classes: Sequence[Any]) -> list[str]:
    """Return classes as the log names them. Raises InvalidDataError for one text, and for what is no class."""
    if isinstance(classes, str):
        raise InvalidDataError(f"classes = {classes!r} given; give a list of them: {classes.split(',')}")
    if isinstance(classes, bytes) or not isinstance(classes, Iterable):
        raise InvalidDataError(f"classes = {classes!r} given; give a list of them, such as ['yes', 'no']")
    classes = list(classes)
    labels = [label_of(each) for each in classes]
    for given, label in zip(classes, labels, strict=True):
        if not isinstance(label, str):
            raise InvalidDataError(
                f"class {given!r} given; None, {UNKNOWN_WORD} and {IRRELEVANT_WORD} are answers beside the classes"
            )
    return [str(label) for label in labels]


def _write_records(folder: Path, described: pd.DataFrame, ids: Sequence[str]) -> dict[str, Any]:
    table = described.copy(deep=False)
    table.insert(0, ID, pd.Series(list(ids), dtype=object, index=table.index))
    part = write_records(folder / "records" / f"new-{time.time_ns()}.npz", table)
    sha256 = sha256_of(part)
    part.replace(part.with_name(f"{sha256[:16]}.npz"))
    return {"file": f"{sha256[:16]}.npz", "sha256": sha256, "records": len(table)}


def checked_model(
    model: Any,
    folder: Path,
    trusted: Collection[str],
    strategy: str,
    records: Callable[[], pd.DataFrame],
    classes: Sequence[str],
) -> dict[str, Any]:
    """Return what the log says of a model that can be loaded again, and tells what the project's strategy reads.

    A classifier of one's own is tried on some of the ``records``, with made-up labels.

    Raises InvalidRecipeError for a strategy that no project can ask, InvalidQueryError for one that none with this
    model can, InvalidDataError for a model that learns no classes or cannot be fitted to such records.
    """
    from alrl.agents.players import find_strategy
    from alrl.projects.model_files import describe_model, load_model
    from alrl.projects.models import AUTOMATIC, EstimatorModel, not_given
    from alrl.strategies.base import refuse_learning

    chooses = find_strategy(strategy)
    refuse_learning(chooses, "a project")
    if isinstance(model, type):
        raise InvalidDataError(f"the class {model.__name__} given as a model; give an object of it: {model.__name__}()")
    kept = describe_model(model, folder / "models")
    loaded = load_model(kept, folder / "models", trusted)
    for need in sorted(chooses.needs):
        if not loaded.gives(need):
            raise not_given(need, f"the strategy {strategy!r}")
    if isinstance(loaded, EstimatorModel) and kept["kind"] != AUTOMATIC and len(frame := records()):
        loaded.try_on(frame, classes)
    return kept


def grow(project: Journal, source: Any) -> int:
    """Add records to a project."""
    state, pool = project.state_and_pool()
    settings = state.settings
    words = [name for name in settings["columns"] if is_text(pool.frame[name])]
    frame = read_table(source, text=[name for name in (settings["id"], settings["label"]) if name], words=words)
    ids = ids_of(frame, settings["id"], start=pool.records)
    missing = [name for name in settings["columns"] if name not in frame.columns]
    if missing:
        raise InvalidDataError(
            f"the new records have no column {missing[0]!r}; a project's records have the same columns"
        )
    known = [label_of(value) for value in frame[settings["label"]].tolist()] if settings["label"] in frame else []
    described = _with_dates(pool.frame, frame[settings["columns"]])
    _refuse_words_for_numbers(pool.frame, described)
    refuse_no_dates(pool.frame, described)
    report = report_of(
        described,
        id=settings["id"],
        label=settings["label"],
        labels=known,
        classes=state.classes,
        drop=(),
        before=pool.frame,
    )
    ours = {settings["id"], settings["label"], *settings["columns"]}
    foreign = {name: "the project has no such column" for name in frame if name not in ours}
    report = dataclasses.replace(report, left_out={**report.left_out, **foreign})
    answers = [Answer(id=id_, label=each) for id_, each in zip(ids, known, strict=False) if each is not None]
    strange = sorted({each.label for each in answers if isinstance(each.label, str)} - set(state.classes))
    if strange:
        raise InvalidDataError(f"the new records have labels {strange[:3]}, which are no classes; add them first")
    added = {**_write_records(project.folder, described, ids), "report": report.to_json()}
    with project.writing() as (transaction, now):
        if len(now.files) != len(state.files):
            raise ProjectError("another process has just added records; repeat the step")
        twice = [record for record in ids if record in pool.position]
        if twice:
            raise InvalidDataError(
                f"{len(twice)} records are there already ({', '.join(twice[:3])}); add new ones alone"
            )
        now.apply(transaction.append("records added", added))
        write_answers(transaction, now, answers, annotator=IMPORTED, repeats="correct", charged=False)
    return len(ids)


def _with_dates(before: pd.DataFrame, added: pd.DataFrame) -> pd.DataFrame:
    """Return new records with the dates of a file, which are text there, as dates where the project has dates."""
    made = added.copy()
    for name in added:
        if is_datetime64_dtype(before[name]) and is_text(added[name]):
            dates = pd.to_datetime(added[name], format="ISO8601", errors="coerce")
            if is_datetime64_dtype(dates) and dates.notna().equals(added[name].notna()):
                made[name] = dates
    return made


def _refuse_words_for_numbers(before: pd.DataFrame, added: pd.DataFrame) -> None:
    """Raise InvalidDataError for a column of numbers or dates to which words are added: all would become words.

    Dates that are text are looked at by :func:`alrl.projects.records.reading.refuse_no_dates`.
    """
    for name in added:
        column = before[name].dropna()
        given = added[name].dropna()
        if not len(column) or not len(given) or not is_text(given):
            continue
        if (dates := pd.api.types.is_datetime64_any_dtype(column)) or pd.api.types.is_numeric_dtype(column):
            raise InvalidDataError(
                f"the column {name!r} holds {'dates' if dates else 'numbers'} in the project, and words in the new"
                f" records, such as {next(iter(given))!r}; write them alike, or leave these cells empty"
            )


def add_classes(project: Journal, classes: Sequence[Any]) -> list[str]:
    """Add classes to a project."""
    names = _named(classes)
    with project.writing() as (transaction, state):
        twice = [each for each in names if each in state.classes or names.count(each) > 1]
        if twice or not names:
            raise InvalidDataError(f"classes {names} given, the project has {state.classes}; name new ones, each once")
        state.apply(transaction.append("class added", {"classes": names}))
        return list(state.classes)
