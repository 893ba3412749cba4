"""References and the library of voices."""
