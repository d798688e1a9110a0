"""How long every strategy takes to choose a batch, and how much memory, on pools of a thousand records and more."""
