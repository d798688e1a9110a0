"""The loop itself: data, split, first sample, annotator, and the streams of randomness that drive them."""

from __future__ import annotations

from alrl.loop.annotator import Annotator
from alrl.loop.annotators import NoisyAnnotator, PerfectAnnotator, make_annotator
from alrl.loop.data_set import DataSet
from alrl.loop.first_sample import draw_first_sample
from alrl.loop.relatives import family, related, relatives
from alrl.loop.sources import data_set_names, load_data_set
from alrl.loop.split import Split, draw_split
from alrl.loop.synthetic import synthetic

__all__ = [
    "Annotator",
    "DataSet",
    "NoisyAnnotator",
    "PerfectAnnotator",
    "Split",
    "data_set_names",
    "draw_first_sample",
    "draw_split",
    "family",
    "load_data_set",
    "make_annotator",
    "related",
    "relatives",
    "synthetic",
]
