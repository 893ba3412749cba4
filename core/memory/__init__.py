"""What the machine has and what Timbre uses of it."""
