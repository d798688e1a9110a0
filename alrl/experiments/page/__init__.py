"""The page of a study: one HTML file with interactive charts, tables and provenance, and no network request."""

from alrl.experiments.page.about import About
from alrl.experiments.page.altair_charts import MissingReportExtraError
from alrl.experiments.page.document import page

__all__ = ["About", "MissingReportExtraError", "page"]
