"""Loop metadata as features: what the loop itself tells of records and of its own state."""

from __future__ import annotations

from alrl.metadata.feature import Feature, FeatureGroup
from alrl.metadata.feature_set import DEFAULT_GROUPS, GROUPS, FeatureSet, Observation

__all__ = ["DEFAULT_GROUPS", "GROUPS", "Feature", "FeatureGroup", "FeatureSet", "Observation"]
