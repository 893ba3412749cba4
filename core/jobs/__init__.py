"""What was asked for and what is done, on disk."""
