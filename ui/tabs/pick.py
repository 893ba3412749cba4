"""A drop-down whose list the page fills, and fills anew while it is open."""

from __future__ import annotations

from abc import ABCMeta
from typing import Any

import gradio as gr
from gradio.component_meta import ComponentMeta


class _Quiet(ComponentMeta):
    """Gradio's own writes a stub beside the source file; that folder may be read-only."""

    def __new__(cls, name: str, bases: tuple[type, ...], attrs: dict[str, Any]) -> type:
        return ABCMeta.__new__(cls, name, bases, attrs)


class Pick(gr.Dropdown, metaclass=_Quiet):
    """A name that comes from the browser is handed on; the handler looks whether it is there.

    Gradio compares with the list of its own session. After a reload that list is empty until the
    first answer, while the browser may already send what it shows: the person saw an error.
    """

    is_template = True  # drawn by the browser as what it derives from

    def preprocess(self, payload: Any) -> str | None:
        return payload if isinstance(payload, str) else None
