"""Describe what the page of strategies says of other libraries and of large pools."""

from __future__ import annotations

DIFFERENCES: tuple[tuple[str, str, str], ...] = (
    (
        "margin",
        "modAL's is small where unsure and it takes the smallest; scikit-activeml's is one minus that",
        "minus the margin: the order is the same",
    ),
    (
        "mean-kl, bald",
        "scikit-activeml raises members' probabilities below 1e-7 to that",
        "exact: 0 log 0 = 0",
    ),
    (
        "vote-entropy, variation-ratios",
        "a member's vote is its first likeliest class",
        "equally likely classes share the vote, so that no order of classes matters",
    ),
    (
        "information-density",
        "modAL gives the density alone; the product with the entropy is left to the user",
        "entropy times density to the power `beta`",
    ),
    (
        "ranked-batch",
        "modAL begins with the record nearest to all others where nothing is labelled",
        "begins with the least confident",
    ),
    (
        "badge",
        "scikit-activeml takes the origin for one of the centres",
        "the paper and its authors' code do not: neither do we",
    ),
    (
        "typiclust",
        "scikit-activeml: of clusters of equal size a random one; where every cluster has a label a random record",
        "the first of them; goes on with the fewest labels",
    ),
    (
        "probcover",
        "scikit-activeml keeps a graph of all pairs within the radius",
        "the same counts without the graph",
    ),
    (
        "max-herding, uherding",
        (
            "scikit-activeml 1.0.1 gives scikit-learn's gamma, one over the number of features, and has no uncertain"
            " herding; the temperatures of equal calibration error are the authors' own dice"
        ),
        "gamma is one over the squared radius; the temperature nearest to one",
    ),
    (
        "drop-query",
        "scikit-activeml leaves the features that stay as they are",
        "`rescaled = true` divides them by the share that stays, as the authors' dropout does",
    ),
    (
        "mcpal",
        "scikit-activeml counts the labels near a record by a classifier of its own, and weighs only if told",
        "by the kernel of the mean criterion; weighed by the density, as in the paper",
    ),
    (
        "quire",
        "scikit-activeml inverts the kernel of the whole pool for every record",
        "the same scores from the kernel of the labelled records: those that take any value drop out",
    ),
    (
        "bait",
        "k E by k E matrices in the authors' code",
        "the predicted class against the rest: E by E",
    ),
    (
        "expected-error-reduction",
        (
            "scikit-activeml evaluates on all records, labelled ones and the candidate included, unless told, adds"
            " 2e-16 to a probability before its logarithm, and sums; modAL evaluates on the pool without the candidate,"
            " but its module does not import with numpy 2"
        ),
        "the mean over the unlabelled records without the candidate, as in the paper; 0 log 0 = 0",
    ),
    (
        "discriminative",
        "the classifier that the user gives",
        "a logistic regression in the embedding",
    ),
)
"""Strategy, what scikit-activeml or modAL does, what is done here."""

APPROXIMATIONS: tuple[tuple[str, str, str], ...] = (
    (
        "expected-error-reduction, expected-output-change",
        "candidates and the records that are asked about are drawn anew for every query",
        "`candidates`, `evaluated`, `iterations`",
    ),
    (
        "batch-bald",
        (
            "joint entropies from a set number of configurations of labels; after the first record only a set "
            "number of candidates of highest BALD"
        ),
        "`configurations`, `candidates`",
    ),
    (
        "probcover",
        "a set number of candidates drawn anew for every query; the radius from 1,024 records",
        "`candidates`",
    ),
    (
        "typiclust",
        "typicality among 2,048 records of a larger pool; at most a set number of clusters",
        "`clusters`",
    ),
    (
        "weighted-kmeans, cluster-margin",
        "only the most uncertain records are clustered",
        "`beta`; `candidates`, `cluster_size`",
    ),
    (
        "max-herding, uherding",
        "a set number of candidates, and a set number of records that stand for the pool, drawn at random",
        "`candidates`, `others`",
    ),
    (
        "epig, bait",
        "a set number of candidates drawn anew for every query; a set number of records that stand for the pool",
        "`candidates`; `targets`, `others`",
    ),
    (
        "reach",
        "128 records drawn anew for every query stand for the pool",
        "",
    ),
    (
        "discriminative",
        "the known records are told from a set number of others",
        "`compared`",
    ),
    (
        "information-density",
        "mean similarity to 1,024 records of a pool too large for all pairs, see [large pools](large-pools.md)",
        "",
    ),
    (
        "policies, in these pools",
        "distances to neighbours ranked and averaged over 1,024 records of them, see [large pools](large-pools.md)",
        "",
    ),
    (
        "any",
        "`subsampled` shows its base a set number of records drawn at random",
        "`records`",
    ),
)
"""Strategy, what of it is an approximation on large pools, the settings of that."""
