"""How stable a comparison of rules is: metric, picks and ranking under another batch, start, learner and library."""
