"""Collects examples for imitation and regression in several processes, and keeps each part when it has been played."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import joblib

from alrl.agents.training.checkpoint import Checkpoint
from alrl.agents.training.validation import by_size, chunks
from alrl.agents.training.valued_candidates import Behaviour, ValuedCandidates, collect
from alrl.agents.training_recipes import ImitationRecipe, RegressionRecipe
from alrl.data.task import Task
from alrl.envs.recipe import EnvRecipe
from alrl.loop.counting import Tally, counted
from alrl.numerics.backend import one_thread
from alrl.progress import Bars


def collected(
    tasks: Sequence[Task],
    env: EnvRecipe,
    recipe: ImitationRecipe | RegressionRecipe,
    behaviour: Behaviour,
    *,
    workers: int | None,
    device: str,
    checkpoint: Checkpoint,
    bars: Bars,
    title: str,
    variant: int,
) -> ValuedCandidates:
    """Return the examples of the tasks, valued by the recipe's expert, each chunk kept when it has been played.

    Chunks play the environment's variants from number ``variant`` on, in ``workers`` processes: one a core, at most
    four, if left out, and one where the device is no processor.
    """
    if workers is None:
        workers = min(4, os.cpu_count() or 1)
    # The longest chunks go first, lest one is waited for at the end.
    numbered = list(enumerate(chunks(by_size(tasks))))[::-1]
    parts: list[ValuedCandidates] = []
    bar, work = bars.bar(title, len(numbered)), checkpoint.work
    while len(parts) < len(numbered) and (state := checkpoint.part(f"{len(parts)}").load()) is not None:
        parts.append(ValuedCandidates(**state.tensors))
        bar.advance()
    expert = recipe.expert.build(behaviour.policy)
    jobs = (
        joblib.delayed(_collect_pinned)(
            chunk, env.variant(variant + number), behaviour, expert, recipe.every, number, device
        )
        for number, chunk in numbered[len(parts) :]
    )
    for part, tally, process in joblib.Parallel(n_jobs=workers if device == "cpu" else 1, return_as="generator")(jobs):
        work.steps += tally.steps
        if process != os.getpid():
            work.counter.add(tally)
        checkpoint.part(f"{len(parts)}").save({}, {name: each for name, each in vars(part).items() if each is not None})
        parts.append(part)
        bar.advance()
    bar.done()
    return ValuedCandidates.joined(parts)


def _collect_pinned(
    tasks: Sequence[Task], env: EnvRecipe, behaviour: Behaviour, expert: Any, every: int, offset: int, device: str
) -> tuple[ValuedCandidates, Tally, int]:
    """Return the examples, what it took, and in which process."""
    with one_thread(), counted() as counter:
        examples = collect(tasks, env, behaviour, expert, every=every, offset=offset, device=device)
    return examples, counter.tally, os.getpid()
