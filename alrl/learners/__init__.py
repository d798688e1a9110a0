"""Teach classifiers, many episodes in one call: softmax regression, networks, neighbours, committees, scikit-learn's.

Put a file with a subclass of :class:`alrl.loop.learner.Learner` here, or into a folder here, and it is registered under
its ``name``; a learner of one's own package is named ``package.module:Class``.
:func:`alrl.testing.check_learner` tests the contract.
"""

from __future__ import annotations

from alrl.deprecation import moved_names
from alrl.errors import ContractError
from alrl.learners.committee import Committee
from alrl.learners.laplace.laplace import LaplaceLastLayer
from alrl.learners.nearest_centroid import NearestCentroid
from alrl.learners.nearest_neighbours import NearestNeighbours
from alrl.learners.networks.convolutional_network import ConvolutionalNetwork
from alrl.learners.networks.multilayer_perceptron import MultilayerPerceptron
from alrl.learners.networks.neural_network import NeuralNetwork
from alrl.learners.registry import learners, make_learner
from alrl.learners.ridge.classifier import RidgeClassifier
from alrl.learners.scikit_learn import ScikitLearn
from alrl.learners.softmax.softmax_regression import SoftmaxRegression

__all__ = [
    "Committee",
    "ContractError",
    "ConvolutionalNetwork",
    "LaplaceLastLayer",
    "MultilayerPerceptron",
    "NearestCentroid",
    "NearestNeighbours",
    "NeuralNetwork",
    "RidgeClassifier",
    "ScikitLearn",
    "SoftmaxRegression",
    "learners",
    "make_learner",
]

__getattr__ = moved_names(__name__, {"check_learner": "alrl.testing"})
