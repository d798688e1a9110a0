"""What is being taught: batched classifiers.

Put a file with a subclass of :class:`alrl.loop.learner.Learner` here and it is registered under its ``name``; a learner
of one's own package is named ``package.module:Class``.
"""

from __future__ import annotations

from alrl.errors import ContractError
from alrl.learners.committee import Committee
from alrl.learners.contract import check_learner
from alrl.learners.convolutional_network import ConvolutionalNetwork
from alrl.learners.laplace import LaplaceLastLayer
from alrl.learners.multilayer_perceptron import MultilayerPerceptron
from alrl.learners.nearest_centroid import NearestCentroid
from alrl.learners.nearest_neighbours import NearestNeighbours
from alrl.learners.neural_network import NeuralNetwork
from alrl.learners.registry import learners, make_learner
from alrl.learners.ridge import RidgeClassifier
from alrl.learners.scikit_learn import ScikitLearn
from alrl.learners.softmax_regression import SoftmaxRegression

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
    "check_learner",
    "learners",
    "make_learner",
]
