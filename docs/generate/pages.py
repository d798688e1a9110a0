"""Pages of the documentation on every environment: ``python -m docs.generate.pages docs/environments``.

They have Gymnasium's headings and are written from the recipes, the spaces and the docstrings of what the recipes name;
a test compares them with what would be written now.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from alrl import recipes
from alrl.envs.env import ActiveLearningEnv
from alrl.envs.recipe import EnvRecipe, load_env_recipe
from alrl.envs.registration import environment_id
from alrl.envs.vector_env import ActiveLearningVectorEnv
from docs.generate.field_docs import Key, argument_meanings, attribute_meanings, description, keys, plain
from docs.generate.table_text import cells_of, row, shown

_MARK = "<!-- Written by `python -m docs.generate.pages docs/environments`; do not edit. -->"
_SECTIONS = {
    "data": "Starting State",
    "learner": "Description",
    "annotator": "Description",
    "relabel": "Description",
    "contamination": "Starting State",
    "budget": "Episode End",
    "budget.first": "Starting State",
    "budget.first_size": "Starting State",
    "cost": "Rewards",
    "action": "Action Space",
    "observation": "Observation Space",
    "reward": "Rewards",
}
"""Where the keys of a table are explained; those of others under Arguments."""
_HISTORY = re.compile(r"^# v(\d+): (.+)$", re.MULTILINE)
_INDEX = f"""# Environments

{_MARK}

One file in `envs/` is one environment; `envs/README.md` says how to add one. All have
the same shape of observation, so that one agent can be used in any of them.

| environment | what it is for | learner | action | reward |
|---|---|---|---|---|
"""


def pages() -> dict[str, str]:
    """Return every page in Markdown, by its file name; ``index.md`` first."""
    written = {"index.md": ""}
    rows = []
    for path in sorted(Path(recipes.find("envs", name)) for name in recipes.names("envs")):
        recipe = load_env_recipe(path)
        written[f"{path.stem}.md"] = page(path, recipe)
        cells = (recipe.learner.kind, recipe.action.kind, _paid(recipe))
        first = f"[`{environment_id(path.stem)}`]({path.stem}.md)"
        rows.append(cells_of(first, recipes.first_line_comment(path), *(f"`{cell}`" for cell in cells)))
    written["index.md"] = _INDEX + "\n".join(rows) + "\n"
    return written


def page(path: Path, recipe: EnvRecipe) -> str:
    """Return the page on the environment of the recipe in the file ``path``."""
    env = ActiveLearningVectorEnv(recipe, num_envs=1)
    identifier = environment_id(path.stem)
    facts = [
        cells_of("Action space", f"`{shown(env.single_action_space)}`"),
        cells_of("Observation space", f"`{shown(env.single_observation_space)}`, float32"),
        cells_of("One", f'`gymnasium.make("{identifier}")`'),
        cells_of("Many at once", f'`gymnasium.make_vec("{identifier}", num_envs=64)`'),
    ]
    parts = {
        "Description": _description(path, recipe),
        "Action Space": _action(recipe, env),
        "Observation Space": _observation(recipe),
        "Rewards": _rewards(recipe),
        "Starting State": _starting(recipe),
        "Episode End": _end(recipe),
        "Arguments": _arguments(),
        "Version History": _history(path, recipe),
    }
    sections = _keys_by_section(recipe)
    lines = [f"# {identifier}", "", _MARK, "", "| property | value |", "|---|---|", *facts]
    for title, lines_of in parts.items():
        lines += ["", f"## {title}", "", *lines_of]
        if title in sections:
            lines += ["", "| key of the recipe | value | meaning |", "|---|---|---|", *map(row, sections[title])]
    return "\n".join(lines) + "\n"


def _description(path: Path, recipe: EnvRecipe) -> list[str]:
    names = [f"`{name}`" for name in recipe.data.names]
    some = names if len(names) <= 20 else [*names[:3], "...", names[-1]]
    drawn = f"one of {len(names)} data sets, drawn anew: " if len(names) > 1 else "the data set "
    played = (
        f"An episode is one run of active learning on {drawn}{', '.join(some)}. In each round a batch of records is"
        " labelled and the learner is refitted. The environment is this recipe:"
    )
    source = path.read_text(encoding="utf-8").strip().split("\n", 1)[1]
    return [
        recipes.first_line_comment(path),
        "",
        played,
        "",
        "```toml",
        source,
        "```",
    ]


def _action(recipe: EnvRecipe, env: ActiveLearningVectorEnv) -> list[str]:
    return [
        f"`{shown(env.single_action_space)}`. {_of_kind(recipe, 'action')}",
        "",
        'What is allowed is in `info["action_mask"]` and `action_masks()`; a choice that is not there is an error.',
        *_again(recipe),
    ]


def _again(recipe: EnvRecipe) -> list[str]:
    if recipe.relabel is None:
        return []
    price = (
        f"The last {recipe.action.candidates.build().again} candidates have a label already: those whose label is most"
        " likely wrong by the votes of the nearest other labelled records, and the less so the more often they were"
        " asked for. To choose one is to ask for it again, which is charged as a new label is;"
        f' `info["asked_again"]` counts. Of several labels of a record the `{recipe.relabel}` is believed.'
    )
    features = " The features `own-label` tell of it." if "own-label" in recipe.observation.features else ""
    return ["", price + features]


def _observation(recipe: EnvRecipe) -> list[str]:
    groups = recipe.observation.build().groups
    lines = [
        "- `candidates`: rows of features, one a choice unless the action says otherwise; zeros where there is none.",
        "- `loop`: features of the loop as a whole.",
        "- `mask`: 1 where there is a row of `candidates`, else 0.",
        "",
        "All are bounded and free of the data set's size ([every feature](../metadata.md)). The groups, in order:",
        "",
        "| group | part | features |",
        "|---|---|---|",
    ]
    for group in groups:
        part = "candidates" if group.scope == "record" else "loop"
        lines.append(cells_of(f"[`{group.name}`](../metadata.md#{group.name})", f"`{part}`", len(group.features)))
    return lines


def _rewards(recipe: EnvRecipe) -> list[str]:
    reward = _of_kind(recipe, "reward") or plain(inspect.cleandoc(type(recipe.reward).__doc__ or ""))
    return [reward, "", "It is computed on the validation part alone, which is never observed."]


def _starting(recipe: EnvRecipe) -> list[str]:
    split = recipe.data.split
    shares = ", ".join(f"{share:.0%}" for share in (split.pool, split.validation, split.test))
    explanation = (
        f"The data set is split by the seed into pool, validation and test part ({shares}). The first sample,"
        f" `{recipe.budget.first}`, is labelled and the learner fitted to it. The seed decides all of it; without one,"
        " `reset` begins the next episode of the last."
    )
    return [explanation]


def _end(recipe: EnvRecipe) -> list[str]:
    ends = [f"The episode is terminated when {recipe.budget.labels} labels have been bought, or no record is left."]
    if getattr(recipe.action, "stop", False):
        ends.append("The agent may end it earlier.")
    if getattr(recipe.action, "restart", False):
        ends.append("The agent may begin again with another first sample; what was spent stays charged.")
    if recipe.reward.kind == "target":
        ends.append("It ends with the loop that reaches the target.")
    return [" ".join(ends) + " It is never truncated."]


def _arguments() -> list[str]:
    lines = ["Of `gymnasium.make`, and of `gymnasium.make_vec` beside `num_envs`:", ""]
    lines += ["| argument | default | of | meaning |", "|---|---|---|---|"]
    for kind, name in ((ActiveLearningEnv, "make"), (ActiveLearningVectorEnv, "make_vec")):
        meanings = argument_meanings(kind)
        for argument in inspect.signature(kind).parameters.values():
            if argument.name in {"recipe", "num_envs"}:
                continue
            default = getattr(argument.default, "value", argument.default)
            lines.append(cells_of(f"`{argument.name}`", f"`{default!r}`", f"`{name}`", meanings[argument.name]))
    return lines


def _history(path: Path, recipe: EnvRecipe) -> list[str]:
    """Return what lines such as ``# v1: a larger budget`` of the recipe say; version 0 is the first."""
    changes = dict(_HISTORY.findall(path.read_text(encoding="utf-8")))
    return [
        f"- v{number}: {changes.get(str(number), 'the first version.' if number == 0 else 'changed.')}"
        for number in range(recipe.version, -1, -1)
    ]


def _keys_by_section(recipe: EnvRecipe) -> dict[str, list[Key]]:
    """Return the keys of the recipe by the section that they are explained in, in the order of the schema."""
    sections: dict[str, list[Key]] = {}
    meanings = attribute_meanings(EnvRecipe)
    for name in EnvRecipe.model_fields:
        value = getattr(recipe, name)
        if isinstance(value, BaseModel):
            rows = list(keys(value, name, _built(recipe, name)))
        elif name == "version":
            continue
        elif name == "contamination" and value:
            rows = [key for place, each in enumerate(value) for key in _of_list(name, each, place, len(value))]
        else:
            rows = [Key(name, value, name in recipe.model_fields_set, meanings.get(name, ""))]
        for key in rows:
            sections.setdefault(_SECTIONS.get(key.name, _SECTIONS.get(name, "Arguments")), []).append(key)
    return sections


def _of_list(name: str, table: Any, place: int, count: int) -> Iterable[Key]:
    """Return the keys of one of several tables of a name, numbered where it is not the only one."""
    return keys(table, f"{name}[{place}]" if count > 1 else name, type(table.build()))


def _built(recipe: EnvRecipe, table: str) -> type[Any] | None:
    """Return the class that a table's ``kind`` names, if there is one."""
    if table == "action" and hasattr(recipe, "actions"):
        return type(recipe.actions())
    value = getattr(recipe, table)
    if table == "action" or "kind" not in type(value).model_fields or not hasattr(value, "build"):
        return None
    return type(value.build())


def _of_kind(recipe: EnvRecipe, table: str) -> str:
    kind = _built(recipe, table)
    return description(kind or type(getattr(recipe, table)))


def _paid(recipe: EnvRecipe) -> str:
    against = "" if recipe.reward.against == "nothing" else f" against {recipe.reward.against}"
    return recipe.reward.kind + against


def write(folder: Path, contents: dict[str, str]) -> Iterable[Path]:
    """Write the pages into a folder, and remove those of environments that are gone; the files written."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.md"):
        if old.name not in contents:
            old.unlink()
    for name, text in contents.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in contents]


if __name__ == "__main__":
    write(Path(sys.argv[1]), pages())
