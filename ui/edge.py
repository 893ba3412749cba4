"""The very edge of the page: whatever goes wrong in a handler becomes a box with a sentence."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, TypeVar

import gradio as gr

from core.errors import StudioError
from core.log import incident
from ui import words

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Problem:
    """What the person reads when something did not work.

    Args:
        message: What happened.
        hint: One thing to try; may be empty.
    """

    message: str
    hint: str = ""

    @property
    def html(self) -> str:
        hint = f"<p>{escape(self.hint)}</p>" if self.hint else ""
        return f'<div class="tb-problem" role="alert"><b>{escape(self.message)}</b>{hint}</div>'


def attempt(language: str, action: Callable[[], T]) -> T | Problem:
    """Do it, or say what went wrong in a language of the page. Never raises an error.

    A bug gets an incident number, under which the log holds its traceback.
    """
    try:
        return action()
    except StudioError as error:
        return Problem(
            message=words.translated(language, error.message),
            hint=words.translated(language, error.hint),
        )
    except Exception as bug:  # noqa: BLE001 - the edge: nothing above could show it in place
        number = incident(bug)
        return Problem(
            message=words.say(language, "bug", number=number), hint=words.say(language, "bug_hint")
        )


class Wires:
    """Connects events and handlers so that no error is lost and none leaves its place.

    Args:
        language_of: The page's language for one request.
    """

    def __init__(self, language_of: Callable[[gr.Request], str]) -> None:
        self._language_of = language_of

    def connect(
        self,
        event: Callable[..., Any] | Sequence[Callable[..., Any]],
        handler: Callable[..., Any],
        inputs: Any,
        outputs: Sequence[Any],
        *,
        problem: gr.HTML | None,
        **options: Any,
    ) -> Any:
        """Let a handler answer one event or several.

        Args:
            event: Such as `button.click`.
            handler: Returns a tuple of one value per output.
            inputs: As Gradio takes them.
            outputs: What the values are for.
            problem: Where a problem is shown, and cleared when it is solved; without one a
                problem only reaches the log (something that is tried again every second).
            options: As Gradio takes them.
        """
        shown = [*outputs, problem] if problem is not None else [*outputs]
        answer = self.answering(handler, n_outputs=len(outputs), shows=problem is not None)
        options = {"show_progress": "hidden", "api_visibility": "private", **options}
        if isinstance(event, Sequence):
            return gr.on(list(event), answer, inputs, shown, **options)
        return event(answer, inputs, shown, **options)

    def answering(
        self, handler: Callable[..., Any], *, n_outputs: int, shows: bool
    ) -> Callable[..., Any]:
        """The handler, with its problems as a last value; the page stays as it is below one."""

        # Gradio finds out from the signature which arguments it has to fill in.
        @functools.wraps(handler)
        def answer(*arguments: Any) -> Any:
            requests = (given for given in arguments if isinstance(given, gr.Request))
            request = next(requests, None)
            language = "en" if request is None else self._language_of(request)
            found = attempt(language, lambda: tuple(handler(*arguments)))
            if isinstance(found, Problem):
                values, said = (gr.skip(),) * n_outputs, found.html
            else:
                values, said = found, ""
            values = (*values, said) if shows else values
            # For a single output Gradio takes what is returned as its value, a tuple included.
            return values if len(values) > 1 else values[0] if values else None

        return answer
