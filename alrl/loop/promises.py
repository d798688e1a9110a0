"""What a class of one's own promises, checked as it is played; classes that come with alrl are checked by the tests.

Answers are checked whoever gives them: an annotator of one's own may stand inside one of alrl's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from alrl.errors import ContractError
from alrl.loop.annotators.base import NO_LABEL, Answers, Query
from alrl.loop.labelled_set import fault_of
from alrl.loop.learner import Learner
from alrl.loop.parts import Part
from alrl.loop.pool_view import PoolView

_ROUNDING = 1e-3
"""What the probabilities of a record may miss 1 by."""


def is_own(thing: object) -> bool:
    """Return whether an object's class is not one of alrl's.

    >>> is_own(object()), is_own(ContractError())
    (True, False)
    """
    return type(thing).__module__.partition(".")[0] != "alrl"


def versions(held: object) -> dict[str, int]:
    """Return how often each tensor that an object, such as a view, holds has been written to."""
    parts = vars(held).items()
    return {name: part._version for name, part in parts if isinstance(part, Tensor) and not part.is_inference()}


def check_untouched(strategy: object, view: PoolView, before: Mapping[str, int]) -> None:
    """Raise ContractError where a strategy has written to a tensor of the view since ``before``."""
    now = versions(view)
    changed = [name for name, version in before.items() if now.get(name) != version]
    if changed:
        raise _broken(strategy, f"a strategy leaves the view as it was; it changed {', '.join(changed)}", "strategy")


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
    given = learner.predict_proba(part.by_column)
    if _holds_own(learner):
        _check_probabilities(learner, given, part.by_column, class_mask)
    return given.to(torch.float32)


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
    return ContractError(f"{type(owner).__name__}: {wrong}; try it with alrl.testing.check_{kind}")


def _told(given: Any) -> str:
    kind = "" if isinstance(given, Tensor) else f"{type(given).__name__} "
    return f"{kind}{tuple(given.shape)} of {given.dtype}" if hasattr(given, "dtype") else repr(given)[:80]
