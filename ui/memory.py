"""What the browser keeps for the page between two visits."""

from __future__ import annotations

import gradio as gr


def remembered(name: str) -> gr.BrowserState:
    """A value in the browser's own storage.

    Gradio encrypts it with a word that otherwise changes with every start of the program, so that
    nothing would be found again. It holds nothing secret: it never leaves this computer.
    """
    return gr.BrowserState(None, storage_key=f"timbre-{name}", secret="timbre")  # noqa: S106
