"""Places on the page for HTML of our own."""

from __future__ import annotations

from typing import Any

import gradio as gr


def place(elem_id: str, *, folds: bool = False, **options: Any) -> gr.HTML:
    """An HTML component without Gradio's padding and styles.

    Args:
        elem_id: For tests and style sheets.
        folds: Takes no room while it is empty.
        options: As `gr.HTML` takes them.
    """
    classes = ["tb-place", *(["tb-folds"] if folds else [])]
    return gr.HTML(elem_id=elem_id, elem_classes=classes, apply_default_css=False, **options)
