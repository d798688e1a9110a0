"""Active learning as Gymnasium environments, one for each recipe in ``envs/``."""
