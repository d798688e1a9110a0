"""Change another strategy: balance its classes, sample its pool, soften its choice."""
