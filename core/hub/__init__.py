"""Public checkpoints: where they are, how they come."""
