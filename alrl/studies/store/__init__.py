"""Keep results of a study in one SQLite file: a finished cell is never lost and never doubled."""

from __future__ import annotations

from alrl.studies.store.rows import StoredCell
from alrl.studies.store.schema import SCHEMA_VERSION, StoreError, check_tables, settle
from alrl.studies.store.store import RESULTS, STUDY, Store

__all__ = ["RESULTS", "SCHEMA_VERSION", "STUDY", "Store", "StoreError", "StoredCell", "check_tables", "settle"]
