"""Reinforcement learning of query policies with Stable-Baselines3; nothing is imported before it is used."""
