"""The tables ``[action]`` and ``candidates`` of an environment recipe."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import ConfigDict, Field, model_validator

from alrl.envs.actions import Actions, Setting, action_kinds, make_actions
from alrl.envs.candidates import CandidateSource, make_candidates
from alrl.errors import InvalidRecipeError
from alrl.metadata import FeatureSet
from alrl.recipes.model import Recipe
from alrl.recipes.modules import checked_while_parsed
from alrl.recipes.registry import check_keys
from alrl.recipes.suggest import unknown


class CandidatesRecipe(Recipe):
    """The candidates that an action chooses from; further keys are arguments of a kind of your own."""

    model_config = ConfigDict(extra="allow")

    kind: str = "mixture"
    """A ``mixture`` by the shares below, or a class of your own, ``package.module:Class``."""
    count: int = Field(default=32, ge=1)
    """Candidates, K."""
    margin: float = Field(default=0.5, ge=0, le=1)
    """Share of them that are the available records of smallest margin."""
    random: float = Field(default=0.5, ge=0, le=1)
    """Share of them drawn at random from the rest."""
    clusters: float = Field(default=0.0, ge=0, le=1)
    """Share of them that represent clusters."""
    herding: float = Field(default=0.0, ge=0, le=1)
    """Share of them that would cover most of what is in doubt and not covered yet."""
    labelled: float = Field(default=0.0, ge=0, le=1)
    """Share of them that have a label and may be asked for again, where the recipe allows it."""
    LATER: ClassVar[frozenset[str]] = frozenset({"herding", "kind"})

    @model_validator(mode="after")
    def _shares(self) -> CandidatesRecipe:
        with checked_while_parsed():
            self.build()
        return self

    def build(self) -> CandidateSource:
        """Return what draws them."""
        own = dict(self.model_extra or {})
        shares = {name: getattr(self, name) for name in type(self).model_fields if name != "kind"}
        if self.kind == "mixture":
            for name in own:
                raise InvalidRecipeError(unknown("key", name, ["kind", *shares]))
            return make_candidates("mixture", **shares)
        given = {name: getattr(self, name) for name in self.model_fields_set - {"kind"}}
        return make_candidates(self.kind, **given)


class ActionRecipe(Recipe):
    """Declare what an action means; every key beside those below is an argument of that kind, such as ``rules``."""

    model_config = ConfigDict(extra="allow")

    kind: str = "record"
    """A registered kind (``record``, ``rule``, ``weights``) or ``package.module:Class``."""
    candidates: CandidatesRecipe = CandidatesRecipe()
    sizes: tuple[int, ...] = ()
    """Sizes of a batch that the agent chooses from; none means ``budget.batch``."""
    stop: bool = False
    """Whether the agent may end the episode."""
    restart: bool = False
    """Whether the agent may begin again with another first sample; labels spent stay charged."""

    def build(self, features: FeatureSet, batch: int) -> Actions:
        """Return the actions, for what is observed and for batches of ``batch`` where no sizes are named."""
        settings: dict[str, Any] = dict(self.model_extra or {})
        check_keys(settings, list(type(self).model_fields), self.kind, action_kinds())
        setting = Setting(
            features=features,
            mixture=self.candidates.build(),
            sizes=self.sizes or (batch,),
            stop=self.stop,
            restart=self.restart,
        )
        made = make_actions(self.kind, setting=setting, **settings)
        if self.candidates != CandidatesRecipe() and not made.draws_candidates:
            raise InvalidRecipeError(f"action: candidates have no meaning for kind {made.name}; leave them out")
        return made
