"""How models look: those that are here, those that can be fetched, and a download on its way."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from core.disk import megabytes
from core.engines.copies import Kept
from core.engines.protocol import EngineCard, Shelf
from core.fetching import Download, Downloads, Public
from core.hub.transfer import State
from ui import figures
from ui.edge import Problem
from ui.words import say, translated

if TYPE_CHECKING:
    from core.studio import Studio

N_PROBLEMS = 3
"""Of the files that cannot be used, beside the choice; the Models tab lists all."""


def shelved(studio: Studio) -> tuple[EngineCard, ...]:
    """The engines that need a model."""
    return tuple(card for card in studio.engines() if card.shelf)


def choices(shelf: Shelf, language: str) -> list[tuple[str, str]]:
    """Models as (line, name): those that can be loaded first."""
    return [
        (
            say(language, "model_lacks", name=model.name, parts=_parts(model.lacks, language))
            if model.lacks
            else model.name,
            model.name,
        )
        for model in shelf.models
    ]


def note_html(
    card: EngineCard,
    shelf: Shelf,
    chosen: str | None,
    language: str,
    *,
    device_note: str | None = None,
) -> str:
    """What is to be said beside the choice of an engine; mostly nothing.

    Args:
        card: Of the engine.
        shelf: Its models.
        chosen: Name of the one that is chosen; None for none.
        language: Of the page.
        device_note: From `Studio.device_note`.
    """
    blocks = []
    title = translated(language, card.title)
    model = next((each for each in shelf.models if each.name == chosen), None)
    if card.shelf and model is None:
        blocks.append(_line(say(language, "model_none", engine=title), "tb-why"))
    elif model is not None and model.lacks:
        parts = _parts(model.lacks, language)
        blocks.append(_line(say(language, "model_not_whole", parts=parts), "tb-why"))
    if device_note:
        blocks.append(_line(translated(language, device_note), "tb-small"))
    if shelf.problems:
        blocks.append(_problems(shelf.problems[:N_PROBLEMS], len(shelf.problems), language))
    return "".join(blocks)


def engine_html(card: EngineCard, shelf: Shelf, there_is: Downloads, language: str) -> str:
    """A card about one engine: what speaks already, what can be fetched, where own models go."""
    rows = "".join(
        _row(
            "tb-missing" if model.lacks else "tb-ok",
            "!" if model.lacks else "✓",
            model.name,
            say(language, "lacks", parts=_parts(model.lacks, language)) if model.lacks else "",
        )
        for model in shelf.models
    )
    empty = say(language, "models_none", engine=translated(language, card.title))
    here = f'<ul class="tb-models">{rows}</ul>' if rows else _line(empty, "tb-small")
    problems = _problems(shelf.problems, len(shelf.problems), language) if shelf.problems else ""
    public = "".join(_public(item, language) for item in there_is.items)
    fetchable = (
        f'<h4>{escape(say(language, "models_public"))}</h4><ul class="tb-models">{public}</ul>'
        if public
        else ""
    )
    own = say(language, "models_own")
    return (
        f'<div class="tb-card"><h3>{escape(translated(language, card.title))}</h3>'
        f"<h4>{escape(say(language, 'models_here'))}</h4>{here}{problems}{fetchable}"
        f"<h4>{escape(say(language, 'models_yours'))}</h4>{_line(own, 'tb-small')}"
        f'<p class="tb-small"><code>{escape(str(there_is.folder))}</code></p></div>'
    )


def _public(item: Public, language: str) -> str:
    about = "" if item.is_exact else f"{say(language, 'roughly')} "
    facts = [f"{about}{megabytes(item.total_bytes)}", item.licence]
    if item.is_here:
        facts.append(say(language, "fetched"))
    elif item.done_bytes:
        facts.append(say(language, "fetched_part", size=megabytes(item.done_bytes)))
    sign = "✓" if item.is_here else "·"
    title = translated(language, item.title)
    return _row("tb-ok" if item.is_here else "tb-note", sign, title, " · ".join(facts))


def _row(kind: str, sign: str, title: str, detail: str) -> str:
    more = f"<span>{escape(detail)}</span>" if detail else ""
    return f'<li class="{kind}"><i>{sign}</i><b>{escape(title)}</b>{more}</li>'


def _line(sentence: str, kind: str) -> str:
    return f'<p class="{kind}">{escape(sentence)}</p>'


def _parts(lacks: Sequence[str], language: str) -> str:
    comma = "、" if language == "zh" else ", "
    return comma.join(translated(language, part) for part in lacks)


def _problems(problems: Sequence[str], n: int, language: str) -> str:
    """Folded: files that are no models lie about in many folders."""
    lines = "".join(f"<li>{escape(translated(language, problem))}</li>" for problem in problems)
    head = say(language, "models_problem" if n == 1 else "models_problems", n=n)
    return (
        f'<details class="tb-small"><summary>{escape(head)}</summary>'
        f'<ul class="tb-notes">{lines}</ul></details>'
    )


def copies_html(kept: Kept, language: str) -> str:
    """What copies of models take; empty where there are none."""
    if not kept.n:
        return ""
    size, used = megabytes(kept.size_bytes), megabytes(kept.in_use_bytes)
    if kept.in_use_bytes:
        return _line(say(language, "copies_take_in_use", size=size, used=used), "tb-small")
    return _line(say(language, "copies_take", size=size), "tb-small")


# Downloads


def offers(studio: Studio, language: str) -> list[tuple[str, str]]:
    """What can be fetched as (line, `engine/name`): whole models, the best first."""
    found = []
    for card in shelved(studio):
        for item in studio.downloads(card.name).items:
            if item.is_model:
                title = translated(language, item.title)
                line = say(language, "fetch_is_here", title=title) if item.is_here else title
                found.append((line, f"{card.name}/{item.name}"))
    return found


def offer_html(there_is: Downloads, name: str, *, wishes: bool, language: str) -> str:
    """What a press on Download is going to fetch, and whether the disk has room for it."""
    wanted = there_is.bundle(name, wishes=wishes)
    left = sum(item.left_bytes for item in wanted)
    more = [item for item in wanted if item.name != name and item.left_bytes]
    if not left:
        return _line(say(language, "fetch_all_here"), "tb-said")
    free = there_is.free_bytes
    line = say(
        language,
        "fetch_size",
        left=megabytes(left),
        all=megabytes(sum(item.total_bytes for item in wanted)),
        free=figures.UNKNOWN if free is None else megabytes(free),
    )
    if free is not None and free < left:
        return _line(f"{line} {say(language, 'fetch_no_room')}", "tb-why")
    lines = [_line(line, "tb-small")]
    if more:
        comma = "、" if language == "zh" else ", "
        names = comma.join(
            f"{translated(language, item.title)} {megabytes(item.left_bytes)}" for item in more
        )
        lines.append(_line(say(language, "fetch_with", names=names), "tb-small"))
    return "".join(lines)


def address_html(address: str, language: str) -> str:
    """Where the next download comes from."""
    return _line(say(language, "fetch_address_saved", address=address), "tb-said")


def download_html(now: Download | None, language: str) -> str:
    """A bar with how far it is, how fast and how long; why it ended."""
    if now is None:
        return ""
    told = say(language, f"fetch_{now.state.value}", name=now.name)
    so_far = say(
        language, "fetch_of", done=megabytes(now.done_bytes), all=megabytes(now.total_bytes)
    )
    parts = [so_far]
    if now.bytes_per_s:
        parts.append(say(language, "fetch_speed", size=megabytes(round(now.bytes_per_s))))
    if now.left_s is not None:
        parts.append(say(language, "job_left", time=figures.about(now.left_s, language)))
    if now.is_running and now.file:
        parts.append(now.file)
    percent = round(100 * now.fraction)
    problem = ""
    if now.state is State.FAILED:
        problem = Problem(
            message=translated(language, now.message), hint=translated(language, now.hint)
        ).html
    return (
        '<div class="tb-download"><div class="tb-progress" role="progressbar" aria-valuemin="0" '
        f'aria-valuemax="100" aria-valuenow="{percent}" aria-label="{escape(told)}">'
        f'<i style="width:{percent}%"></i></div>'
        f'<p class="tb-line"><b>{escape(told)}</b> '
        f'<span class="tb-stage-detail">{escape(" · ".join(parts))}</span></p>{problem}</div>'
    )
