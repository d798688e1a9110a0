"""Report a study: page, figures, tables, policy cards and checklist, from what is stored; nothing is played again.

Only pictures of picks replay episodes (``picks/``).
"""

from __future__ import annotations

from alrl.reports.report import IncompleteStudyError, ReportFiles, report
from alrl.reports.summary import Summary, summarise
from alrl.studies.description import RunDirectoryError

__all__ = ["IncompleteStudyError", "ReportFiles", "RunDirectoryError", "Summary", "report", "summarise"]
