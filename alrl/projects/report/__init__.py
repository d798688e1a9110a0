"""Write how a project stands as a page that needs nothing else: HTML, or Markdown with its figures beside it."""

from __future__ import annotations

from alrl.projects.report.pages import write_report

__all__ = ["write_report"]
