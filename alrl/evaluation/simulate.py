"""One strategy on one data set over many seeds, all of them in one batch."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from joblib import Parallel, delayed
from numpy.typing import NDArray

from alrl import recipes
from alrl.agents.players import find_strategy
from alrl.agents.policy import Policy
from alrl.data.contaminations import make_contamination
from alrl.data.contaminations.base import Contamination
from alrl.data.data_set import DataSet
from alrl.data.sources import is_file, load_data_set
from alrl.data.split import warn_if_small
from alrl.data.standardisation import warn_of_constants
from alrl.data.task import Task, draw_task, wasted
from alrl.envs.recipe import SplitRecipe
from alrl.errors import InvalidRecipeError, PoolExhaustedWarning, UnfittedLearnerWarning
from alrl.evaluation.comparison import exhausted_after
from alrl.evaluation.curves import Curves
from alrl.learners import make_learner
from alrl.loop.annotators.base import Annotator, annotator_of
from alrl.loop.learner import Learner
from alrl.loop.simulator import Simulator
from alrl.numerics.arguments import MOST_LABELS, seed_numbers, settings_table, whole_number
from alrl.numerics.backend import one_thread, usable_device
from alrl.recipes.suggest import unknown
from alrl.strategies import Strategy
from alrl.strategies.play import play

DEFAULT_SPLIT: Mapping[str, Any] = {
    "pool": 0.5,
    "validation": 0.2,
    "test": 0.3,
    "max_pool": 1000,
    "max_validation": 500,
    "max_test": 1000,
}
"""How records are divided unless told otherwise; large data sets are cut to these sizes."""


def simulate(  # noqa: PLR0913 - the front door: all but two have defaults
    data: Any,
    strategy: Strategy | str,
    *,
    label: str | int | None = None,
    drop: Sequence[str] = (),
    learner: Any = "softmax-regression",
    labels: int = 60,
    batch: int = 1,
    seeds: int | Sequence[int] = 50,
    split: Mapping[str, Any] | None = None,
    first: Mapping[str, Any] | None = None,
    annotator: Annotator | Mapping[str, Any] | None = None,
    contamination: Sequence[Mapping[str, Any]] = (),
    device: str = "cpu",
    score_every: int = 1,
    workers: int = 1,
    progress: Callable[[int], object] | None = None,
) -> Curves:
    """Return learning curves of a querying strategy.

    One label a class to begin, then ``labels`` queries, for every seed.

    A seed gives every strategy the same split, first sample and chance, so curves of the same seeds are paired.

    Args:
        data: a data set, the name of one, a table (a file or a frame of pandas or polars), or a pair (X, y) of arrays.
        label: the column of the classes, if ``data`` is a table: see :meth:`alrl.data.data_set.DataSet.read`.
        drop: columns of the table that are no features.
        strategy: a strategy or policy, the name of a strategy, or the name of a shipped policy or the folder of one; or
            an oracle, which no name stands for.
        learner: a learner or the name of one; or an unfitted classifier with scikit-learn's interface, such as
            ``RandomForestClassifier()``, or ``"sklearn.ensemble:RandomForestClassifier"``. A classifier is given the
            classes as 0, 1, ... in their order, by which a ``class_weight`` names them. While it cannot be fitted to so
            few labels it predicts shares of the classes: such rounds are counted in the curves, and an
            UnfittedLearnerWarning says how many there were.
        labels: queries after the first sample. If the pool runs out earlier, the curve stays where it is, picks are -1,
            and a PoolExhaustedWarning says so.
        batch: queries between two refits; a curve's value holds until the next refit.
        seeds: their number (0, 1, ...), or the seeds themselves.
        split: settings of :func:`alrl.data.split.draw_split`; by default halves to the pool, 30 % to the test part.
        first: settings of :func:`alrl.data.first_sample.draw_first_sample`; by default one label of each class.
        annotator: who answers, or a table with ``kind`` and settings (:mod:`alrl.loop.annotators`); perfect by default.
        contamination: what is wrong with the pool, a table with ``kind`` and settings each
            (:mod:`alrl.data.contaminations`); the curves then tell what each queried record was.
        device: where the loop is computed, ``cpu`` or ``cuda``.
        score_every: loops between two scores of the test part; the curve is straight in between.
        workers: processes to share the seeds among, each with one thread; 1 plays them in this process. The curves do
            not depend on it.
        progress: called with the number of labels that each round bought; with several workers, each time that one is
            done, with its share of them.

    A ConstantColumnWarning names the columns of data of one's own that have the same value in all records, a
    SmallTestPartWarning says, once for each data set, where scores of a table or arrays of one's own say little.

    Raises:
        InvalidDataError: the data set cannot be used.
        InvalidRecipeError: the data set, strategy, learner, or a setting of the split is unknown; seeds are none, below
            0, given twice or no whole numbers; ``workers`` is below 1, or above 1 on an accelerator.
        InvalidQueryError: ``labels``, ``batch`` or ``score_every`` is below 1 or no whole number.

    >>> curves = simulate("iris", "margin", labels=5, seeds=3)
    >>> curves.accuracy.shape, curves.picks.shape, curves.aubc.shape
    ((3, 6), (3, 5), (3,))
    """
    data_set = load_data_set(data, label=label, drop=drop)
    warn_of_constants(_constants(data, data_set), data_set.name)
    player = find_strategy(strategy)
    if isinstance(player, Policy):
        player = player.to(device)
    taught = make_learner(learner)
    numbers = seed_numbers(seeds)
    labels, batch = whole_number("labels", labels, least=1, most=MOST_LABELS), whole_number("batch", batch, least=1)
    shares = settings_table("split", split or DEFAULT_SPLIT, such_as=DEFAULT_SPLIT)
    parts = recipes.parse(SplitRecipe, shares, where="split").model_dump()
    if data_set.report is not None or isinstance(data, tuple | list):
        warn_if_small(data_set, parts)
    usable_device(device)
    workers = whole_number("workers", workers, least=1, error=InvalidRecipeError)
    if workers > 1 and device != "cpu":
        raise InvalidRecipeError(f"workers = {workers} given on {device}; allowed are 1 and, on cpu, more")
    wrong = _contaminations(contamination)
    draw = partial(draw_task, data_set, split=parts, first=_first(first), contaminations=wrong)
    settings: dict[str, Any] = {
        "labels": labels,
        "batch": batch,
        "every": whole_number("score_every", score_every, least=1),
        "device": device,
        "annotator": None if annotator is None else annotator_of(annotator),
    }
    run: Callable[..., _Run] = partial(_run, draw, player, taught, **settings)
    by_worker = [numbers] if workers == 1 else _shares(numbers, workers)
    if len(by_worker) == 1:
        runs = [run(numbers, progress=progress)]
    else:
        done = Parallel(n_jobs=workers, return_as="generator")(delayed(_run_alone)(run, share) for share in by_worker)
        runs = []
        for share, part in zip(by_worker, done, strict=True):
            runs.append(part)
            if progress is not None:
                progress(_bought(labels, numbers, share))
    accuracy, balanced, picks, counts, useless, guarded, unfitted = zip(*runs, strict=True)
    _say_if_exhausted(np.concatenate(picks), data_set.name)
    return Curves(
        data_set=data_set.name,
        strategy=player.name,
        learner=taught.label,
        batch=batch,
        seeds=numbers,
        accuracy=np.concatenate(accuracy),
        balanced_accuracy=np.concatenate(balanced),
        picks=np.concatenate(picks),
        first=np.concatenate(counts),
        wasted=np.concatenate(useless) if wrong else None,
        guarded=None if guarded[0] is None else np.concatenate(guarded),
        unfitted_rounds=_unfitted(unfitted, f"{taught.label} on {data_set.name}"),
    )


_Codes = NDArray[np.int8] | None
_Run = tuple[
    NDArray[np.float64],
    NDArray[np.float64],
    NDArray[np.int64],
    NDArray[np.int64],
    _Codes,
    _Codes,
    NDArray[np.int64] | None,
]


def _run(
    draw: Callable[[Sequence[int]], Task],
    strategy: Strategy,
    learner: Learner,
    seeds: Sequence[int],
    *,
    labels: int,
    batch: int,
    every: int,
    device: str,
    annotator: Annotator | None,
    progress: Callable[[int], object] | None = None,
) -> _Run:
    """Return both accuracies, picked records, sizes of the first samples, what was wasted and who chose.

    By ``seeds``.
    """
    tasks = [draw([seed]) for seed in seeds]
    simulator = Simulator(tasks, learner, labels=labels, annotator=annotator, device=device)
    how: dict[str, Any] = {"labels": labels, "batch": batch, "score_every": every, "progress": progress}
    fell_back: list[torch.Tensor] = []
    if isinstance(strategy, Policy) and strategy.guard is not None:
        strategy = strategy.watched(fell_back)
    played = play(simulator, strategy, **how)
    return (
        played.accuracy.double().numpy(),
        played.balanced_accuracy.double().numpy(),
        simulator.records(played.picks).numpy(),
        simulator.first_counts().numpy(),
        wasted(simulator.tasks, played.picks),
        _guarded(fell_back, played.picks) if fell_back else None,
        None if simulator.unfitted_rounds is None else simulator.unfitted_rounds.cpu().numpy(),
    )


def _guarded(fell_back: Sequence[torch.Tensor], picks: torch.Tensor) -> NDArray[np.int8]:
    """Return who chose each of the ``picks`` (B, T), the last of them one by one.

    0 the policy, 1 its guard, -1 none.
    """
    rounds = torch.stack(list(fell_back), 1).cpu().to(torch.int8)
    whole = torch.nn.functional.pad(rounds, (picks.shape[1] - rounds.shape[1], 0), value=-1)
    return np.asarray(whole.masked_fill(picks < 0, -1).numpy())


def _constants(data: Any, data_set: DataSet) -> tuple[str, ...]:
    """Return columns of data of one's own in which nothing can be seen; those that come with a library are known."""
    if isinstance(data, DataSet):
        known = bool(data.origin) and data.report is None
        return () if known else data.constant_columns
    if isinstance(data, str) and not is_file(data):
        return ()
    # Who has read a table knows what its report says; here it has been read just now.
    left_out = data_set.report.constant_columns if data_set.report is not None else ()
    return (*left_out, *data_set.constant_columns)


def _first(settings: Any) -> dict[str, Any]:
    table = settings_table("first", {} if settings is None else settings, such_as={"kind": "random", "size": 10})
    for name in set(table) - {"kind", "size", "candidates"}:
        raise InvalidRecipeError(f"first: {unknown('setting', name, ['kind', 'size', 'candidates'])}")
    return table


def _contaminations(tables: Any) -> list[Contamination]:
    such_as = {"kind": "label-noise", "rate": 0.1}
    if isinstance(tables, str | Mapping) or not isinstance(tables, Iterable):
        raise InvalidRecipeError(f"contamination = {tables!r} given; give a list of tables, such as [{such_as}]")
    settings = [settings_table("contamination", table, such_as=such_as) for table in tables]
    return [make_contamination(table.pop("kind", ""), **table) for table in settings]


def _say_if_exhausted(picks: NDArray[np.int64], data_set: str) -> None:
    """Warn if the pool of an episode ran out before its budget."""
    after = exhausted_after(picks)
    short = after[after > 0]
    if len(short):
        warnings.warn(
            f"{data_set}: the pool ran out after {short.min()} of {picks.shape[1]} labels in {len(short)} of"
            f" {len(picks)} episodes, whose curves stay where they are; ask for fewer labels, or give more records to"
            " the pool",
            PoolExhaustedWarning,
            stacklevel=3,
        )


def _unfitted(parts: Sequence[NDArray[np.int64] | None], what: str) -> NDArray[np.int64] | None:
    """Return rounds in which the learner was not fitted, (episodes,), and warn of them; None where there is none."""
    counts = [part for part in parts if part is not None]
    rounds = np.concatenate(counts) if counts else np.zeros(0, dtype=np.int64)
    if not rounds.any():
        return None
    warnings.warn(
        f"{what}: in {rounds.sum()} rounds of {len(rounds)} episodes it could not be fitted to so few labels, and"
        " predicted shares of the classes; it is fitted as soon as that is possible",
        UnfittedLearnerWarning,
        stacklevel=3,
    )
    return rounds


def _run_alone(run: Callable[[Sequence[int]], _Run], seeds: Sequence[int]) -> _Run:
    """In a process of its own, which computes with one thread."""
    with one_thread():
        return run(seeds)


def _shares(seeds: tuple[int, ...], workers: int) -> list[tuple[int, ...]]:
    """Return seeds of each worker, in order."""
    parts = np.array_split(np.array(seeds, dtype=object), min(workers, len(seeds)))
    return [tuple(part.tolist()) for part in parts]


def _bought(labels: int, seeds: Sequence[int], share: Sequence[int]) -> int:
    """Of the labels that a bar counts, those that a worker stands for; over all workers they sum to all."""
    last = list(seeds).index(share[-1]) + 1
    return labels * last // len(seeds) - labels * (last - len(share)) // len(seeds)
