"""Fit ridge regression to one-hot classes, in closed form, brought up to date label by label."""
