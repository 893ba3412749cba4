"""The fingerprint of a reference: the key of its consent and of everything made from it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from core.audio import flac
from core.audio.samples import Audio


def digest(
    audio: Audio,
    transcript: str | None,
    language: str | None,
    more: Sequence[Audio] = (),
) -> str:
    """Hash of what an engine gets to hear and read.

    The samples count as they are kept, in 16 bit: a reference has the same digest before it is
    written and after it is read back.

    Args:
        audio: The kept stretch. Raises ValueError for NaN and infinity.
        transcript: What is said in it, or None, which differs from an empty one.
        language: ISO 639-1 code, or None.
        more: Further recordings; without any it is the digest of the reference alone.

    Returns 64 hexadecimal digits of BLAKE2b (RFC 7693).
    """
    # JSON marks where each field ends, so that no two references share a header.
    fields: list[object] = ["timbre reference 1", audio.rate, transcript, language]
    if more:
        fields += [[len(each.samples), each.rate] for each in more]
    header = json.dumps(fields)
    hashed = hashlib.blake2b(header.encode() + b"\0", digest_size=32)
    for each in (audio, *more):
        hashed.update(flac.steps(each).astype("<i2").tobytes())
    return hashed.hexdigest()
