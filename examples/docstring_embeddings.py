"""Turn texts into a data set of embeddings: what a function's docstring is about, from SciPy's own.

``python examples/docstring_embeddings.py envs/docstrings.npz`` made the file that ``envs/text.toml`` plays on. A record
is the text of one public function's or class's docstring up to its first section, its class the subpackage that it is
found in. Here the embedding is latent semantic analysis (TF-IDF, then a truncated SVD), which needs no network; that of
any language model is a drop-in, as long as rows are of unit length.
"""

from __future__ import annotations

import importlib
import inspect
import re
import sys
import warnings
from pathlib import Path

import numpy as np
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import normalize

TOPICS = (
    "integrate",
    "interpolate",
    "linalg",
    "ndimage",
    "optimize",
    "signal",
    "sparse",
    "spatial",
    "special",
    "stats",
)
_SECTION = re.compile(r"\n\s*\w[\w ]*\n\s*-{3,}")
_MOST = 80


def texts() -> tuple[list[str], list[str]]:
    """Return docstrings without their parameter lists, and the subpackage of each; at most 80 of one."""
    records, topics = [], []
    for topic in TOPICS:
        module = importlib.import_module(f"scipy.{topic}")
        kept: list[str] = []
        for name in sorted(module.__all__):
            text = inspect.getdoc(getattr(module, name)) or ""
            summary = " ".join(_SECTION.split(text)[0].split())
            if len(summary) >= 60 and summary not in kept and "deprecated" not in summary:
                # Neither the function's own name nor that of its subpackage may give it away.
                kept.append(re.sub(rf"(?i)\b({re.escape(name)}|{topic}|scipy)\b", " ", summary))
        every = max(1, -(-len(kept) // _MOST))
        records += kept[::every]
        topics += [topic] * len(kept[::every])
    return records, topics


def embed(documents: list[str], width: int = 48) -> np.ndarray:
    """Return rows of unit length, (documents, width), float32."""
    counted = TfidfVectorizer(sublinear_tf=True, min_df=2, stop_words="english").fit_transform(documents)
    return normalize(TruncatedSVD(width, random_state=0).fit_transform(counted)).astype(np.float32)


if __name__ == "__main__":
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        documents, topics = texts()
    # Half precision is enough for directions, and keeps the file small.
    rows = embed(documents).astype(np.float16)
    np.savez_compressed(Path(sys.argv[1]), X=rows, y=np.array(topics))
    print(f"{len(rows)} records of {rows.shape[1]} columns, {len(set(topics))} classes")
