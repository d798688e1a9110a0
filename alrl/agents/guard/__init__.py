"""Guard a policy: give the choice to a rule in states unlike those of training."""
