"""The headline study's published result, and its statistics computed again from the published table."""
