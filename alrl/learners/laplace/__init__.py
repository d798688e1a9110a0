"""Approximate the posterior of a last layer (Laplace), for learners that know what they do not know."""
