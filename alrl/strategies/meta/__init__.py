"""Choose among strategies while the loop runs: bandits, ALBL, and ways to pay them."""
