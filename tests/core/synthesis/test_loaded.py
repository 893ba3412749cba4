"""A session that can do everything, and one that can do nothing but speak."""

from __future__ import annotations

from collections.abc import Collection

from core.engines.nn.ledger import Ledger
from core.memory.ladder import Origin, Way
from core.synthesis.loaded import ONLY_BATCHES, Loaded
from tests.fakes import FakeSession
from tests.tiny_engine import CHUNK, TINY_CARD, TinySession

PLANNED = Way(dtype="fp16", device="cuda:0")


class LateSession(FakeSession):
    late_bytes = 7
    kept: Collection[str] | None = ()

    def keep_for(self, languages: Collection[str] | None) -> None:
        self.kept = languages


def test_a_session_that_can_be_arranged_says_how_it_works() -> None:
    session = TinySession(Ledger(), "cuda", "fp32")
    loaded = Loaded(session, "cuda")
    assert loaded.largest == Way(
        batch=TINY_CARD.max_batch, decode_chunk=CHUNK, dtype="fp32", device="cuda"
    )
    assert loaded.ladder == session.ladder
    assert loaded.kv_bytes == 0
    smaller = Way(batch=1, decode_chunk=8, dtype="bf16", device="cpu")
    loaded.arrange(smaller)
    assert next(session._voice.parameters()).dtype.itemsize == 2
    assert loaded.origin(smaller, PLANNED) == Origin(
        device="cpu", dtype="bf16", instead_of="fp16 on cuda:0"
    )


def test_one_that_cannot_is_said_in_batches_where_it_was_loaded() -> None:
    loaded = Loaded(FakeSession(), "cuda:0")
    assert loaded.largest == Way(device="cuda:0")
    assert loaded.ladder is ONLY_BATCHES
    assert (loaded.late_bytes, loaded.kv_bytes) == (0, None)
    # No precision is told: it has only one, and nobody knows which.
    assert loaded.origin(Way(device="cuda:0"), PLANNED) == Origin(device="cuda:0")
    assert loaded.origin(Way(device="cpu"), PLANNED) == Origin(device="cpu", instead_of="cuda:0")
    loaded.arrange(Way())
    loaded.keep_for(None)


def test_one_that_loads_late_is_told_what_is_still_to_come() -> None:
    session = LateSession()
    loaded = Loaded(session, "cpu")
    assert loaded.late_bytes == 7
    loaded.keep_for(("zh",))
    assert session.kept == ("zh",)
