"""The parts of GPT-SoVITS that are compared; each is a module with `run(folder)`."""

PARTS: tuple[str, ...] = (
    "bert",
    "e2e",
    "features",
    "hubert",
    "prompt",
    "semantic",
    "speaker",
    "synthesiser",
    "text",
    "text_ja",
    "text_ko",
    "text_yue",
    "text_zh",
)
"""Modules of this package. `run(folder)` yields the results of whatever cases the folder holds."""
