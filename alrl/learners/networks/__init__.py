"""Train neural networks of many episodes in one batch: perceptrons and convolutional networks."""
