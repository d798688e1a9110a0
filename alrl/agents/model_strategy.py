"""Policies of other libraries as strategies: a Stable-Baselines3 model, a torch module, or any function."""

from __future__ import annotations

import copy
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from torch import Tensor, nn

from alrl.envs.actions import Actions, Turn
from alrl.envs.observable import observation_space
from alrl.envs.recipe import EnvRecipe, load_env_recipe
from alrl.envs.vector_env import to_arrays
from alrl.errors import AlrlError, InvalidQueryError, InvalidRecipeError, PolicyFileError
from alrl.loop.pool_view import PoolView
from alrl.loop.promises import left_as_given
from alrl.loop.view_fields import Need
from alrl.recipes.modules import code_is_refused
from alrl.strategies.base import Strategy

ViewArrays = Mapping[str, NDArray[Any]]
Chooser = Callable[[ViewArrays, NDArray[np.int8]], Any]
"""What is to be done in B states, given their observations and masks."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ModelStrategy(Strategy):
    """Plays what a model answers to the observations of an environment, wherever a strategy plays.

    Batches are filled action by action, each seeing what the batch holds. A choice that the mask forbids becomes the
    first that it allows, which among candidates is that of smallest margin.
    """

    name: str = "model"  # type: ignore[misc]
    env: EnvRecipe
    """Says what is observed, which candidates there are, and what an action means."""
    answer: Chooser

    def __post_init__(self) -> None:
        action = self.env.action
        if action.sizes or action.stop or action.restart or action.candidates.labelled:
            raise InvalidRecipeError(
                "a strategy is told how many records to choose, all without a label: an environment with sizes, stop,"
                " restart or labelled candidates asks its agent for more; play the model in the environment itself"
            )
        object.__setattr__(self, "_features", self.env.observation.build())

    @property
    def needs(self) -> frozenset[Need]:
        """What the view must hold for the environment's features and actions."""
        features: Any = self._features  # type: ignore[attr-defined]
        return frozenset(features.needs | self.env.actions().needs)

    def score(self, view: PoolView) -> Tensor:
        """Return 1 for the record chosen, 0 for the others, (episodes, records)."""
        picks, score = self.select(view, 1), torch.zeros_like(view.noise)
        return score.scatter_add(1, picks.clamp_min(0), (picks >= 0).to(score.dtype))

    def select(self, view: PoolView, count: int = 1) -> Tensor:
        """Return the next batch, (episodes, count), filled action by action."""
        if count < 1:
            raise InvalidQueryError(f"batch of {count} records asked for; a batch has at least 1 record")
        actions, picks = self.env.actions(), list[Tensor]()
        nothing = torch.zeros_like(view.spent)
        while len(picks) < count:
            turn = Turn(
                view=view,
                filled=nothing + len(picks),
                wanted=nothing + (count if picks else 0),
                left=view.available.sum(1),
                may_restart=nothing.bool(),
            )
            with left_as_given(actions, view=view):
                seen = actions.see(turn)
            mask = actions.mask
            active = mask.any(1)
            chosen = _as_actions(self.answer(to_arrays(seen), mask.cpu().numpy().astype(np.int8)), mask, actions.space)
            columns = actions.decide(chosen, active).picks.masked_fill(~active[:, None], -1).unbind(1)
            for column in columns[: count - len(picks)]:
                picks.append(column)
                view = view.with_selected(column)
        return torch.stack(picks, 1)


def _as_actions(answer: Any, mask: Tensor, space: spaces.Space[Any]) -> Tensor:
    """Return actions (B,) or (B, D) from what a model answered: actions, scores of each number, or a distribution."""
    if isinstance(answer, tuple):
        answer = answer[0]
    if isinstance(answer, torch.distributions.Distribution):
        answer = answer.logits if hasattr(answer, "logits") else answer.mean
    given = torch.as_tensor(answer.detach() if isinstance(answer, Tensor) else _numbers(answer), device=mask.device)
    if not isinstance(space, spaces.Discrete):
        return given
    if tuple(given.shape) == tuple(mask.shape):
        given = given if given.is_floating_point() else given.long()
        scores = given.masked_fill(~mask, -torch.inf if given.is_floating_point() else given.min() - 1)
        if bool(scores.isnan().any()):
            raise InvalidQueryError(f"the model scored an action that is allowed with NaN: {scores.tolist()}")
        return scores.argmax(1)
    if tuple(given.shape) != (len(mask),) or given.is_floating_point():
        raise InvalidQueryError(
            f"the model answered {given.dtype} of shape {tuple(given.shape)} for {len(mask)} states; give numbers"
            f" ({len(mask)},), or a score for each of {mask.shape[1]} actions, {tuple(mask.shape)}"
        )
    numbers = given.long()
    outside = numbers[(numbers < 0) | (numbers >= mask.shape[1])]
    if outside.numel():
        raise InvalidQueryError(
            f"the model answered action {int(outside[0])}; those of its environment are 0 to {mask.shape[1] - 1}:"
            " was it trained in another one?"
        )
    allowed = mask.gather(1, numbers[:, None])[:, 0]
    return torch.where(allowed, numbers, mask.to(torch.uint8).argmax(1))


def _numbers(answer: Any) -> NDArray[Any]:
    """Return what a model answered as an array of numbers; raises InvalidQueryError for what is none."""
    try:
        numbers = np.asarray(answer)
    except (TypeError, ValueError, RuntimeError):
        numbers = np.asarray(None)
    if numbers.dtype.kind not in "biuf":
        raise InvalidQueryError(f"the model answered {answer!r}; give an action a state, or a score for each action")
    return numbers


def strategy_of(
    model: Any,
    env: EnvRecipe | str,
    *,
    name: str | None = None,
    flatten: bool = False,
    normalise: Any = None,
    trust: bool = False,
) -> Strategy:
    """Return a strategy that plays a model of another library in ``simulate``, in ``evaluate`` and in studies.

    Args:
        model: a model of Stable-Baselines3 or its policy, or the path of a model's zip; a torch module, its ``actor``
            if it has no ``forward``; or any function of an observation of B states (a dictionary of arrays; tensors for
            a torch module). It answers actions, a score of each action, or a distribution, alone or first in a tuple.
        env: the environment that it was trained in: what it observes, and what its actions mean.
        name: its name in tables; that of the file or the class if left out.
        flatten: whether it takes one array (B, n) of all there is, as ``FlattenObservation`` makes it.
        normalise: the ``VecNormalize`` that it was trained under, whose statistics of now scale what it is shown. A
            model of Stable-Baselines3 that still has its environment brings its own; a zip holds none.
        trust: whether a zip may be loaded. It holds pickles: loading it runs code that its author wrote.

    Raises InvalidRecipeError for an environment whose agent also chooses sizes, stop or restart, for what is no model,
    for a model with a memory, and for one that was trained on other observations; PolicyFileError for a zip without
    ``trust``, or one trained on other observations.

    >>> import alrl
    >>> first = alrl.strategy_of(lambda seen: seen["mask"], env="breast-cancer", name="smallest margin")
    >>> ours, rule = (alrl.simulate("iris", each, labels=4, seeds=2) for each in (first, "margin"))
    >>> bool((ours.picks == rule.picks).all())
    True
    """
    if isinstance(model, Strategy):
        return model
    recipe = env if isinstance(env, EnvRecipe) else load_env_recipe(env)
    called = name or (Path(model).stem if isinstance(model, str | Path) else _name_of(model))
    space = observation_space(recipe.observation.build(), recipe.actions().rows)
    shown = spaces.flatten_space(space) if flatten else space
    if isinstance(model, str | Path):
        model = _policy_in(Path(model), shown, trust=trust)
    given = getattr(model, "observation_space", None)
    if isinstance(given, spaces.Space) and _shapes(given) != _shapes(shown):
        raise InvalidRecipeError(
            f"{called} was trained on observations {_shapes(given)}; the environment has {_shapes(shown)}: name its own"
            f"{'' if flatten == isinstance(given, spaces.Box) else f', or say flatten={not flatten}'}"
        )
    if normalise is None and callable(getattr(model, "get_vec_normalize_env", None)):
        normalise = model.get_vec_normalize_env()
    if not (normalise is None or callable(getattr(normalise, "normalize_obs", None))):
        raise InvalidRecipeError(f"normalise = {normalise!r} given; give a VecNormalize of Stable-Baselines3")
    # Its statistics without its environment: training may go on, and workers are sent the strategy.
    scaled = copy.deepcopy(normalise)
    answers = _Answers(model, space if flatten else None, scaled)
    if isinstance(given, spaces.Space):
        # Whether it has a memory shows when it is asked.
        answers(*_first_state(space, recipe.actions()))
    return ModelStrategy(name=called, env=recipe, answer=answers)


def _first_state(space: spaces.Dict, actions: Actions) -> tuple[ViewArrays, NDArray[np.int8]]:
    """Return a state of zeros in which everything is allowed."""
    return (
        {part: np.zeros((1, *(each.shape or ())), np.float32) for part, each in space.items()},
        np.ones((1, actions.mask_length), np.int8),
    )


def _name_of(model: Any) -> str:
    return str(getattr(model, "__name__", type(model).__name__)).strip("<>")


class _Answers:
    """Asks a model in the way of its library.

    ``space`` is given where observations are flattened, ``scaled`` where they are normalised.
    """

    def __init__(self, model: Any, space: spaces.Dict | None, scaled: Any) -> None:
        self._space, self._scaled = space, scaled
        self._predicts = callable(getattr(model, "predict", None))
        self._torch = isinstance(model, nn.Module) and not self._predicts
        if self._torch and type(model).forward is nn.Module.forward:
            model = getattr(model, "actor", model)
        if not self._predicts and not callable(model):
            raise InvalidRecipeError(f"{model!r} given; give a model with predict, a torch module or a function")
        self._model = model

    def __call__(self, seen: ViewArrays, mask: NDArray[np.int8]) -> Any:
        observation: Any = dict(seen)
        if self._space is not None:
            # As gymnasium.spaces.flatten: parts in the order of the space.
            observation = np.concatenate([seen[part].reshape(len(mask), -1) for part in self._space], 1)
        if self._scaled is not None:
            observation = self._scaled.normalize_obs(observation)
        if not self._predicts and not self._torch:
            return self._model(observation)
        try:
            answer = self._predicted(observation, mask) if self._predicts else self._forward(observation)
        except AlrlError:
            raise
        except Exception as error:
            kind, one = type(self._model).__name__, self._space is not None
            shown = f"one array {observation.shape}" if one else ", ".join(f"{k} {v.shape}" for k, v in seen.items())
            raise InvalidQueryError(
                f"{kind} could not answer when it was shown {shown}: {error}; give the environment that it was trained"
                f" in, and say flatten={not one} if it takes {'the parts by name' if one else 'one array'}"
            ) from error
        return answer

    def _predicted(self, observation: Any, mask: NDArray[np.int8]) -> Any:
        masked = {"action_masks": mask} if "askable" in type(self._model).__name__ else {}
        answer = self._model.predict(observation, deterministic=True, **masked)
        # As Stable-Baselines3 has it: actions, then the state that a recurrent policy is to be given back.
        if isinstance(answer, tuple) and len(answer) == 2 and answer[1] is not None:
            raise InvalidRecipeError(
                f"{type(self._model).__name__} has a memory: its predict returns a state. A strategy sees the state of"
                " the loop as it is and remembers nothing: train a model without memory, or play it in the environment"
            )
        return answer

    def _forward(self, observation: Any) -> Any:
        with torch.no_grad():
            if self._space is not None:
                return self._model(torch.from_numpy(observation))
            return self._model({part: torch.from_numpy(array) for part, array in observation.items()})


def _policy_in(path: Path, space: spaces.Space[Any], *, trust: bool) -> Any:
    """Return the policy in a zip of Stable-Baselines3 or sb3-contrib, of any of their algorithms without a memory."""
    if code_is_refused() or not trust:
        raise PolicyFileError(
            f"{path}: a zip of Stable-Baselines3 holds pickles, and loading it runs whatever code its author put there;"
            " if you made it, or trust who did, say so: --trust on the command line, trust=True in Python"
        )
    if not path.is_file():  # As Stable-Baselines3 has it: model.save("out/ppo") writes out/ppo.zip.
        path = path if path.suffix == ".zip" else path.with_name(f"{path.name}.zip")
    if not path.is_file():
        raise PolicyFileError(f"{path}: there is no such file; give the zip that model.save wrote")
    from stable_baselines3.common.save_util import load_from_zip_file

    try:
        data, parameters, _ = load_from_zip_file(path, device="cpu")
    except (ValueError, KeyError, zipfile.BadZipFile) as error:
        raise PolicyFileError(f"{path}: no zip that model.save wrote ({error}); give one") from error
    if data is None or "policy" not in parameters:
        raise PolicyFileError(f"{path}: no model of Stable-Baselines3 is in it; give the zip that model.save wrote")
    given = data["observation_space"]
    if given != space:
        raise PolicyFileError(
            f"{path}: trained on observations {_shapes(given)}; the environment has {_shapes(space)}"
            f"{' within other bounds' if _shapes(given) == _shapes(space) else ''}: name its own"
            f"{'' if isinstance(given, spaces.Dict) == isinstance(space, spaces.Dict) else ', or say flatten'}"
        )
    settings = {**({"use_sde": True} if data.get("use_sde") else {}), **data.get("policy_kwargs", {})}
    policy = data["policy_class"](given, data["action_space"], lambda _: 0.0, **settings)
    policy.load_state_dict(parameters["policy"])
    policy.set_training_mode(False)
    return policy


def _shapes(space: spaces.Space[Any]) -> str:
    """Return the parts of an observation space with their shapes, in one line."""
    parts = space.spaces.items() if isinstance(space, spaces.Dict) else [("array", space)]
    return ", ".join(f"{name} {part.shape}" for name, part in parts)
