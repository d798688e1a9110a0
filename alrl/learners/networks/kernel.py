"""Training perceptrons on the processor, one episode after another: its numbers stay in the nearest cache.

At a few dozen labelled records one fit is a few hundred products of small matrices, and what a library spends on
calling them costs more than the products. Sums have the order that an episode alone gives them, whatever its company.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from alrl.numerics.backend import called, compiled, summing


@called
def train_episodes(
    X: Any, y: Any, share: Any, allowed: Any, decay: Any, rows: Any, sizes: Any, steps: Any, adam: Any, seen: Any
) -> None:
    """Train ``rows`` (b, P) in place on X (b, n, D), y (b, n), share (b, n), allowed (b, k), decay (b,).

    ``sizes`` are the features, the hidden units of each layer and the classes; ``steps`` the step of each epoch;
    ``adam`` its two decay rates and its epsilon. What is seen goes to ``seen``: epochs (b,), whether none
    broke down (b,), losses (b, E), of each record losses, correctness and margins (b, E, n), left alone where E is 0,
    and the parameters at the start of the epochs (S,) that come before them, (b, S, P).
    """
    for episode in range(X.shape[0]):
        real = np.nonzero(share[episode] > 0)[0]
        _train_one(
            X[episode][real, : sizes[0]], y[episode][real], share[episode][real], allowed[episode], decay[episode],
            rows[episode], sizes, steps, adam, real, episode, seen,
        )  # fmt: skip


@compiled
def _train_one(  # noqa: PLR0913, PLR0917 - compiled code takes arrays, not objects
    X: Any, y: Any, share: Any, allowed: Any, decay: Any, now: Any, sizes: Any, steps: Any, adam: Any, real: Any,
    episode: int, seen: Any,
) -> None:  # fmt: skip
    epochs, whole, losses, record_losses, correct, margins, wanted, moments = seen
    n = len(X)
    units, slopes = np.empty(n * sizes.sum(), X.dtype), np.empty(n * sizes.sum(), X.dtype)
    units[: X.size] = X.ravel()
    gradient, before = np.empty_like(now), now.copy()
    first, second = np.zeros_like(now), np.zeros_like(now)
    each = np.empty((3, n), X.dtype)
    place = 0
    for epoch in range(len(steps)):
        _forward(now, sizes, n, units)
        loss = _at_the_output(units, slopes, y, share, allowed, each)
        if not np.isfinite(loss):
            whole[episode], now[:] = False, before
            break
        if place < len(wanted) and wanted[place] == epoch:
            moments[episode, place] = now
            place += 1
        epochs[episode], losses[episode, epoch] = epoch + 1, loss
        if record_losses.shape[1]:
            for i in range(n):
                record_losses[episode, epoch, real[i]] = each[0, i]
                correct[episode, epoch, real[i]] = each[1, i] > 0
                margins[episode, epoch, real[i]] = each[2, i]
        _backward(now, sizes, n, units, slopes, decay, gradient)
        before[:] = now
        if not np.isfinite(_adam(now, gradient, first, second, steps[epoch], adam)):
            whole[episode], now[:] = False, before
            break
    moments[episode, place:] = now


@compiled
def _forward(row: Any, sizes: Any, n: int, units: Any) -> None:
    """Activations of all layers, one after another in ``units``, of n records; the logits last."""
    at, low = 0, 0
    last = len(sizes) - 2
    for layer in range(last + 1):
        fan_in, fan_out = sizes[layer], sizes[layer + 1]
        end, high = at + fan_in * fan_out, low + n * fan_in
        above = units[high : high + n * fan_out].reshape(n, fan_out)
        below = units[low:high].reshape(n, fan_in)
        np.dot(below, row[at:end].reshape(fan_out, fan_in).T, above)
        bias = row[end : end + fan_out]
        for i in range(n):
            for h in range(fan_out):
                total = above[i, h] + bias[h]
                # As written, what is not a number stays so.
                above[i, h] = above.dtype.type(0) if layer < last and total <= 0 else total
        at, low = end + fan_out, high


@compiled
def _at_the_output(units: Any, slopes: Any, y: Any, share: Any, allowed: Any, each: Any) -> Any:
    """Return mean loss; write slopes of logits to the end of ``slopes``, loss, correctness and margin to ``each``."""
    n, k = len(y), len(allowed)
    logits, slope = units[-n * k :].reshape(n, k), slopes[-n * k :].reshape(n, k)
    mean = logits.dtype.type(0)
    for i in range(n):
        own, other, best = logits[i, y[i]], logits.dtype.type(-np.inf), -1
        top = other
        for c in range(k):
            if allowed[c] and (best < 0 or logits[i, c] > top):
                top, best = logits[i, c], c
            if allowed[c] and c != y[i] and logits[i, c] > other:
                other = logits[i, c]
        total = logits.dtype.type(0)
        for c in range(k):
            slope[i, c] = np.exp(logits[i, c] - top) if allowed[c] else logits.dtype.type(0)
            total += slope[i, c]
        for c in range(k):
            slope[i, c] *= share[i] / total
        slope[i, y[i]] -= share[i]
        each[0, i], each[1, i], each[2, i] = np.log(total) + top - own, best == y[i], own - other
        mean += share[i] * each[0, i]
    return mean


@compiled
def _backward(row: Any, sizes: Any, n: int, units: Any, slopes: Any, decay: Any, gradient: Any) -> None:
    """Write the gradient of the penalised loss, from the slopes of the logits."""
    at, low = len(row), len(units)
    low -= n * sizes[-1]
    for layer in range(len(sizes) - 2, -1, -1):
        fan_in, fan_out = sizes[layer], sizes[layer + 1]
        bias, start, under = at - fan_out, at - fan_out - fan_out * fan_in, low - n * fan_in
        weights, below = row[start:bias].reshape(fan_out, fan_in), units[under:low].reshape(n, fan_in)
        slope = slopes[low : low + n * fan_out].reshape(n, fan_out)
        np.dot(slope.T, below, gradient[start:bias].reshape(fan_out, fan_in))
        for p in range(start, bias):
            gradient[p] += decay * row[p]
        gradient[bias:at] = 0
        for i in range(n):
            for h in range(fan_out):
                gradient[bias + h] += slope[i, h]
        if layer > 0:
            np.dot(slope, weights, slopes[under:low].reshape(n, fan_in))
            for p in range(under, low):
                slopes[p] = slopes[p] if units[p] > 0 else slopes.dtype.type(0)
        at, low = start, under


@summing
def _adam(now: Any, gradient: Any, first: Any, second: Any, step: Any, adam: Any) -> Any:
    """Return one step of Adam; a number that is finite if every parameter is."""
    decay, other, epsilon = adam[0], adam[1], adam[2]
    rest, remaining = adam.dtype.type(1) - decay, adam.dtype.type(1) - other
    check = adam.dtype.type(0)
    for p in range(len(now)):
        first[p] = decay * first[p] + rest * gradient[p]
        second[p] = other * second[p] + remaining * gradient[p] * gradient[p]
        now[p] -= step * first[p] / (np.sqrt(second[p]) + epsilon)
        check += adam.dtype.type(0) * now[p]
    return check
