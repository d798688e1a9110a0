"""Read data sets, contaminate and split them, draw first samples: all that happens before a loop begins.

A :class:`DataSet` is checked when it is made; a :class:`Split` depends on the seed alone; a :class:`Task` is a data set
split for many seeds, ready for the simulator. Synthetic families are in ``synthetic/``, what is wrong with a pool in
``contaminations/``.
"""

from __future__ import annotations

from alrl.data.data_set import DataSet
from alrl.data.families import family, related, relatives
from alrl.data.first_sample import draw_first_sample
from alrl.data.sources import data_set_names, load_data_set
from alrl.data.split import Split, draw_split
from alrl.data.synthetic import synthetic
from alrl.data.task import Task, draw_task

__all__ = [
    "DataSet",
    "Split",
    "Task",
    "data_set_names",
    "draw_first_sample",
    "draw_split",
    "draw_task",
    "family",
    "load_data_set",
    "related",
    "relatives",
    "synthetic",
]
