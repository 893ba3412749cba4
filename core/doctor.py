"""What this machine has, what Timbre needs, and what to do about the difference."""
