"""The page of a study: one HTML file with interactive charts, tables and provenance, and no network request."""

from alrl.reports.pages.about import About
from alrl.reports.pages.altair_charts import MissingReportExtraError
from alrl.reports.pages.document import page

__all__ = ["About", "MissingReportExtraError", "page"]
