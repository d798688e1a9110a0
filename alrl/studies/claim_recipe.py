"""The tables ``[[claims]]`` of a study: what it is to show, as data, written before it is run."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from alrl.evaluation.curves import Metric
from alrl.recipes.model import OneLine, Recipe


class ClaimRecipe(Recipe):
    """A claim on two agents that the report gives a verdict on, tested across data sets.

    >>> ClaimRecipe(contrast=("general", "margin"), direction="greater").words
    'general above margin'
    """

    name: OneLine = ""
    """What reports call it; said by its parts if left out."""
    contrast: tuple[str, str]
    """The agent that the claim is about, and the one it is held against."""
    metric: Metric | None = None
    """The study's first if left out."""
    direction: Literal["greater", "less", "different"] = "greater"
    """Of the first agent's value against the second's."""
    condition: str | None = None
    """The condition that it is claimed under; under each if left out."""
    against_condition: str | None = None
    """Another condition: the claim is then of the difference of the two differences, paired by data set."""
    family: str = "claims"
    """Claims of one family are corrected together (Holm)."""
    level: float = Field(default=0.05, gt=0, lt=1)
    """Probability of a false verdict that is accepted, in the whole family."""

    @model_validator(mode="after")
    def _conditions(self) -> ClaimRecipe:
        if self.contrast[0] == self.contrast[1]:
            raise ValueError(f"contrast names {self.contrast[0]!r} twice; name two agents")
        if self.against_condition is not None and self.condition in {None, self.against_condition}:
            raise ValueError(
                f"against_condition {self.against_condition!r} given; name another one under condition as well"
            )
        return self

    @property
    def words(self) -> str:
        """The claim, by its name or its parts."""
        sign = {"greater": "above", "less": "below", "different": "other than"}[self.direction]
        under = f" under {self.condition}" if self.condition else ""
        more = f", more so than under {self.against_condition}" if self.against_condition else ""
        more = more if self.direction == "greater" else more.replace("more so than", "compared with")
        return self.name or f"{self.contrast[0]} {sign} {self.contrast[1]}{under}{more}"
