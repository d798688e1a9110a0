"""What is being taught: batched classifiers.

Put a file with a subclass of :class:`alrl.loop.learner.Learner` here and it is registered under its ``name``; a learner
of one's own package is named ``package.module:Class``.
"""

from __future__ import annotations

from alrl.errors import ContractError
from alrl.learners.contract import check_learner
from alrl.learners.registry import learners, make_learner
from alrl.learners.scikit_learn import ScikitLearn
from alrl.learners.softmax_regression import SoftmaxRegression

__all__ = ["ContractError", "ScikitLearn", "SoftmaxRegression", "check_learner", "learners", "make_learner"]
