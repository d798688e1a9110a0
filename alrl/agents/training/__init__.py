"""Train policies: by imitation of a look-ahead, by regression, by search and by reinforcement learning."""
