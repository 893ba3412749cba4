"""Timbre's core: everything that works without a page (no gradio, no matplotlib here)."""
