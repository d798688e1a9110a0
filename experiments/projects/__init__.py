"""Describe how far a project's verdict and stop advice can be believed: tuned on some data sets, reported on others."""
