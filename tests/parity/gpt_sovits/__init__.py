"""The parts of GPT-SoVITS that are compared; each is a module with `run(folder)`."""

PARTS: tuple[str, ...] = ("features", "speaker", "synthesiser", "text")
"""Modules of this package. `run(folder)` yields the results of whatever cases the folder holds."""
