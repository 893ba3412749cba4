"""What an engine is, and the engines."""
