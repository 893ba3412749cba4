"""Counts the bytes of live tensors as operations make them; knows no device and no guard.

On a device without an allocator of its own (the host, a test machine without a GPU) it stands in
for one: live and peak bytes, a cap that ends in the error a full card gives, and faults injected
at the n-th allocation or operation. One operation costs about 20 us more, so it is for tests,
measuring and emulating small cards, not for everyday speaking on the host.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode, _get_current_dispatch_mode_stack
from torch.utils._pytree import tree_leaves

MIB = 1 << 20


def out_of_memory(wanted_bytes: int, live_bytes: int, cap_bytes: int | None) -> BaseException:
    """The error of a full card, in the words of torch's CUDA allocator."""
    total = "no cap" if cap_bytes is None else f"{cap_bytes / MIB:.2f} MiB"
    free_bytes = 0 if cap_bytes is None else max(0, cap_bytes - live_bytes)
    return torch.OutOfMemoryError(
        f"CUDA out of memory. Tried to allocate {wanted_bytes / MIB:.2f} MiB. GPU 0 (emulated by a "
        f"ledger) has a total capacity of {total} of which {free_bytes / MIB:.2f} MiB is free. "
        f"{live_bytes / MIB:.2f} MiB is allocated by PyTorch."
    )


class Ledger(TorchDispatchMode):  # type: ignore[no-untyped-call] # torch's own
    """While entered (`with ledger:`), counts the storages that operations of this thread make.

    Each storage counts once, however many views it has, from the operation that made it until its
    last tensor dies, inside or outside the `with`. What was made before is not counted unless
    `adopt` is called; memory-mapped files and arrays of numpy never are; neither is what a kernel
    takes and frees within one operation. Fake tensors count with the bytes they stand for, so a
    model may be measured without being computed (`with FakeTensorMode(), Ledger():`).

    Args:
        cap_bytes: An operation that takes live bytes above it raises; None counts only.
        fail_at_allocation: Number, from 1, of the allocation that fails once whatever the cap.
        fail_at_operation: Number, from 1, of the operation that fails once before it runs.
        fault: Makes the error from (wanted, live, cap) bytes; default `out_of_memory`.
    """

    def __init__(
        self,
        cap_bytes: int | None = None,
        *,
        fail_at_allocation: int | None = None,
        fail_at_operation: int | None = None,
        fault: Callable[[int, int, int | None], BaseException] = out_of_memory,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.cap_bytes = cap_bytes
        self.limit_bytes: int | None = None
        self.fail_at_allocation = fail_at_allocation
        self.fail_at_operation = fail_at_operation
        self.n_allocations = 0
        self.n_operations = 0
        self._fault = fault
        self._live_bytes = 0
        self._peak_bytes = 0
        self._sizes: dict[int, tuple[weakref.ref[torch.UntypedStorage], int]] = {}
        # A storage may die in any thread, also while this one counts (garbage collection).
        self._lock = threading.RLock()

    @property
    def most_bytes(self) -> int | None:
        """What may be alive: the smaller of `cap_bytes` (the card) and `limit_bytes` (our share
        of it, set by an allocator); None where neither is set."""
        return min((n for n in (self.cap_bytes, self.limit_bytes) if n is not None), default=None)

    @property
    def live_bytes(self) -> int:
        """Bytes of the counted storages that are alive."""
        return self._live_bytes

    @property
    def peak_bytes(self) -> int:
        """Most live bytes since the beginning or the last `reset_peak`."""
        return self._peak_bytes

    def reset_peak(self) -> None:
        with self._lock:
            self._peak_bytes = self._live_bytes

    def adopt(self, tensors: Iterable[torch.Tensor]) -> None:
        """Count tensors made before, or by what no ledger sees; a model's weights, say."""
        for tensor in tensors:
            for storage in _storages((tensor,)):
                self._count(storage)

    def __torch_dispatch__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        named = dict(kwargs or {})
        self.n_operations += 1
        if self.n_operations == self.fail_at_operation:
            raise self._fault(0, self._live_bytes, self.most_bytes)
        given = {id(storage) for storage in _storages((args, named))}
        out = func(*args, **named)
        for storage in _storages(out):
            is_ours = id(storage) in self._sizes
            if id(storage) in given and not is_ours:
                continue  # a view of something made elsewhere
            if not self._has_room(storage.nbytes(), storage if is_ours else None):
                # As on a card, the refused memory never was: nothing of it may stay in a frame.
                wanted_bytes = storage.nbytes()
                del out, storage
                raise self._fault(wanted_bytes, self._live_bytes, self.most_bytes)
            self._count(storage)
        return out

    def _has_room(self, nbytes: int, known: torch.UntypedStorage | None) -> bool:
        before_bytes = 0 if known is None else self._sizes[id(known)][1]
        if nbytes <= before_bytes:
            return True
        self.n_allocations += 1
        if self.n_allocations == self.fail_at_allocation:
            return False
        after_bytes = self._live_bytes + nbytes - before_bytes
        return self.most_bytes is None or after_bytes <= self.most_bytes

    def _count(self, storage: torch.UntypedStorage) -> None:
        key, nbytes = id(storage), storage.nbytes()
        with self._lock:
            known = self._sizes.get(key)
            if known is None:
                self._sizes[key] = (weakref.ref(storage, lambda _: self._forget(key)), nbytes)
            elif known[1] != nbytes:  # resized in place
                self._sizes[key] = (known[0], nbytes)
            self._live_bytes += nbytes - (0 if known is None else known[1])
            self._peak_bytes = max(self._peak_bytes, self._live_bytes)

    def _forget(self, key: int) -> None:
        with self._lock:
            self._live_bytes -= self._sizes.pop(key)[1]


def active_ledger() -> Ledger | None:
    """The innermost ledger that this thread is inside of."""
    for mode in reversed(_get_current_dispatch_mode_stack()):
        if isinstance(mode, Ledger):
            return mode
    return None


def _storages(tree: Any) -> list[torch.UntypedStorage]:
    """Distinct storages with bytes behind them, in a nest of arguments or results."""
    found: dict[int, torch.UntypedStorage] = {}
    for leaf in tree_leaves(tree):
        storage = None
        if isinstance(leaf, torch.Tensor):
            if leaf.layout is torch.strided and leaf.device.type != "meta":
                storage = leaf.untyped_storage()
        elif isinstance(leaf, torch.UntypedStorage):
            storage = leaf
        elif isinstance(leaf, torch.TypedStorage):
            storage = leaf._untyped_storage
        if storage is not None and storage.nbytes():
            found[id(storage)] = storage
    return list(found.values())
