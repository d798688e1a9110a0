"""Documentation: pages, and what writes the generated ones."""
