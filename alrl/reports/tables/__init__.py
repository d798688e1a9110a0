"""Write tables of a study: as text, Markdown, CSV and LaTeX."""
