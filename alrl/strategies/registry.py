"""Finds querying strategies by name: the modules of this package are the registry."""

from __future__ import annotations

from alrl.recipes.registry import Registry
from alrl.strategies.base import Strategy

_STRATEGIES: Registry[Strategy] = Registry(Strategy, package="alrl.strategies", noun="strategy")  # type: ignore[type-abstract]


def strategies() -> dict[str, type[Strategy]]:
    """Return every rule-based querying strategy that comes with alrl, by name, sorted.

    >>> list(strategies())
    ['activation-change', 'albl', 'badge', 'bait', 'bald', 'batch-bald', 'class-balanced', 'clue', 'cluster-margin',
     'consensus-entropy', 'contrastive', 'core-set', 'data-map-variability', 'discriminative', 'drop-query', 'entropy',
     'epig', 'epsilon-greedy', 'exp3', 'expected-error-reduction', 'expected-gradient-length', 'expected-model-change',
     'expected-output-change', 'falcun', 'information-density', 'least-confidence', 'loss-change', 'margin',
     'max-herding', 'mcpal', 'mean-kl', 'output-discrepancy', 'power', 'prediction-flips', 'probcover', 'quire',
     'random', 'ranked-batch', 'reach', 'refine', 'subsampled', 'tcm', 'thompson', 'typiclust', 'ucb', 'uherding',
     'variation-ratios', 'vote-entropy', 'weighted-kmeans']
    """
    return dict(_STRATEGIES.classes)


def make_strategy(reference: str | Strategy, **settings: object) -> Strategy:
    """Return a querying strategy, from a registered name (``_`` is as good as ``-``), ``package.module:Class``.

    Or itself.

    ``settings`` go to its constructor.

    Raises:
        InvalidRecipeError: no such strategy or setting, a class that is no Strategy, or settings for one already made.

    >>> make_strategy("information_density", beta=2.0)
    InformationDensity(beta=2.0)
    """
    return _STRATEGIES.make(reference, settings)
