"""Pictures of strategies: what each picks on one data set, and a policy beside margin sampling, query by query.

Made when the site is built, into ``build/pictures``: ``python -m docs.generate.pictures``.
"""

from __future__ import annotations

import inspect
import json
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from alrl.data.data_set import DataSet
from alrl.data.task import Task, draw_task
from alrl.errors import AlrlError
from alrl.evaluation.simulate import DEFAULT_SPLIT
from alrl.learners import Committee, MultilayerPerceptron, SoftmaxRegression
from alrl.loop import Simulator
from alrl.strategies import Strategy, make_strategy, strategies
from docs.generate.lessons import ROOT, current, keep, library
from docs.generate.strategy_equations import EQUATIONS

BUILT = ROOT / "build" / "pictures"
LABELS = 20
_KNOWN, _BATCH = 12, 8
_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7")
Floats = NDArray[np.float64]


def moons() -> tuple[Floats, NDArray[np.int64]]:
    """Return two moons, (600, 2), and their classes."""
    from sklearn.datasets import make_moons

    X, y = make_moons(600, noise=0.2, random_state=0)
    return X, y


def curved(X: Floats) -> Floats:
    """Return nine features of two, (n, 9), in which a plane is a cubic curve."""
    a, b = X.T
    return np.stack([a, b, a * a, a * b, b * b, a**3, a * a * b, a * b * b, b**3], 1)


def islands() -> tuple[Floats, NDArray[np.int64]]:
    """Return four clouds of three classes, one cloud small and far away, (430, 2), and their classes."""
    rng = np.random.default_rng(3)
    clouds = [((0, 0), 1.0, 150, 0), ((2.6, 0.6), 1.0, 150, 1), ((0.8, 2.8), 0.8, 100, 2), ((5.5, 4.0), 0.35, 30, 1)]
    X = np.concatenate([rng.normal(0, spread, (size, 2)) + np.array(at) for at, spread, size, _ in clouds])
    return X, np.concatenate([np.full(size, label) for *_, size, label in clouds])


@cache
def _gallery_task() -> Task:
    X, y = islands()
    return draw_task(DataSet.from_arrays(X, y, name="islands"), [2], split=DEFAULT_SPLIT)


def picks(strategy: Strategy) -> tuple[list[int], list[int]]:
    """Return the positions in the pool of the records labelled so far, and of the batch that a strategy queries."""
    task = _gallery_task()
    for learner in (SoftmaxRegression(), Committee(members=8), MultilayerPerceptron(epochs=40)):
        try:
            simulator = Simulator([task], learner, labels=_KNOWN + _BATCH)
            simulator.provide(strategy.needs)
            start = [int(record) for record in task.first]
            others = np.setdiff1d(np.arange(len(task.split.pool)), start)[:: len(task.split.pool) // _KNOWN][:_KNOWN]
            for part in np.array_split(others, 3):
                simulator.step(torch.as_tensor(part)[None])
            return [*start, *map(int, others)], strategy.select(simulator.view, _BATCH)[0].tolist()
        except AlrlError:
            continue
    raise AlrlError(f"no learner of the gallery gives what {strategy.name} needs")


def _draw(strategy: Strategy, path: Path) -> None:
    from matplotlib.figure import Figure

    task = _gallery_task()
    X, y = task.split.data_set.X[task.split.pool], task.split.data_set.y[task.split.pool]
    known, batch = picks(strategy)
    figure = Figure(figsize=(2.6, 2.2), layout="constrained")
    ax = figure.add_subplot()
    ax.scatter(X[:, 0], X[:, 1], s=6, c="#bbbbbb", linewidths=0)
    ax.scatter(
        X[known, 0], X[known, 1], s=30, c=[_COLOURS[label] for label in y[known]], edgecolors="white", linewidths=0.6
    )
    ax.scatter(X[batch, 0], X[batch, 1], s=70, facecolors="none", edgecolors="#D55E00", linewidths=1.6)
    ax.set(xticks=[], yticks=[])
    figure.savefig(path, dpi=90)


def gallery_page() -> str:
    """Return the gallery in Markdown: of each strategy its picture, equation, paper and cost."""
    head = (
        "# Gallery of strategies\n\nWhat each rule asks for next on one data set: four clouds of three classes, one of"
        " them small and far away. Coloured: the records labelled so far, the same for all. Ringed: the batch of eight"
        " that the strategy queries. Rules that need a committee see one. How to read the equations: p are the class"
        " probabilities (p₍₁₎ ≥ p₍₂₎ the largest), ŷ the likeliest class, h the embedding, H the entropy, L the"
        " labelled set, m a member of a committee, t the round. The table with needs, batches and what is approximated"
        " is on [strategies](strategies.md).\n"
    )
    return head + "".join(_entry(name) for name in strategies())


def _entry(name: str) -> str:
    kind = strategies()[name]
    first = " ".join((inspect.getdoc(kind) or "").split("\n\n")[0].split()).replace("*", "\\*").replace("_", "\\_")
    equation = f"\n\n`{EQUATIONS[name]}`" if name in EQUATIONS else ""
    paper = f" {kind.paper[:1].upper()}{kind.paper[1:]}." if kind.paper else ""
    return (
        f"\n## {name}\n\n![Records that {name} queries](pictures/strategy-{name}.png){{ .pick }}"
        f"{equation}\n\n{first}{paper} Cost of a query: {kind.cost or 'none'}.\n"
    )


def game(seeds: int = 40) -> dict[str, Any]:
    """Return what the labelling game needs: records, the split, and what rules and the policy would do.

    The learner is softmax regression with C = 1 on standardised features, as in :func:`alrl.simulate`. ``average`` are
    mean curves over seeds; ``picks`` and ``curves`` are those of the very split that the visitor plays.
    """
    import alrl

    X, y = moons()
    data = DataSet.from_arrays(curved(X), y, name="moons")
    task = draw_task(data, [0], split=DEFAULT_SPLIT)
    standardised, _, _ = task.standardised()
    played = {
        name: (
            alrl.simulate(data, name, labels=LABELS, seeds=[0]),
            alrl.simulate(data, name, labels=LABELS, seeds=seeds),
        )
        for name in ("general", "margin", "random")
    }
    pool, test = task.split.pool, task.split.test
    place = {int(record): at for at, record in enumerate(pool)}
    return {
        "seeds": seeds,
        "points": X[pool].round(4).tolist(),
        "features": standardised[pool].round(5).tolist(),
        "labels": y[pool].tolist(),
        "test_features": standardised[test].round(5).tolist(),
        "test_labels": y[test].tolist(),
        "first": [int(at) for at in task.first],
        "picks": {name: [place[int(record)] for record in one.picks[0]] for name, (one, _) in played.items()},
        "curves": {name: one.accuracy[0].round(5).tolist() for name, (one, _) in played.items()},
        "average": {name: many.accuracy.mean(0).round(5).tolist() for name, (_, many) in played.items()},
    }


def animate(data: dict[str, Any], folder: Path) -> None:
    """Write the policy and margin sampling, query by query, as a GIF and its last frame as a PNG.

    ``two-moons`` has its panels side by side, ``two-moons-narrow`` one below the other, for a phone.
    """
    _animate(data, folder / "two-moons", panels=(1, 3), size=(10, 3.2), dpi=72)
    _animate(data, folder / "two-moons-narrow", panels=(3, 1), size=(3.6, 6.8), dpi=120)


def _animate(data: dict[str, Any], stem: Path, *, panels: tuple[int, int], size: tuple[float, float], dpi: int) -> None:
    from matplotlib import animation
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(*panels, figsize=size, layout="constrained")

    def frame(count: int) -> None:
        for ax, name in zip(axes, ("margin", "general"), strict=False):
            _map(ax, data, name, count)
        axes[2].clear()
        for name, colour in (("random", "#999999"), ("margin", "#0072B2"), ("general", "#D55E00")):
            axes[2].plot(100 * np.array(data["average"][name][: count + 1]), color=colour, label=name)
        axes[2].set(
            xlim=(0, LABELS), ylim=(60, 95), xlabel="Queried labels", title=f"Mean of {data['seeds']} such loops"
        )
        axes[2].set_ylabel("Test accuracy (%)")
        axes[2].legend(loc="lower right")

    shown = [*range(LABELS + 1), *[LABELS] * 6]
    animation.FuncAnimation(figure, frame, frames=shown, interval=600).save(
        stem.with_suffix(".gif"), writer="pillow", dpi=dpi
    )
    frame(LABELS)
    figure.savefig(stem.with_suffix(".png"), dpi=max(dpi, 110))
    plt.close(figure)


def _map(ax: Any, data: dict[str, Any], name: str, count: int) -> None:
    from sklearn.linear_model import LogisticRegression

    X, known = np.array(data["points"]), [*data["first"], *data["picks"][name][:count]]
    labels, features = np.array(data["labels"]), np.array(data["features"])
    model = LogisticRegression(max_iter=2000).fit(features[known], labels[known])
    raw = curved(X)
    slope = (features[0] - features[1]) / (raw[0] - raw[1])
    a, b = np.meshgrid(np.linspace(-1.8, 2.8, 80), np.linspace(-1.4, 1.9, 80))
    grid = (curved(np.stack([a.ravel(), b.ravel()], 1)) - raw[0]) * slope + features[0]
    ax.clear()
    ax.contourf(a, b, model.predict_proba(grid)[:, 1].reshape(a.shape), levels=[0, 0.5, 1], colors=_COLOURS, alpha=0.25)
    ax.scatter(*X.T, s=5, c="#999999", linewidths=0)
    ax.scatter(*X[known].T, s=26, c=[_COLOURS[label] for label in labels[known]], edgecolors="white", linewidths=0.6)
    if count:
        ax.scatter(*X[known[-1]], s=110, facecolors="none", edgecolors="black", linewidths=1.4)
    accuracy = 100 * data["curves"][name][count]
    ax.set(title=f"{name}: {count} queried, {accuracy:.0f} %", xticks=[], yticks=[])


def build(folder: Path, *, small: bool = False) -> None:
    """Write all pictures, and the data of the labelling game, into ``folder``."""
    import matplotlib as mpl

    mpl.use("Agg")
    folder.mkdir(parents=True, exist_ok=True)
    for name in strategies():
        _draw(make_strategy(name), folder / f"strategy-{name}.png")
    data = game(4 if small else 40)
    (folder / "moons.js").write_text(f"window.alrlMoons = {json.dumps(data)};\n", encoding="utf-8")
    animate(data, folder)


def built(*, small: bool = False) -> Path:
    """Return the folder of the pictures, made now unless it is newer than this file and the library."""
    folder = BUILT / ("small" if small else "full")
    key = Path(__file__).read_text(encoding="utf-8") + library()
    if not current(folder, key):
        build(folder, small=small)
        keep(folder, key)
    return folder


if __name__ == "__main__":
    sys.stdout.write(f"{built(small='--small' in sys.argv)}\n")
