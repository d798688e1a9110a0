"""A labelling project: one folder, one log, and what people do with it."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, get_args

from alrl.errors import InvalidDataError
from alrl.numerics.arguments import one_of, whole_number
from alrl.projects.journal import LOG, check_opening, folder_of
from alrl.projects.judged import Judged
from alrl.projects.state import RoundFacts
from alrl.projects.telling import Receipt, Repeats, answers_of, as_known, check_annotator, faults, write_answers

if TYPE_CHECKING:
    import pandas as pd

    from alrl.data.tables.report import DataReport
    from alrl.loop.cost import Prices
    from alrl.loop.pool_view import PoolView
    from alrl.loop.view_fields import Need
    from alrl.strategies.base import Strategy


class Project(Judged):
    """A labelling project in a folder; several processes may work on it at once.

    Make one with :meth:`create`, open one by its folder. Raises ProjectError where there is none.

    Args:
        folder: of the project.
        trusted: types that a skops file of the model may name beyond scikit-learn's own.
        clock: seconds since 1970; another one is for tests.

    >>> import tempfile
    >>> folder = tempfile.mkdtemp()
    >>> pool = {"customer": ["a", "b", "c", "d"], "visits": [1.0, 2.0, 8.0, 9.0]}
    >>> project = Project.create(folder, pool=pool, id="customer", classes=["stay", "leave"])
    >>> project.tell({"a": "stay", "d": "leave"}, annotator="ann").new
    2
    >>> sorted(project.ask(2)["customer"])
    ['b', 'c']
    """

    def __init__(
        self, folder: str | Path, *, trusted: Collection[str] = (), clock: Callable[[], float] = time.time
    ) -> None:
        super().__init__(folder_of(folder), trusted=trusted, clock=clock)

    @classmethod
    def create(  # noqa: PLR0913 - the front door: all but the pool have defaults
        cls,
        folder: str | Path,
        *,
        pool: Any,
        id: str | None = None,  # noqa: A002 - what the column is called
        label: str = "label",
        classes: Sequence[Any] | None = None,
        model: Any = "softmax-regression",
        prices: Prices | None = None,
        labels: int | None = None,
        strategy: str = "general",
        first: Literal["random", "cluster", "covering"] = "random",
        drop: Sequence[str] = (),
        seed: int = 0,
        audit: float = 0.0,
        lease_days: float = 7.0,
        aggregate: Literal["majority", "last"] = "majority",
        trusted: Collection[str] = (),
        clock: Callable[[], float] = time.time,
    ) -> Self:
        """Make a project from a table.

        Args:
            folder: a new or empty folder.
            pool: the records: a frame, a file (:func:`alrl.projects.records.tables.read_table`), or an array.
            id: the column that names each record; rows are numbered where it is left out.
            label: the column of classes. Where the table has it, what it holds are labels that cost nothing.
            classes: every class; by default those in the label column.
            model: a learner's name, ``auto``, an unfitted scikit-learn classifier, or a skops file.
            prices: of labels and computing.
            labels: labels that may be bought after the first sample; None for no limit.
            strategy: what chooses unless :meth:`ask` says otherwise.
            first: how records are drawn while the labels are too few for a model: by chance, the most typical of as
                many clusters, or the sample of ten that covers the records best.
            drop: columns that are left out.
            seed: of all chance.
            audit: share of the records that are drawn by chance, so that the model can be measured without bias; none
                by default, where ``alrl project create`` draws a tenth.
            lease_days: how long a record that was sent out is not sent to others.
            aggregate: which of several annotators' labels is believed.
            trusted: types that a skops file may name beyond scikit-learn's own.
            clock: seconds since 1970.

        The table is checked as other data are (``docs/data.md``), and :attr:`reports` says how it was read.

        Raises ProjectError if there is a project, InvalidDataError or InvalidRecipeError for what cannot be used.
        """
        from alrl.loop.cost import Prices
        from alrl.projects import creation

        check_opening(clock, trusted)
        folder = folder_of(folder)
        if prices is not None and not isinstance(prices, Prices):
            raise InvalidDataError(f"prices = {prices!r} given; give alrl.Prices(label=0.80, hour=2.50)")
        made = creation.Settings(
            name=folder.resolve().name,
            id=id,
            label=label,
            labels=labels,
            strategy=strategy,
            first=first,
            seed=seed,
            audit=audit,
            lease_seconds=creation.lease_seconds(lease_days),
            aggregate=aggregate,
            prices=dataclasses.asdict(prices or Prices()),
        )
        creation.make(
            folder, pool, made, classes=classes, model=model, drop=drop, trusted=trusted, clock=clock, log=LOG
        )
        return cls(folder, trusted=trusted, clock=clock)

    @property
    def reports(self) -> list[DataReport]:
        """How each table of records was read, in the order they were added; those of older versions have no report."""
        from alrl.data.tables.report import DataReport

        return [DataReport(**file["report"]) for file in self.state.files if "report" in file]

    @property
    def prices(self) -> Prices:
        """Prices of labels and computing."""
        from alrl.loop.cost import Prices

        return Prices(**self.state.settings["prices"])

    def tell(
        self,
        labels: Any,
        *,
        annotator: str = "anonymous",
        repeats: Repeats = "correct",
        source: str | None = None,
        leave_out: bool = False,
    ) -> Receipt:
        """Take answers; the same answer of the same annotator twice is one.

        Args:
            labels: from identifier to label, as a mapping, series, frame with both columns, or pairs; None is "don't
                know", :data:`alrl.IRRELEVANT` a record that does not belong here.
            annotator: who answered.
            repeats: what becomes of an answer that was given before and corrected or set aside since.
            source: where the answers come from, such as a file's name.
            leave_out: take the others where some cannot be taken, instead of none.

        Raises InvalidDataError, naming them, for unknown records and classes, and for two different answers to one
        record: nothing is taken then. A correction comes in a call of its own.
        """
        annotator = check_annotator(annotator)
        one_of("repeats", repeats, get_args(Repeats))
        settings, pool = self.state.settings, self.pool()
        given = answers_of(labels, settings["id"] or "id", settings["label"])
        answers = as_known(given, pool.position, self.state.classes)
        with self.writing() as (transaction, state):
            wrong = faults(answers, pool.position, state)
            if wrong and not leave_out:
                shown = "; ".join(list(wrong.values())[:3])
                raise InvalidDataError(
                    f"{len(wrong)} of {len(answers)} answers cannot be taken, so none was: {shown}. Mend them, add a"
                    " class (alrl project classes), or leave them out (leave_out=True, --leave-out)"
                )
            good = [answer for place, answer in enumerate(answers) if place not in wrong]
            return write_answers(transaction, state, good, annotator=annotator, repeats=repeats, source=source)

    def withdraw(self, record: str, *, annotator: str) -> None:
        """Take back an annotator's answer. Raises InvalidDataError if there is none, or no such record."""
        (record,) = self.known([record], "nothing is taken back")
        annotator = check_annotator(annotator)
        with self.writing() as (transaction, state):
            if annotator not in state.given.get(record, {}):
                raise InvalidDataError(f"{annotator} has given no answer to record {record!r}; nothing is taken back")
            state.apply(transaction.append("withdrawn", {"id": record, "annotator": annotator}))

    def release(self, records: Iterable[str] | None = None) -> int:
        """Let records that were sent out be sent to others; all of them by default. Returns how many.

        Raises InvalidDataError for records that the project does not have.
        """
        records = None if records is None else self.known(records, "none is released")
        with self.writing() as (transaction, state):
            waiting = state.pending(self.log.now)
            freed = sorted(waiting if records is None else waiting & set(records))
            if freed:
                state.apply(transaction.append("released", {"ids": freed}))
            return len(freed)

    def ask(
        self,
        count: int = 1,
        *,
        strategy: Strategy | str | None = None,
        annotator: str | None = None,
        audit: float | None = None,
        lease_days: float | None = None,
    ) -> pd.DataFrame:
        """Choose records to ask about next, and keep them from others until their leases run out.

        Fits a round first if labels, records or classes have changed. Records whose labels are on their way count as
        known. Before a fit is possible, records are drawn by chance.

        Args:
            count: records wanted; fewer are returned where fewer are left, with a PoolExhaustedWarning.
            strategy: a rule or policy, or the name of one; the project's own by default.
            annotator: who will be asked; None for anybody.
            audit: share drawn by chance; the project's own by default.
            lease_days: until then the records are not sent to others; the project's own by default.

        Returns:
            One row a record, most wanted first: its identifier, ``reason``, ``score``, ``prediction``, ``confidence``.

        Raises InvalidQueryError if nothing is left or ``count`` is no whole number of at least 1.
        """
        count = whole_number("count", count, least=1)
        annotator = None if annotator is None else check_annotator(annotator)
        import pandas as pd

        from alrl.projects import asking

        picks = asking.ask(self, count, strategy=strategy, annotator=annotator, audit=audit, lease_days=lease_days)
        rows = [
            {"reason": pick.reason, "score": pick.score, "prediction": pick.prediction, "confidence": pick.confidence}
            for pick in picks
        ]
        frame = pd.DataFrame(rows)
        frame.insert(0, self.id_column, [pick.id for pick in picks])
        return frame

    @property
    def id_column(self) -> str:
        """The name of the column of identifiers."""
        return self.state.settings["id"] or "id"

    def fit(self) -> RoundFacts:
        """Fit the model to the labels of now and keep the round; nothing is done if the last round is of now.

        Raises InvalidQueryError if the labels are too few for a fit.
        """
        from alrl.projects import fitting

        return fitting.current_round(self)[0]

    def view(self, needs: Collection[Need] = ()) -> PoolView:
        """Return what strategies see after the last round, which is fitted if need be."""
        from alrl.projects import fitting

        return fitting.seen_after(self, needs)[0]

    def records(self, ids: Sequence[str]) -> pd.DataFrame:
        """Return the columns of some records, with their identifiers first.

        Raises InvalidDataError for records that the project does not have.
        """
        pool, ids = self.pool(), self.known(ids, "none is returned; all identifiers: project.pool().ids")
        frame = pool.rows(pool.at(ids))
        frame.insert(0, self.id_column, ids)
        return frame

    def grow(self, records: Any) -> int:
        """Add records; returns how many. Raises InvalidDataError for other columns, or identifiers that are there."""
        from alrl.projects.creation import grow

        return grow(self, records)

    def add_classes(self, classes: Sequence[Any]) -> list[str]:
        """Add classes; returns all. Raises InvalidDataError for one that is there."""
        from alrl.projects.creation import add_classes

        return add_classes(self, classes)

    def set_model(self, model: Any) -> dict[str, Any]:
        """Change the model, as in :meth:`create`; the labels stay, and the next round is fitted by it."""
        from alrl.projects.creation import checked_model

        state, pool = self.state_and_pool()
        strategy = state.settings["strategy"]
        described = checked_model(model, self.folder, self.trusted, strategy, lambda: pool.frame, state.classes)
        with self.writing() as (transaction, state):
            state.apply(transaction.append("model set", described))
        return described

    def restart(self) -> int:
        """Begin anew from another first sample: labels are set aside, paid as they are. Returns how many were."""
        with self.writing() as (transaction, state):
            count = len(state.labels)
            state.apply(transaction.append("restarted", {"labels": count}))
        return count
