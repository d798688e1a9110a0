"""A page on this machine's loopback, on which people label and see how their project stands.

Needs the extra ``serve``. Nothing that comes from records is rendered as markup.
"""

from __future__ import annotations

from alrl.projects.serve.server import serve

__all__ = ["serve"]
