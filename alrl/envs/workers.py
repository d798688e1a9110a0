"""Processes that each play some of a vector environment's episodes."""

from __future__ import annotations

import contextlib
import traceback
import weakref
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple, NoReturn

import numpy as np
from joblib.externals.loky.backend import get_context
from numpy.typing import NDArray

from alrl.errors import AlrlError, InvalidQueryError

Arrays = dict[str, NDArray[Any]]
"""An observation in NumPy: an array of each part."""


class CrewError(AlrlError):
    """A process that plays episodes has died or failed.

    To do: read the cause in the message; one worker plays in this process and fails where the cause is.
    """


class _Member(NamedTuple):
    process: Any
    pipe: Any


class WorkerPool:
    """Processes of one thread each, every one with an environment of its own.

    What ``make`` builds from a number of episodes has ``reset(seed=...)``, ``step(actions)`` and ``render()``; it is
    built in the process. Episodes are dealt out in order: the first process plays the first of them.

    Args:
        make: builds the environment, for a number of episodes; it has to be picklable.
        episodes: how many each process plays.
    """

    def __init__(self, make: Callable[[int], Any], episodes: Sequence[int]) -> None:
        self.shares_of_episodes = list(episodes)
        self.episodes, self.ends = sum(episodes), np.cumsum(episodes)[:-1]
        context = get_context("loky")
        self._members: list[_Member] = []
        for count in episodes:
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(theirs, make, count), daemon=True)
            process.start()
            theirs.close()
            self._members.append(_Member(process, ours))
        self._finalizer = weakref.finalize(self, _dismiss, self._members)

    def reset(
        self,
        seeds: Sequence[int] | None,
        options: dict[str, Any] | None = None,
        *,
        before: dict[str, Any] | None = None,
    ) -> tuple[Arrays, dict[str, Any]]:
        """Begin every episode; ``seeds`` is one an episode, None for the next episodes of the last seeds.

        Where it fails in one process, the options ``before`` are in force again in the others too.
        """
        parts = [None] * len(self._members) if seeds is None else np.split(np.asarray(seeds), self.ends)
        shares: list[Any] = [None] * len(self._members) if options is None else self.shares(options)
        given = [None if part is None else part.tolist() for part in parts]
        try:
            answers = self._ask("reset", list(zip(given, shares, strict=True)))
        except AlrlError:
            if before is not None:
                self.call("set_options", [(share,) for share in self.shares(before)])
            raise
        return _joined([answer[0] for answer in answers]), _joined_info([answer[1] for answer in answers])

    def step(
        self, actions: NDArray[Any]
    ) -> tuple[Arrays, NDArray[Any], NDArray[Any], NDArray[Any], dict[str, Any], NDArray[np.bool_]]:
        """Play one action an episode; what an environment's step returns, and which episodes are over."""
        if actions.shape[:1] != (self.episodes,):
            raise InvalidQueryError(f"actions of shape {actions.shape} given; expected one for each of {self.episodes}")
        answers = self._ask("step", np.split(actions, self.ends))
        observations, rewards, terminated, truncated, infos, over = zip(*answers, strict=True)
        return (
            _joined(observations),
            np.concatenate(rewards),
            np.concatenate(terminated),
            np.concatenate(truncated),
            _joined_info(infos),
            np.concatenate(over),
        )

    def shares(self, options: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the options of each process: lists and arrays hold one entry an episode."""
        bounds = [0, *self.ends.tolist(), None]
        return [
            {
                name: value[start:stop] if isinstance(value, list | tuple | np.ndarray) else value
                for name, value in options.items()
            }
            for start, stop in pairwise(bounds)
        ]

    def call(self, method: str, arguments: Sequence[tuple[Any, ...]] | None = None) -> list[Any]:
        """Return what a method of each process's environment gives, for ``arguments`` of its own."""
        return self._ask(method, arguments if arguments is not None else [()] * len(self._members))

    def render(self) -> list[Any]:
        """Return a picture of every episode, in order."""
        return [picture for part in self.call("render") for picture in part]

    def _ask(self, what: str, arguments: Sequence[Any]) -> list[Any]:
        if not self._finalizer.alive:
            raise InvalidQueryError("the environment is closed, and its worker processes have ended; make it anew")
        # Before anything is sent: an answer that nobody takes would be taken for that to the next question.
        if len(arguments) != len(self._members):
            raise InvalidQueryError(f"{len(arguments)} parts given for {len(self._members)} worker processes")
        for member, argument in zip(self._members, arguments, strict=True):
            self._guarded(member.pipe.send, member, (what, argument))
        # All answers are taken before one is looked at, lest a failure leave another process's answer in its pipe.
        answers = [self._guarded(member.pipe.recv, member) for member in self._members]
        for error, trace, _ in answers:
            if error is not None:
                raise error if isinstance(error, AlrlError) else CrewError(f"a worker process failed:\n{trace}")
        return [answer for _, _, answer in answers]

    @staticmethod
    def _guarded(call: Callable[..., Any], member: _Member, *arguments: Any) -> Any:
        try:
            return call(*arguments)
        except (EOFError, OSError) as lost:
            member.process.join(1)
            raise CrewError(
                f"a worker process ended (exit code {member.process.exitcode}), perhaps for want of memory; make the"
                " environment anew with fewer workers or episodes"
            ) from lost

    def __reduce__(self) -> NoReturn:
        raise InvalidQueryError(
            "an environment with worker processes cannot be copied or pickled; copy one with workers = 1, or what"
            " snapshot() gives"
        )

    def close(self) -> None:
        """End the processes; nothing happens the second time."""
        self._finalizer()


def _dismiss(members: Sequence[_Member]) -> None:
    for member in members:
        with contextlib.suppress(OSError):  # It has ended already.
            member.pipe.send(("close", None))
        member.pipe.close()
    for member in members:
        member.process.join(5)
        if member.process.is_alive():
            member.process.terminate()


def _serve(pipe: Any, make: Callable[[int], Any], episodes: int) -> None:
    """Play what the pipe asks for until it says close or breaks."""
    from alrl.numerics.backend import one_thread

    environment = None
    with one_thread():
        while True:
            try:
                what, argument = pipe.recv()
            except EOFError:
                return
            if what == "close":
                return
            try:
                environment = make(episodes) if environment is None else environment
                if what == "reset":
                    answer: Any = environment.reset(seed=argument[0], options=argument[1])
                elif what == "step":
                    answer = (*environment.step(argument), environment.over)
                else:
                    answer = getattr(environment, what)(*argument)
                pipe.send((None, "", answer))
            except Exception as error:  # noqa: BLE001 - it is raised where the question was asked
                pipe.send(
                    (error if isinstance(error, AlrlError) else RuntimeError(str(error)), traceback.format_exc(), None)
                )


def _joined(parts: Sequence[Arrays]) -> Arrays:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _joined_info(parts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return one info of all processes; the final observations, which only some may have, are filled up."""
    always = [name for name in parts[0] if not name.removeprefix("_").startswith("final_")]
    joined: dict[str, Any] = {name: np.concatenate([part[name] for part in parts]) for name in always}
    if any("final_obs" in part for part in parts):
        none = [np.full(len(part[always[0]]), None, dtype=object) for part in parts]
        for name in ("final_obs", "_final_obs", "_final_info"):
            blank = none if name == "final_obs" else [np.zeros(len(each), dtype=bool) for each in none]
            joined[name] = np.concatenate([part.get(name, empty) for part, empty in zip(parts, blank, strict=True)])
        joined["final_info"] = _joined(
            [part.get("final_info", {name: part[name] for name in always}) for part in parts]
        )
    return joined
