"""Keep the records of a project: read tables, store and load them without unpickling."""
