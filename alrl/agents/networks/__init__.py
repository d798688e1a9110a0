"""Score candidates: the networks of policies, and how they are saved without running code."""
