"""Load a study from its recipe, and check what the schema alone cannot."""

from __future__ import annotations

from pathlib import Path

from alrl import recipes
from alrl.data.table_recipe import Source, located
from alrl.studies.protocols import make_protocol
from alrl.studies.study import StudyRecipe


def load_study(name: str | Path) -> StudyRecipe:
    """Return the study of a recipe file or a recipe's name.

    Raises:
        InvalidRecipeError: there is none, it does not fit the schema, or its protocol is unknown; a protocol that is
            named ``package.module:Class`` is looked for when the study is run.
    """
    path = recipes.find("experiments", name)
    recipes.say_if_hidden("experiments", name)
    study = recipes.parse(StudyRecipe, recipes.read(path), where=str(path))
    with recipes.checked_while_parsed():
        make_protocol(study.protocol)

    def beside(sources: tuple[Source, ...]) -> tuple[Source, ...]:
        return tuple(located(source, path.parent) for source in sources)

    conditions = tuple(each.model_copy(update={"data": beside(each.data)}) for each in study.conditions)
    return study.model_copy(update={"data": beside(study.data), "conditions": conditions})
