"""Spread a batch over the pool: clusters, covers, cores and weighted distances."""
