"""Compares our engines with numbers that reference implementations computed."""
