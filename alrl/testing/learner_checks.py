"""The contract of learners as a function: run it over your own."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from alrl.errors import ContractError
from alrl.loop.learner import Learner
from alrl.testing.example_records import ORDINARY, Example, example
from alrl.testing.instance import check_instance, tried

_EARLIER = 6

_Promise = tuple[str, Callable[[Learner, Example, float], str | None]]


def check_learner(learner: Learner, tolerance: float = 1e-5) -> None:
    """Check a learner against the contract, on records made up for it; returns nothing if every promise is kept.

    The episodes differ in records, features and classes and are padded; in some, classes have no labelled record, all
    records are of one class, or records and columns are duplicates. ``tolerance`` is the largest difference of two
    probabilities that should be equal.

    Raises ContractError that names the broken promise, the episodes and what was seen.

    >>> from alrl.learners.softmax.softmax_regression import SoftmaxRegression
    >>> check_learner(SoftmaxRegression())
    """
    check_instance(learner, Learner)
    for case, made in _examples():
        for promise, broken in _PROMISES:
            before = {name: tensor.clone() for name, tensor in vars(made).items()}
            with tried(learner, f'on the episodes "{case}"'):
                seen = broken(learner, made, tolerance)
            changed = [name for name, tensor in vars(made).items() if not tensor.equal(before[name])]
            if changed:
                seen = f"and what it is given stays as it was; changed: {', '.join(changed)}"
            if seen:
                raise ContractError(f'{type(learner).__name__}, on the episodes "{case}": {promise}; {seen}')


def _examples() -> Iterator[tuple[str, Example]]:
    yield "ordinary", example(1)
    yield "two classes", example(2, ((10, 4, 2), (25, 3, 2)))
    yield "more features than records", example(3, ((6, 40, 3), (9, 25, 2)))
    yield "classes unseen", example(4, unseen=1)
    yield "one class seen", example(5, ((5, 3, 2), (8, 4, 2)), unseen=1)
    yield "clusters far apart", example(6, spread=1e-3)
    made = example(7)
    made.X[:, 4:8] = made.X[:, :4]
    made.X[..., 1] = made.X[..., 0]
    yield "duplicates", made


def _report_is_whole(learner: Learner, made: Example, _: float) -> str | None:
    report, B = made.fit(learner.fresh()), len(made.X)
    if report.iterations.shape != (B,) or report.iterations.dtype != torch.int64:
        return f"iterations have shape {tuple(report.iterations.shape)} and {report.iterations.dtype}"
    if report.converged.shape != (B,) or report.converged.dtype != torch.bool:
        return f"converged has shape {tuple(report.converged.shape)} and {report.converged.dtype}"
    if report.losses is not None and (report.losses.ndim != 2 or len(report.losses) != B):
        return f"losses have shape {tuple(report.losses.shape)}"
    return None


def _probabilities(learner: Learner, made: Example, _: float) -> str | None:
    given = _fitted(learner, made)
    if given.shape != (*made.others.shape[:2], made.class_mask.shape[1]) or not given.is_floating_point():
        return f"gave shape {tuple(given.shape)} and {given.dtype}"
    if not bool(given.isfinite().all()) or bool((given < 0).any()):
        return f"gave numbers from {given.min():g} to {given.max():g}"
    if bool((given * ~made.class_mask[:, None]).any()):
        return "gave probability to a class that is padding"
    return _differ(torch.ones(given.shape[:2]), given.sum(-1).float(), 1e-4, "sums")


def _learns(learner: Learner, made: Example, _: float) -> str | None:
    fresh = learner.fresh()
    made.fit(fresh)
    right = (fresh.predict_proba(made.X).argmax(-1) == made.y) & (made.weight > 0)
    share = right.sum() / (made.weight > 0).sum()
    return f"{share:.0%} were" if share < 0.7 else None


def _same_again(learner: Learner, made: Example, tolerance: float) -> str | None:
    return _differ(_fitted(learner, made), _fitted(learner, made), tolerance, "probabilities at the second time")


def _alone_as_in_batch(learner: Learner, made: Example, tolerance: float) -> str | None:
    together = _fitted(learner, made)
    for episode in range(len(made.X)):
        one = made.alone(episode)
        alone = _fitted(learner, one)
        seen = _differ(alone[0], together[episode, :, : alone.shape[2]], tolerance, f"in episode {episode}")
        if seen:
            return seen
    return None


def _padding_is_ignored(learner: Learner, made: Example, tolerance: float) -> str | None:
    wider = _fitted(learner, made.padded(3, 2, 2))[..., : made.class_mask.shape[1]]
    return _differ(_fitted(learner, made), wider, tolerance, "with more padding")


def _order_of_episodes(learner: Learner, made: Example, tolerance: float) -> str | None:
    order = list(reversed(range(len(made.X))))
    return _differ(_fitted(learner, made)[order], _fitted(learner, made.take(order)), tolerance, "in reverse")


def _restart_is_fresh(learner: Learner, made: Example, tolerance: float) -> str | None:
    used, other = learner.fresh(), example(99, _sizes(made))
    other.fit(used)
    used.restart(torch.ones(len(made.X), dtype=torch.bool))
    made.fit(used)
    return _differ(_fitted(learner, made), made.predict(used), tolerance, "after restart")


def _copies_are_apart(learner: Learner, made: Example, tolerance: float) -> str | None:
    fitted = learner.fresh()
    made.first(_EARLIER).fit(fitted)
    before = made.predict(fitted).clone()
    order = [0, 0, *range(1, len(made.X))]
    copies = torch.tensor(order)
    shortened = fitted.with_max_iterations(3)
    for what, part in (("take", fitted.take(copies)), ("with_max_iterations", shortened.take(copies))):
        branches = made.take(order)
        seen = _differ(before[order], branches.predict(part), tolerance, f"by the copy that {what} gave")
        branches.fit(part)
        seen = seen or _differ(before, made.predict(fitted), tolerance, f"after a fit of the copy that {what} gave")
        if seen:
            return seen
    return None


def _branches(learner: Learner, made: Example, tolerance: float) -> str | None:
    fitted, count = learner.fresh(), 2
    made.fit(fitted)
    branched = fitted.take(torch.arange(len(made.X)).repeat_interleave(count))
    expected = made.predict(fitted)[:, None].expand(-1, count, -1, -1)
    return _differ(expected, branched.predict_branches(made.others, count), tolerance, "by branches")


def _embedding(learner: Learner, made: Example, _: float) -> str | None:
    fitted = learner.fresh()
    made.fit(fitted)
    shape = fitted.embed(made.others).shape
    return None if len(shape) == 3 and shape[:2] == made.others.shape[:2] else f"embed gave shape {tuple(shape)}"


def _fitted(learner: Learner, made: Example) -> Tensor:
    fresh = learner.fresh()
    made.fit(fresh)
    return made.predict(fresh)


def _sizes(made: Example) -> tuple[tuple[int, int, int], ...]:
    _, n, D = made.X.shape
    return tuple((n, D, made.class_mask.shape[1]) for _ in made.X) or ORDINARY


def _differ(expected: Tensor, given: Tensor, tolerance: float, what: str) -> str | None:
    if expected.shape != given.shape:
        return f"{what}: shape {tuple(given.shape)} instead of {tuple(expected.shape)}"
    gap = (expected - given).abs().max().item() if expected.numel() else 0.0
    return f"{what}: they differ by {gap:.2g}" if not gap <= tolerance else None


_PROMISES: tuple[_Promise, ...] = (
    ("fit reports iterations (B,), long, and converged (B,), bool", _report_is_whole),
    ("predict_proba gives probabilities (B, N, k) that sum to one, zero for padding", _probabilities),
    ("most labelled records are classified as labelled", _learns),
    ("a fresh learner fitted to the same records gives the same probabilities", _same_again),
    ("an episode alone gives what it gives among others", _alone_as_in_batch),
    ("more padding changes nothing", _padding_is_ignored),
    ("the order of the episodes does not matter", _order_of_episodes),
    ("a restarted episode is as a fresh one", _restart_is_fresh),
    ("copies predict as the original, and fitting them leaves it as it was", _copies_are_apart),
    ("predict_branches gives what predict_proba gives, (B, branches, N, k)", _branches),
    ("embed gives a representation (B, N, E)", _embedding),
)
