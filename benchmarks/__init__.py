"""The speed of the loop: ``python -m benchmarks``, or ``make bench``.

Ours, a hand-written scikit-learn loop and, where installed, modAL and scikit-activeml do the same work on the same
tasks in the same run, taking turns: refit, predict the pool, query, score the test part. Steps per second depend on the
machine and on what else it does; ratios within one run, repeated, less so.
"""
