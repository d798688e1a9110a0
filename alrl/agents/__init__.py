"""Agents: set-scoring networks, look-ahead imitation, reinforcement learning, policy files."""
