"""Contract of protocols: what a study's cells are, and how one of them is played."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from alrl.evaluation.curves import Curves
from alrl.strategies import Strategy

if TYPE_CHECKING:
    from alrl.studies.study import StudyRecipe


class Protocol(ABC):
    """Makes the cells of a study and plays them; a study names one by its ``name``.

    A cell is a dictionary of plain JSON values: all that its result depends on, apart from the code. The runner adds
    ``agent`` (the name in tables), ``agent_identity`` (a hash of what the agent is) and, but for the default protocol,
    ``protocol``. A key that holds its default is best left out, so that a setting that is new leaves old ids alone.
    """

    name: ClassVar[str]

    @abstractmethod
    def cells(self, study: StudyRecipe) -> Iterator[dict[str, Any]]:
        """Return the cells of one agent, in the order of the tables, without the keys that the runner adds."""

    @abstractmethod
    def play(self, cell: Mapping[str, Any], agent: Strategy, *, device: str = "cpu") -> Curves:
        """Return the curves of a cell: a function of the cell and the agent it names alone, to the last bit."""

    def work(self, cell: Mapping[str, Any]) -> float:
        """Return how much there is to do, in any unit.

        Cells of more work are begun sooner, and time left is told by it.
        """
        return float(len(cell.get("seeds", (0,))))

    def report(self, curves: Sequence[Curves], folder: Path, *, mark: str = "") -> list[Path]:  # noqa: ARG002
        """Write what only this protocol can tell into the folder of a run; the files, which its page links.

        A ``mark`` is to be seen in each text, such as that the study is incomplete. By default there is nothing to say.
        """
        return []
