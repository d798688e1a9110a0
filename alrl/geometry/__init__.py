"""Measure distances between records and find neighbours: exactly in pools of up to 20,000 records, else by an index.

Geometry knows features alone, neither labels nor learners.
"""

from __future__ import annotations

from alrl.geometry.distances import NEIGHBOURS, distance_between, nearest
from alrl.geometry.geometry import Geometry
from alrl.geometry.neighbour_index import NeighbourIndex

__all__ = ["NEIGHBOURS", "Geometry", "NeighbourIndex", "distance_between", "nearest"]
