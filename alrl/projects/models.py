"""The model of a project: a built-in learner, or a scikit-learn classifier, fitted to its labels round by round."""

from __future__ import annotations

import time
import warnings
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from alrl.agents.own_data.model_kinds import refuse_no_classifier
from alrl.data.tables.pandas_column import is_text
from alrl.errors import InvalidDataError, InvalidQueryError
from alrl.learners import make_learner
from alrl.loop.cost import record_epochs
from alrl.loop.learner import FitReport, Learner
from alrl.loop.view_fields import MEANINGS, Need
from alrl.projects.records.pool import Pool

if TYPE_CHECKING:
    import pandas as pd

_TRIED, _TRIED_GAPS = 50, 10
"""Records that a model is tried on, and how many of them have gaps, where there are as many."""
AUTOMATIC = "auto"
"""skrub's TableVectorizer before scikit-learn's LogisticRegression: for tables with text, times and missing values."""


@dataclass(kw_only=True)
class FittedRound:
    """A model fitted to some records of a pool."""

    probabilities: NDArray[np.float32]
    """Class probabilities of every record of the pool, (N, classes)."""
    seconds: float
    record_epochs: float
    """Records trained on, each as often as the fit passed over it; the labelled records where that is not known."""
    learner: Learner | None = None
    """The fitted learner, where the model is one."""
    report: FitReport | None = None
    estimator: Any = None
    """The fitted classifier, where the model is one."""
    codes: tuple[int, ...] = ()
    """Class of each of the classifier's columns."""
    extra: dict[str, Any] = field(default_factory=dict)


class ProjectModel(ABC):
    """What is fitted to the labels of a project."""

    @abstractmethod
    def fit(self, pool: Pool, at: NDArray[np.int64], codes: NDArray[np.int64], classes: int) -> FittedRound:
        """Fit to the records at positions ``at`` (L,) with class ``codes`` (L,), and predict the whole pool."""

    @abstractmethod
    def out_of_fold(
        self, pool: Pool, at: NDArray[np.int64], codes: NDArray[np.int64], classes: int, fold: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """Return probabilities (L, classes) of labelled records, by fits without their own ``fold`` (L,)."""

    @abstractmethod
    def ready(self, codes: NDArray[np.int64]) -> bool:
        """Return whether these labels are enough for a fit."""

    def gives(self, need: Need) -> bool:
        """Return whether its fits tell what a strategy may need; what all tell is what stands for an embedding."""
        return need == "embedding"


class LearnerModel(ProjectModel):
    """A learner of alrl on the encoded and standardised records, as in simulation.

    Raises InvalidRecipeError for an unknown learner or setting.
    """

    def __init__(self, name: str, settings: dict[str, Any] | None = None) -> None:
        # Each round begins from scratch, so that its labels alone say what it is.
        warm = {"warm_start": False} if name == "softmax-regression" else {}
        self.learner = make_learner(name, **{**warm, **(settings or {})})

    def ready(self, codes: NDArray[np.int64]) -> bool:
        return len(codes) > 0

    def gives(self, need: Need) -> bool:
        if need == "members":
            return type(self.learner).predict_members is not Learner.predict_members
        return need != "epochs"

    def fit(self, pool: Pool, at: NDArray[np.int64], codes: NDArray[np.int64], classes: int) -> FittedRound:
        started = time.perf_counter()
        learner, mask = self.learner.fresh(), torch.ones(1, classes, dtype=torch.bool)
        X = pool.features[0, torch.from_numpy(at)][None]
        report = learner.fit(X, torch.from_numpy(codes)[None], torch.ones(1, len(at)), mask)
        probabilities = learner.predict_proba(pool.by_column).to(torch.float32)[0]
        trained = record_epochs(report, torch.tensor([len(at)]))
        return FittedRound(
            probabilities=probabilities.contiguous().numpy(),
            seconds=time.perf_counter() - started,
            record_epochs=float(trained[0]),
            learner=learner,
            report=report,
        )

    def out_of_fold(
        self, pool: Pool, at: NDArray[np.int64], codes: NDArray[np.int64], classes: int, fold: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        count = int(fold.max()) + 1
        learner, own = self.learner.fresh(), torch.from_numpy(fold)[None] == torch.arange(count)[:, None]
        X = pool.features[0, torch.from_numpy(at)][None].expand(count, -1, -1).contiguous()
        y = torch.from_numpy(codes)[None].expand(count, -1).contiguous()
        learner.fit(X, y, (~own).to(X.dtype), torch.ones(count, classes, dtype=torch.bool))
        probabilities: Tensor = learner.predict_proba(X)
        rows = torch.arange(len(at))
        return np.asarray(probabilities[torch.from_numpy(fold), rows].to(torch.float32).numpy())


class EstimatorModel(ProjectModel):
    """A scikit-learn classifier, or a pipeline with one, on the records' columns as they came.

    Or, ``readable``, in the form in which skrub reads them as other tables are read.
    """

    def __init__(self, estimator: Any, *, readable: bool = False) -> None:
        if not hasattr(estimator, "fit") or not hasattr(estimator, "get_params"):
            raise InvalidDataError(
                f"{type(estimator).__name__} is no scikit-learn classifier; give one, a pipeline, the name of a learner"
                f" such as 'softmax-regression', or '{AUTOMATIC}'"
            )
        refuse_no_classifier(estimator)
        self.estimator = estimator
        self._readable = readable

    def try_on(self, frame: pd.DataFrame, classes: Sequence[str]) -> None:
        """Fit a clone to fifty records, those with gaps first, with made-up labels of the classes, before any is paid.

        Raises InvalidDataError where that is impossible, or where its predictions cannot be ranked.
        """
        gaps = np.flatnonzero(frame.isna().any(axis=1).to_numpy())[:_TRIED_GAPS]
        spread = np.linspace(0, len(frame) - 1, _TRIED - len(gaps)).astype(np.int64)
        rows = frame.iloc[np.concatenate([gaps, spread])].reset_index(drop=True)
        names = np.array(classes)[np.arange(_TRIED) % min(len(classes), _TRIED // 5)]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fitted = self._fitted_to(rows, names, f"{_TRIED} records with made-up labels", frame)
            if not hasattr(fitted, "predict_proba") and not hasattr(fitted, "decision_function"):
                raise InvalidDataError(
                    f"{type(fitted).__name__} has neither predict_proba nor decision_function, so nothing ranks its"
                    " predictions; give another classifier, or wrap it in sklearn.calibration.CalibratedClassifierCV"
                )
            known = [list(classes).index(str(name)) for name in fitted.classes_]
            try:
                probabilities_of(fitted, rows, known, len(classes))
            except (ValueError, TypeError) as error:
                raise InvalidDataError(f"the model cannot predict the records that it was tried on: {error}") from error

    def ready(self, codes: NDArray[np.int64]) -> bool:
        return len(set(codes.tolist())) > 1

    def fit(self, pool: Pool, at: NDArray[np.int64], codes: NDArray[np.int64], classes: int) -> FittedRound:
        started = time.perf_counter()
        fitted, known = self._fitted(pool, at, codes)
        probabilities = probabilities_of(fitted, self._frame(pool), known, classes)
        return FittedRound(
            probabilities=probabilities,
            seconds=time.perf_counter() - started,
            record_epochs=float(len(at)),
            estimator=fitted,
            codes=known,
        )

    def out_of_fold(
        self, pool: Pool, at: NDArray[np.int64], codes: NDArray[np.int64], classes: int, fold: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        rows = np.zeros((len(at), classes), dtype=np.float32)
        for number in range(int(fold.max()) + 1):
            own = fold == number
            if len(set(codes[~own].tolist())) < 2:
                rows[own, codes[~own][0]] = 1.0
                continue
            fitted, known = self._fitted(pool, at[~own], codes[~own])
            rows[own] = probabilities_of(fitted, self._frame(pool).iloc[at[own]], known, classes)
        return rows

    def _frame(self, pool: Pool) -> Any:
        return pool.readable if self._readable else pool.frame

    def _fitted(self, pool: Pool, at: NDArray[np.int64], codes: NDArray[np.int64]) -> tuple[Any, tuple[int, ...]]:
        names = np.array(pool.classes)[codes]
        fitted = self._fitted_to(self._frame(pool).iloc[at], names, f"{len(at)} labelled records", pool.frame)
        return fitted, tuple(pool.classes.index(str(name)) for name in fitted.classes_)

    def _fitted_to(self, rows: pd.DataFrame, names: NDArray[np.str_], what: str, frame: pd.DataFrame) -> Any:
        from sklearn.base import clone

        try:
            return clone(self.estimator).fit(rows, names)
        except (ValueError, TypeError) as error:
            words = [name for name in frame if is_text(frame[name])]
            hint = (
                f"; columns {words[:5]} hold words: give a pipeline that encodes them, or --model auto" if words else ""
            )
            raise InvalidDataError(f"the model cannot be fitted to {what}: {error}{hint}") from error


def probabilities_of(fitted: Any, frame: Any, codes: Sequence[int], classes: int) -> NDArray[np.float32]:
    """Return class probabilities (n, classes) by a fitted classifier whose columns are the classes ``codes``.

    One without ``predict_proba`` is ranked by its decision function, through the logistic function or the softmax.

    Raises InvalidDataError where it predicts what is not finite or of another shape.
    """
    from scipy.special import softmax

    if hasattr(fitted, "predict_proba"):
        predictions = np.asarray(fitted.predict_proba(frame), dtype=np.float64)
    else:
        decision = np.asarray(fitted.decision_function(frame), dtype=np.float64)
        two = np.stack([np.zeros_like(decision), decision], 1) if decision.ndim == 1 else decision
        predictions = softmax(two, axis=1)
    if predictions.shape != (len(frame), len(codes)) or not np.isfinite(predictions).all():
        raise InvalidDataError(
            f"the model gave probabilities of shape {predictions.shape} or values that are not finite; expected finite"
            f" ones of shape {(len(frame), len(codes))}"
        )
    rows = np.zeros((len(frame), classes), dtype=np.float32)
    rows[:, list(codes)] = predictions
    return rows


def not_given(need: Need, strategy: str = "the strategy") -> InvalidQueryError:
    """Return the error of a strategy that reads what a project's model does not tell."""
    other = "'committee'" if need == "members" else "'softmax-regression'"
    return InvalidQueryError(
        f"{strategy} reads {MEANINGS[need]}, which this project's model does not give; choose another strategy, or the"
        f" model {other}"
    )
