"""What a class of one's own promises, checked as it is played; classes that come with alrl are checked by the tests.

Answers are checked whoever gives them: an annotator of one's own may stand inside one of alrl's.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor

from alrl.errors import ContractError
from alrl.loop.annotators.base import NO_LABEL, Answers, Query
from alrl.loop.labelled_set import fault_of
from alrl.loop.learner import FitReport, Learner
from alrl.loop.parts import Part
from alrl.loop.pool_view import PoolView

_ROUNDING = 1e-3
"""What the probabilities of a record may miss 1 by."""
_UNWATCHED = nullcontext()


def is_own(thing: object) -> bool:
    """Return whether an object's class is not one of alrl's.

    >>> is_own(object()), is_own(ContractError())
    (True, False)
    """
    return type(thing).__module__.partition(".")[0] != "alrl"


def versions(held: object) -> dict[str, int]:
    """Return how often each tensor that an object, such as a view, holds has been written to; a tensor is held itself.

    >>> held = torch.zeros(2)
    >>> versions(held), versions(held.add_(1))
    ({'': 0}, {'': 1})
    """
    if isinstance(held, Tensor):
        return {} if held.is_inference() else {"": held._version}
    if isinstance(held, tuple):
        parts = [(str(place), part) for place, part in enumerate(held)]
    else:
        parts = list(vars(held).items())
    found = dict[str, int]()
    for name, part in parts:
        if isinstance(part, Tensor | tuple) or dataclasses.is_dataclass(part):
            found |= {f"{name}.{inner}".strip("."): version for inner, version in versions(part).items()}
    return found


def left_as_given(owner: object, kind: str = "", **given: object) -> AbstractContextManager[None]:
    """Raise ContractError where a class of one's own is called wrongly in the block, or writes to what it is ``given``.

    ``kind`` is what alrl.testing has a check for. Classes of alrl's own are not looked at.
    """
    return _watched(owner, kind, given) if is_own(owner) else _UNWATCHED


@contextmanager
def _watched(owner: object, kind: str, given: Mapping[str, object]) -> Iterator[None]:
    before = {name: versions(each) for name, each in given.items()}
    try:
        yield
    except TypeError as error:
        if _at_the_call(error):
            raise _broken(owner, f"it cannot be called as its contract says: {error}", kind) from error
        raise
    for name, each in given.items():
        now, then = versions(each), before[name]
        # What is computed when it is first asked for has not been written to when it comes.
        written = [part or name for part in {**then, **now} if now.get(part, 0) != then.get(part, 0)]
        if written:
            what = "what it is given" if isinstance(each, Tensor) else f"the {name}"
            raise _broken(owner, f"it leaves {what} untouched; it wrote to {written[0]}", kind)


def _at_the_call(error: TypeError) -> bool:
    """Return whether an error was raised by a call in the block itself, and by nothing that was called."""
    block = error.__traceback__ and error.__traceback__.tb_next
    return block is not None and block.tb_next is None


def check_scores(strategy: object, scores: Any, view: PoolView) -> None:
    """Raise ContractError unless scores are finite floats (B, N); those of records not available are ignored."""
    shape = tuple(view.exists.shape)
    if not isinstance(scores, Tensor) or scores.shape != shape or not scores.is_floating_point():
        raise _broken(strategy, f"score gives a float tensor {shape}; it gave {_told(scores)}", "strategy")
    wrong = view.available & ~scores.isfinite()
    if bool(wrong.any()):
        raise _broken(strategy, f"scores are finite; it gave {scores[wrong][:3].tolist()}", "strategy")


def check_batch(strategy: object, picks: Any, view: PoolView, count: int) -> None:
    """Raise ContractError unless picks are positions (B, count) of distinct available records, -1 for none."""
    _check_positions(strategy, "select", picks, view, count, ~view.available, "strategy")


def check_drawn(source: object, records: Any, view: PoolView, count: int, *, again: bool) -> None:
    """Raise ContractError unless candidates are positions (B, count) of distinct records, -1 for none.

    They are available, but where ``again`` allows that a record is asked for twice.
    """
    taken = torch.zeros_like(view.exists) if again else ~view.available
    _check_positions(source, "draw", records, view, count, taken, "candidates")


def check_answers(annotator: object, given: Any, query: Query) -> None:
    """Raise ContractError unless the answers are classes of their episodes, or none, with prices and delays."""
    if not isinstance(given, Answers):
        raise _broken(annotator, f"answer gives Answers; it gave {_told(given)}", "annotator")
    shape, real = tuple(query.picks.shape), query.picks >= 0
    kinds = {"labels": torch.int64, "charged": torch.bool, "price": None, "delay": torch.int64}
    for name, dtype in kinds.items():
        part: Any = getattr(given, name)
        if part is None and name != "labels":
            continue
        fits = isinstance(part, Tensor) and part.shape == shape
        if not fits or not (part.dtype == dtype if dtype else part.is_floating_point()):
            kind = str(dtype or "float").removeprefix("torch.")
            raise _broken(annotator, f"{name} of Answers are {kind}, {shape}; it gave {_told(part)}", "annotator")
    wrong = real & ((given.labels < NO_LABEL) | (given.labels >= query.class_count[:, None]))
    if bool(wrong.any()):
        most = int(query.class_count.max()) - 1
        seen = given.labels[wrong][:3].tolist()
        raise _broken(annotator, f"a label is a class, 0 to {most} here, or -1 for none; it gave {seen}", "annotator")
    for name in ("price", "delay"):
        part = getattr(given, name)
        bad = None if part is None else part[real & ~((part >= 0) & part.double().isfinite())]
        if bad is not None and bad.numel():
            raise _broken(annotator, f"a {name} is 0 or more, and finite; it gave {bad[:3].tolist()}", "annotator")


def predicted(learner: Learner, part: Part, class_mask: Tensor) -> Tensor:
    """Return probabilities (B, N, k) of the records of a part.

    Raises ContractError where a learner of one's own breaks its promise.
    """
    X = part.by_column
    with left_as_given(learner, "learner", X=X):
        given = learner.predict_proba(X)
    if _holds_own(learner):
        _check_probabilities(learner, given, X, class_mask)
        given = given.detach()
    return given.to(torch.float32)


def fitted(learner: Learner, X: Tensor, y: Tensor, weight: Tensor, class_mask: Tensor) -> FitReport:
    """Fit a learner and return its report; raises ContractError where one of one's own writes to what it is given."""
    with left_as_given(learner, "learner", X=X, y=y, weight=weight, class_mask=class_mask):
        return learner.fit(X, y, weight, class_mask)


def _holds_own(learner: Learner) -> bool:
    """Return whether a learner, or one that it is made of, such as a committee's member, is one's own."""
    held = (part for value in vars(learner).values() for part in (value if isinstance(value, list) else [value]))
    return is_own(learner) or any(_holds_own(part) for part in held if isinstance(part, Learner))


def _check_probabilities(learner: object, given: Any, X: Tensor, class_mask: Tensor) -> None:
    shape = (*X.shape[:2], class_mask.shape[1])
    if not isinstance(given, Tensor) or given.shape != shape or not given.is_floating_point():
        raise _broken(learner, f"predict_proba gives a float tensor {shape}; it gave {_told(given)}", "learner")
    sums = torch.where(class_mask[:, None], given, 0.0).sum(2)
    sound = (given >= -_ROUNDING).all(2) & ((sums - 1).abs() <= _ROUNDING) & given.isfinite().all(2)
    if not bool(sound.all()):
        row = given[~sound][0].tolist()
        raise _broken(learner, f"probabilities of a record are 0 or more and sum to 1; it gave {row}", "learner")


def _check_positions(
    owner: object, method: str, given: Any, view: PoolView, count: int, taken: Tensor, kind: str
) -> None:
    shape = (len(view.exists), count)
    if not isinstance(given, Tensor) or given.shape != shape or given.dtype != torch.int64:
        wrong = f"{method} gives positions {shape}, long, -1 where the pool ran out; it gave {_told(given)}"
        raise _broken(owner, wrong, kind)
    fault, episode, pick = fault_of(given, taken, view.exists)
    if fault:
        where = "is outside the pool" if fault == "outside" else "is not available, or given twice"
        wrong = f"{method} gives distinct positions of available records; {pick} {where}, in episode {episode}"
        raise _broken(owner, wrong, kind)


def _broken(owner: object, wrong: str, kind: str) -> ContractError:
    tried = f"; try it with alrl.testing.check_{kind}" if kind else ""
    return ContractError(f"{type(owner).__name__}: {wrong}{tried}")


def _told(given: Any) -> str:
    kind = "" if isinstance(given, Tensor) else f"{type(given).__name__} "
    return f"{kind}{tuple(given.shape)} of {given.dtype}" if hasattr(given, "dtype") else repr(given)[:80]
