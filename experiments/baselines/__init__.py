"""What random, margin, the best of some rules, imitation, PPO and DQN reach in every environment."""
